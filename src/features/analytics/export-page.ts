import { toIso } from '../../core/clock'
import { csvCell, csvLine } from '../../core/csv'
import { remembered } from '../../core/remembered'
import type { ListedClick } from '../clicks/service'
import type { ExportPage, ExportRequest } from './question'
import type { ReaderDeps } from './reader'

/** Clicks of one piece: some 800 KB. */
const PAGE_SIZE = 2500

const COLUMNS = [
  ...(['id', 'at', 'linkId', 'shortUrl', 'verdict', 'uniqueOnLink', 'uniqueInWorkspace'] as const),
  ...(['country', 'region', 'city', 'device', 'os', 'browser', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
  ...(['variant', 'rule'] as const),
] as const

type Line = Record<(typeof COLUMNS)[number], string | boolean | null>

/** Some clicks in the order they came, as lines of the format asked for. */
export function exportPage(deps: ReaderDeps, request: ExportRequest): ExportPage {
  const { clicks, links, clickIds } = deps
  const page = clicks.pageOf({ ...request, limit: PAGE_SIZE })
  const named = links.named([...new Set(page.map(({ linkNo }) => linkNo))])
  const addresses = new Map(
    [...named].map(([no, link]) => [
      no,
      addressOf(link.id, links.shortUrlOf(link, request.publicUrl)),
    ]),
  )
  const isCsv = request.format === 'csv'
  let text = isCsv && request.afterId === 0 ? csvLine(COLUMNS) : ''
  for (const click of page) {
    // Of a deleted link that is not purged yet nothing is shown.
    const address = addresses.get(click.linkNo)
    if (!address) continue
    const { id, linkNo } = click
    const clickId = clickIds.textOf({ id, linkNo, workspaceNo: request.workspaceNo })
    const line = { clickId, ...address }
    text += isCsv ? csvOf(click, line) : `${JSON.stringify(lineOf(click, line))}\n`
  }
  const last = page.length < PAGE_SIZE ? undefined : page.at(-1)
  return { text, afterId: last?.id ?? null }
}

type Place = Address & { clickId: string }

type Address = { linkId: string; shortUrl: string; cells: string }

const addressOf = (linkId: string, shortUrl: string): Address => ({
  ...{ linkId, shortUrl, cells: `${csvCell(linkId)},${csvCell(shortUrl)}` },
})

/** The same line as `csvLine` of {@link COLUMNS} would make, in one go: most of an export's time. */
function csvOf(click: ListedClick, { clickId, cells }: Place): string {
  const firsts = `${click.isFirstOnLink},${click.isFirstInWorkspace}`
  const place = `${cell(click.country)},${cell(click.region)},${cell(click.city)}`
  const agent = `${cell(click.device)},${cell(click.os)},${cell(click.browser)}`
  const campaign = `${cell(click.utm_source)},${cell(click.utm_medium)},${cell(click.utm_campaign)}`
  const rest = `${cell(click.utm_term)},${cell(click.utm_content)}`
  const decided = `${cell(click.variant)},${cell(click.rule)}`
  return `${clickId},${toIso(click.at)},${cells},${click.verdict},${firsts},${place},${agent},${cell(click.referrer)},${campaign},${rest},${decided}\r\n`
}

/** Texts as cells, since clicks share few of them. */
const cellOf = remembered(20_000, csvCell)
const cell = (text: string | null): string => (text === null ? '' : cellOf(text))

function lineOf(click: ListedClick, { clickId, linkId, shortUrl }: Place): Line {
  const { id: _, linkNo: __, at, verdict, isFirstOnLink, isFirstInWorkspace, ...texts } = click
  return {
    id: clickId,
    at: toIso(at),
    linkId,
    shortUrl,
    verdict,
    uniqueOnLink: isFirstOnLink,
    uniqueInWorkspace: isFirstInWorkspace,
    ...texts,
  }
}
