import { AppError } from '../../core/errors'
import { binsOf, grainFor, type Span } from '../../core/period'
import { parseTimeZone } from '../../core/time-zone'
import type {
  ClickFilter,
  ClickReader,
  Counts,
  Figures,
  Group,
  PanelQuery,
} from '../clicks/service'
import type { LinkCensus } from '../links/service'
import { exportPage } from './export-page'
import type {
  Choice,
  ExportPage,
  ExportRequest,
  ListName,
  ListRow,
  Point,
  Question,
  Reply,
} from './question'

export type ReaderDeps = { clicks: ClickReader; links: LinkCensus }

/** What the read-only Worker does for analytics: plain and synchronous. */
export type AnalyticsReader = {
  /** Answers a question. Throws `validation_failed` where only dropped clicks would tell. */
  answer(question: Question): Reply
  /** The next lines of an export. */
  exportPage(request: ExportRequest): ExportPage
}

const UNKNOWN = 'Unknown'
/** No click has this term. */
const NOBODY = -1

export function createAnalyticsReader({ clicks, links }: ReaderDeps): AnalyticsReader {
  function filtersOf(question: Question): ClickFilter[] {
    const known = clicks.termsOf(question.filters.flatMap(({ values }) => values))
    const termOf = (text: string): number => (text === UNKNOWN ? 0 : (known.get(text) ?? NOBODY))
    return question.filters.map(({ dimension, values, isExcluded }) => ({
      ...{ dimension, isExcluded },
      terms: values.map(termOf),
    }))
  }

  /** The span of all time: from the local day of the first click on. */
  function wholeSpan(question: Question, linkNos: readonly number[] | null): Span {
    const zone = parseTimeZone(question.timezone)
    const { workspaceNo, nowMs } = question
    const firstAt = clicks.firstAt({ workspaceNo, linkNos })
    return {
      startMs: zone.startOfDay(firstAt ?? nowMs),
      endMs: Math.ceil((nowMs + 1) / QUARTER) * QUARTER,
    }
  }

  function chartOf(question: Question, bins: readonly Span[], counts: readonly Counts[]): Point[] {
    const zone = parseTimeZone(question.timezone)
    return bins.map((bin, index) => ({
      ...bin,
      ...clicks.figuresOf(counts[index] ?? [], question.verdicts),
      label: zone.toLocalIso(bin.startMs),
    }))
  }

  /** Nothing to compare with where the clicks of the time before are no longer kept. */
  function before(query: PanelQuery): { totals: Counts } | null {
    try {
      return clicks.read(query, {})
    } catch (error) {
      if (error instanceof AppError) return null
      throw error
    }
  }

  function answer(question: Question): Reply {
    const { workspaceId, workspaceNo, verdicts, wants } = question
    const zone = parseTimeZone(question.timezone)
    const all = needsLinks(question) ? links.all(workspaceId) : []
    const linkNos = chosenLinks(question, all)
    const query = { workspaceNo, linkNos, span: question.span, filters: filtersOf(question) }
    const span = question.span ?? wholeSpan(question, linkNos)
    const grain = question.grain ?? grainFor(span)
    const bins = wants.chart ? binsOf(span, grain, zone) : []
    const groups = [
      ...new Set(wants.lists.map((name): Group => (name === 'domain' ? 'link' : name))),
    ]
    const counted = clicks.read(query, { bins, groups, linkNos: all.map(({ no }) => no) })
    const totals = clicks.figuresOf(counted.totals, verdicts)
    const previous = question.previous && before({ ...query, span: question.previous })
    const rowsOf = (name: ListName): ListRow[] => {
      const counts = counted.groups.get(name === 'domain' ? 'link' : name) ?? new Map()
      const hosts = new Map(all.map(({ no, host }) => [no, host]))
      return listed(question, name, name === 'domain' ? byHost(counts, hosts) : counts, totals)
    }
    return {
      ...{ span, totals },
      previous: previous && clicks.figuresOf(previous.totals, verdicts),
      chart: wants.chart ? { grain, points: chartOf(question, bins, counted.bins) } : null,
      lists: Object.fromEntries(wants.lists.map((name) => [name, rowsOf(name)])),
    }
  }

  /** The largest rows with their names. */
  function listed(
    question: Question,
    name: ListName,
    counts: ReadonlyMap<number | string, Counts>,
    totals: Figures,
  ): ListRow[] {
    const figures = [...counts].map(([key, value]) => {
      const { clicks: count, uniques } = clicks.figuresOf(value, question.verdicts)
      const share = totals.clicks === 0 ? 0 : Math.round((count / totals.clicks) * 1e4) / 1e4
      return { key, clicks: count, uniques, share }
    })
    const ranked = figures
      .filter((row) => row.clicks > 0)
      .sort((a, b) => b.clicks - a.clicks || (a.key < b.key ? -1 : 1))
    if (name === 'domain')
      return ranked
        .slice(0, question.limit)
        .map(({ key, ...row }) => ({ name: String(key), ...row }))
    if (name === 'link') return linkRows(ranked, question.limit)
    const top = ranked.slice(0, question.limit)
    const texts = clicks.textsOf(top.map(({ key }) => Number(key)))
    return top.map(({ key, ...row }) => ({ name: texts.get(Number(key)) ?? UNKNOWN, ...row }))
  }

  function linkRows(ranked: ({ key: number | string } & Omit<ListRow, 'name'>)[], limit: number) {
    const top = ranked.slice(0, limit)
    const names = links.named(top.map(({ key }) => Number(key)))
    return top.flatMap(({ key, ...row }): ListRow[] => {
      const named = names.get(Number(key))
      if (!named) return []
      const { id, slug, host, title } = named
      return [{ name: slug, ...row, link: { id, slug, host, title } }]
    })
  }

  return {
    answer,
    exportPage: (request) => exportPage({ clicks, links }, request),
  }
}

const QUARTER = 900_000

const needsLinks = ({ links, domains, wants }: Question): boolean =>
  links?.isExcluded === true ||
  domains !== null ||
  wants.lists.includes('link') ||
  wants.lists.includes('domain')

const lets = <T>(choice: Choice<T> | null, value: T): boolean =>
  choice === null || choice.values.includes(value) !== choice.isExcluded

/** The links that a question is narrowed to; null for all. */
function chosenLinks({ links, domains }: Question, all: readonly { no: number; host: string }[]) {
  if (domains === null && links === null) return null
  if (domains === null && links && !links.isExcluded) return links.values
  return all.filter(({ no, host }) => lets(links, no) && lets(domains, host)).map(({ no }) => no)
}

function byHost(counts: ReadonlyMap<number, Counts>, hosts: ReadonlyMap<number, string>) {
  const sums = new Map<string, Counts>()
  for (const [no, more] of counts) {
    const host = hosts.get(no)
    if (host === undefined) continue
    const sum = sums.get(host) ?? more.map(() => 0)
    sums.set(
      host,
      sum.map((count, index) => count + (more[index] ?? 0)),
    )
  }
  return sums
}
