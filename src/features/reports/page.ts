import { createHash } from 'node:crypto'
import { escapeHtml } from '../../core/html'
import { remembered } from '../../core/remembered'
import { type Brand, inkOn, OWN_BRAND } from './brand'
import { dayChart, shareBar } from './chart'
import { type Headline, headlinesOf, type ShownList, topsOf, WITHHELD } from './digest'
import style from './page/report.css' with { type: 'text' }
import type { ReportRow } from './table'
import { spanText } from './wording'

/** Lines of each list on a page. */
const ROWS = 10

export type ReportPage = {
  report: Pick<ReportRow, 'week' | 'startsAt' | 'endsAt' | 'timezone' | 'figures'>
  workspaceName: string
  brand: Brand
  /** A PNG of our own making; null for none. */
  logo: Buffer | null
}

/** A week as a page of its own: no script, nothing loaded, in light, dark and on paper. */
export function reportPage({ report, workspaceName, brand, logo }: ReportPage): Response {
  const { figures } = report
  const week = spanText(report)
  const main = `<h1>${escapeHtml(workspaceName)}</h1>
<p class="soft">The week of ${escapeHtml(week)} · ${report.week} · ${escapeHtml(report.timezone)}</p>
<dl class="figures">${headlinesOf(figures).map(figureHtml).join('')}</dl>
<section><h2>Clicks by day</h2>${dayChart(figures.days)}</section>
${topsOf(figures, ROWS).map(listHtml).join('\n')}
${figures.withheld ? `<p class="soft">${WITHHELD}</p>` : ''}`
  return respond({ title: `${workspaceName}: ${week}`, main, brand, logo })
}

const figureHtml = ({ label, value, change }: Headline): string =>
  `<div><dt>${escapeHtml(label)}</dt><dd class="value">${escapeHtml(value)}</dd>` +
  `<dd class="soft">${escapeHtml(change)}</dd></div>`

function listHtml({ title, lines }: ShownList): string {
  const rows = lines.map(({ label, value, share, detail, url }) => {
    const name = url && /^https?:/.test(url) ? anchor(url, label) : escapeHtml(label)
    const more = detail === undefined ? '' : `<br><span class="soft">${escapeHtml(detail)}</span>`
    const bar = share === null ? '' : shareBar(share)
    return `<tr><th scope="row" dir="auto">${name}${more}${bar}</th><td>${escapeHtml(value)}</td></tr>`
  })
  return `<section><table><caption>${escapeHtml(title)}</caption>${rows.join('\n')}</table></section>`
}

const anchor = (url: string, label: string): string =>
  `<a href="${escapeHtml(url)}" rel="nofollow noopener noreferrer">${escapeHtml(label)}</a>`

const PROBLEMS = {
  none: '',
  missing: 'Type the password first.',
  wrong: 'That is not the password. Check capital letters and spaces, and try again.',
} as const

/** The form in front of a protected report, which says nothing of whose it is. */
export function passwordPage(problem: keyof typeof PROBLEMS): Response {
  const sentence = PROBLEMS[problem]
  const said = sentence && `<p class="problem" id="problem" role="alert">${sentence}</p>`
  const marks = sentence && ' aria-invalid="true" aria-describedby="problem"'
  const title = 'This report asks for a password'
  const main = `<h1>${title}</h1><form method="post">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus${marks}>
${said}<button class="button">Continue</button></form>
<p class="soft">Whoever gave you the address knows it.</p>`
  // RFC 9110 §15.5.2: a 401 names a way in. No browser has a dialog of its own for this one.
  const headers = { 'WWW-Authenticate': 'Form realm="report"' }
  return respondBare(sentence ? `Try again: ${title}` : title, main, 401, headers)
}

/** Whether a member gets the weekly mail: asked about, just ended, or begun again. */
export type MailState = 'asked' | 'ended' | 'begun'

/** Asks before it ends the mails, since mail scanners open every address, and lets it be undone. */
export function mailPage(workspaceName: string, token: string, state: MailState): Response {
  const name = escapeHtml(workspaceName)
  const button = (action: string, label: string): string =>
    `<form method="post" action="/r/${action}/${escapeHtml(token)}"><button class="button">${label}</button></form>`
  const states: Record<MailState, string> = {
    asked: `<h1>End the weekly mail?</h1><p>You get the weekly mail of ${name}.</p>
${button('unsubscribe', 'Unsubscribe')}`,
    ended: `<h1>No more weekly mails</h1><p>You will get no weekly mail of ${name} any more.</p>
${button('subscribe', 'Get it again')}`,
    begun: `<h1>You get the weekly mail</h1><p>The next one of ${name} comes on Monday.</p>
${button('unsubscribe', 'Unsubscribe')}`,
  }
  return respondBare('Weekly mail', states[state])
}

/** Without a head and a foot, which would say whose it is. */
const respondBare = (title: string, main: string, status = 200, headers = {}): Response =>
  respond({ title, main, brand: OWN_BRAND, logo: null, isBare: true }, status, headers)

/** The style with the colours of a brand, and the policy that lets in just that. */
const dressed = remembered(1_000, (colors: string) => {
  const [light = '', dark = ''] = colors.split(' ')
  const accents = `--light-accent:${light};--dark-accent:${dark}`
  const inks = `--on-light-accent:${inkOn(light)};--on-dark-accent:${inkOn(dark)}`
  const text = `${style}\n:root{${accents};${inks}}`
  const hash = createHash('sha256').update(text).digest('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { text, policy }
})

type Parts = { title: string; main: string; isBare?: boolean } & Pick<ReportPage, 'brand' | 'logo'>

function respond({ title, main, brand, logo, isBare }: Parts, status = 200, headers = {}) {
  const { text, policy } = dressed(`${brand.color} ${brand.darkColor}`)
  const picture = logo ? `<img src="data:image/png;base64,${logo.toString('base64')}" alt="">` : ''
  const head = isBare ? '' : `<header>${picture}<span>${escapeHtml(brand.name)}</span></header>`
  const isOurs = !isBare && !brand.isWhiteLabel
  const foot = isOurs ? '<footer><p>Counted and drawn by Linkstead.</p></footer>' : ''
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title><style>${text}</style></head>
<body>${head}<main>${main}</main>${foot}</body></html>
`
  return new Response(html, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      'Cache-Control': 'private, no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Robots-Tag': 'noindex',
      ...headers,
    },
  })
}
