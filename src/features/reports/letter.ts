import { escapeHtml } from '../../core/html'
import { type Brand, inkOn } from './brand'
import { headlinesOf, listsOf, type ShownList, WITHHELD } from './digest'
import type { ReportFigures } from './figures'
import type { ReportRow } from './table'
import { spanText } from './wording'

export type Letter = { subject: string; text: string; html: string; unsubscribeUrl: string }

export type LetterFacts = {
  report: Pick<ReportRow, 'week' | 'startsAt' | 'endsAt' | 'timezone' | 'figures'>
  workspaceName: string
  brand: Brand
  recipientName: string
  unsubscribeUrl: string
}

/** Lines of each list in a mail. */
const ROWS = 5

/** The weekly mail to one person, in HTML and in plain text. */
export function letterOf(facts: LetterFacts): Letter {
  const { report, workspaceName, unsubscribeUrl } = facts
  const week = spanText(report)
  const subject = `${workspaceName}: the week of ${week}`
  return { subject, text: textOf(facts, week), html: htmlOf(facts, subject, week), unsubscribeUrl }
}

function textOf(facts: LetterFacts, span: string): string {
  const { report, workspaceName, brand, recipientName, unsubscribeUrl } = facts
  const { figures } = report
  const parts = [
    `Hello ${recipientName},`,
    `this was the week of ${workspaceName}, ${span} (${report.week}, ${report.timezone}):`,
    headlinesOf(figures)
      .map(({ label, value, change }) => `${label}: ${value} (${change})`)
      .join('\n'),
    ...listsOf(figures, ROWS).map(({ title, lines }) =>
      [title, ...lines.map(({ label, value }) => `  ${label}: ${value}`)].join('\n'),
    ),
    ...(figures.withheld ? [WITHHELD] : []),
    `— ${brand.name}`,
    `You get this mail as an owner or admin of ${workspaceName}. End it here:\n${unsubscribeUrl}`,
  ]
  return `${parts.join('\n\n')}\n`
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
const TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"'

/** For clients that look at it; all others show the inline styles, which are for a light ground. */
const styleOf = ({ darkColor }: Brand): string => `:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.ground{background:#121816!important}
.card{background:#1b2320!important}
.ink{color:#e8edea!important}
.soft{color:#a5b2ac!important}
.line{border-color:#33403b!important}
.bar{background:${darkColor}!important}
}`

function htmlOf(facts: LetterFacts, subject: string, week: string): string {
  const { report, workspaceName, brand, recipientName, unsubscribeUrl } = facts
  const [name, from] = [escapeHtml(workspaceName), escapeHtml(brand.name)]
  const soft = `class="soft" style="${FONT};color:#5a6662;font-size:14px;line-height:20px"`
  const { figures } = report
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title><style>${styleOf(brand)}</style></head>
<body class="ground" style="margin:0;padding:0;background:#fbfaf7">
<table ${TABLE}><tr><td class="ground" align="center" style="background:#fbfaf7;padding:24px 12px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="560" style="width:100%;max-width:560px">
<tr><td style="background:${brand.color};padding:16px 24px;${FONT};color:${inkOn(brand.color)};font-size:18px;font-weight:700">${from}</td></tr>
<tr><td class="card" style="background:#ffffff;padding:24px">
<h1 class="ink" style="margin:0 0 4px;${FONT};color:#1c2522;font-size:22px;line-height:28px">${name}</h1>
<p ${soft}>${escapeHtml(week)} · ${report.week} · ${escapeHtml(report.timezone)}</p>
<p class="ink" style="${FONT};color:#1c2522;font-size:16px;line-height:24px">Hello ${escapeHtml(recipientName)}, this was the week.</p>
${headlineTable(figures)}
${listsOf(figures, ROWS)
  .map((list) => listTable(list, brand))
  .join('\n')}
${figures.withheld ? `<p ${soft}>${WITHHELD}</p>` : ''}
</td></tr>
<tr><td style="padding:16px 24px"><p ${soft}>You get this mail as an owner or admin of ${name}.
<a class="soft" href="${escapeHtml(unsubscribeUrl)}" style="color:#5a6662">Unsubscribe</a></p></td></tr>
</table></td></tr></table></body></html>
`
}

const cell = (extra: string): string =>
  `class="ink line" style="${FONT};color:#1c2522;font-size:15px;line-height:20px;padding:6px 0;border-top:1px solid #d8dcd6;${extra}"`

const headlineTable = (figures: ReportFigures): string =>
  `<table ${TABLE}>${headlinesOf(figures)
    .map(
      ({ label, value, change }) =>
        `<tr><td ${cell('')}>${escapeHtml(label)}</td>` +
        `<td ${cell('font-weight:700;text-align:right')}>${escapeHtml(value)}</td>` +
        `<td ${cell('padding-left:12px;font-size:13px')}>${escapeHtml(change)}</td></tr>`,
    )
    .join('\n')}</table>`

function listTable({ title, lines }: ShownList, brand: Brand): string {
  const rows = lines.map(({ label, value, share }) => {
    const drawn = share === null ? '' : barOf(share, brand)
    return (
      `<tr><td ${cell('word-break:break-word')}>${escapeHtml(label)}${drawn}</td>` +
      `<td ${cell('text-align:right;vertical-align:top')}>${escapeHtml(value)}</td></tr>`
    )
  })
  return (
    `<h2 class="ink" style="margin:24px 0 8px;${FONT};color:#1c2522;font-size:17px">` +
    `${escapeHtml(title)}</h2><table ${TABLE}>${rows.join('\n')}</table>`
  )
}

/** `share` from 0 to 1 as a bar; the number stands beside it. */
function barOf(share: number, { color }: Brand): string {
  const width = Math.round(share * 100)
  if (width === 0) return ''
  return (
    `<div style="font-size:0;line-height:0;padding-top:4px"><div class="bar" ` +
    `style="width:${width}%;height:6px;background:${color}">&nbsp;</div></div>`
  )
}
