import { toIso } from '../../core/clock'
import { csvLine } from '../../core/csv'
import type { ListedClick } from '../clicks/service'
import type { LinkName } from '../links/service'
import type { ExportPage, ExportRequest } from './question'
import type { ReaderDeps } from './reader'

const PAGE_SIZE = 1000

const COLUMNS = [
  ...(['at', 'linkId', 'shortUrl', 'verdict', 'uniqueOnLink', 'uniqueInWorkspace'] as const),
  ...(['country', 'region', 'city', 'device', 'os', 'browser', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
] as const

type Line = Record<(typeof COLUMNS)[number], string | boolean | null>

/** Some clicks in the order they came, as lines of the format asked for. */
export function exportPage({ clicks, links }: ReaderDeps, request: ExportRequest): ExportPage {
  const page = clicks.pageOf({ ...request, limit: PAGE_SIZE })
  const named = links.named([...new Set(page.map(({ linkNo }) => linkNo))])
  const lines = page.flatMap((click): Line[] => {
    // Of a deleted link that is not purged yet nothing is shown.
    const link = named.get(click.linkNo)
    return link ? [lineOf(click, link, request.publicUrl)] : []
  })
  const text = lines.map((line) =>
    request.format === 'csv'
      ? csvLine(COLUMNS.map((name) => line[name]))
      : `${JSON.stringify(line)}\n`,
  )
  const heading = request.format === 'csv' && request.afterId === 0 ? csvLine(COLUMNS) : ''
  const last = page.length < PAGE_SIZE ? undefined : page.at(-1)
  return { text: heading + text.join(''), afterId: last?.id ?? null }
}

function lineOf(click: ListedClick, link: LinkName, publicUrl: string): Line {
  const { id: _, linkNo: __, at, verdict, isFirstOnLink, isFirstInWorkspace, ...texts } = click
  const origin = link.host === '' ? publicUrl : `https://${link.host}`
  return {
    at: toIso(at),
    linkId: link.id,
    shortUrl: `${origin}/${link.slug}`,
    verdict,
    uniqueOnLink: isFirstOnLink,
    uniqueInWorkspace: isFirstInWorkspace,
    ...texts,
  }
}
