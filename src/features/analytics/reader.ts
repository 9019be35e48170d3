import { AppError } from '../../core/errors'
import { binsOf, grainFor, type Span } from '../../core/period'
import { parseTimeZone } from '../../core/time-zone'
import type {
  ClickFilter,
  ClickIds,
  ClickReader,
  Counts,
  Figures,
  Group,
  PanelQuery,
} from '../clicks/service'
import type { LinkCensus } from '../links/service'
import { type Earned, type EarnedExport, type EarnedReader, nothingEarned } from './earned'
import { exportPage } from './export-page'
import { byLinks, chosenLinks, isLinked, type Listed, needsLinks, only, UNKNOWN } from './linked'
import type {
  ExportPage,
  ExportRequest,
  LinkedListName,
  ListName,
  ListRow,
  Point,
  Question,
  Reply,
} from './question'

export type ReaderDeps = {
  clicks: ClickReader
  links: LinkCensus
  conversions: EarnedReader
  clickIds: Pick<ClickIds, 'textOf'>
}

/** What the read-only Worker does for analytics: plain and synchronous. */
export type AnalyticsReader = {
  /** Answers a question. Throws `validation_failed` where only dropped clicks would tell. */
  answer(question: Question): Reply
  /** The next lines of an export of clicks. */
  exportPage(request: ExportRequest): ExportPage
  /** The next lines of an export of conversions. */
  exportEarned(request: EarnedExport): ExportPage
}

/** No click has this term. */
const NOBODY = -1

export function createAnalyticsReader(deps: ReaderDeps): AnalyticsReader {
  const { clicks, links, conversions } = deps

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
    const firsts = [clicks.firstAt({ workspaceNo, linkNos }), conversions.firstAt(workspaceNo)]
    const firstAt = Math.min(...firsts.filter((at) => at !== undefined), nowMs)
    return {
      startMs: zone.startOfDay(firstAt),
      endMs: Math.ceil((nowMs + 1) / QUARTER) * QUARTER,
    }
  }

  function chartOf(
    question: Question,
    bins: readonly Span[],
    counts: readonly Counts[],
    earned: readonly Earned[],
  ): Point[] {
    const zone = parseTimeZone(question.timezone)
    return bins.map((bin, index) => ({
      ...bin,
      ...clicks.figuresOf(counts[index] ?? [], question.verdicts),
      earned: earned[index] ?? nothingEarned(),
      label: zone.toLocalIso(bin.startMs),
    }))
  }

  /** Nothing to compare with where the clicks of the time before are no longer kept. */
  function before(
    query: PanelQuery,
    { verdicts, attribution = 'last' }: Question,
  ): Reply['previous'] {
    try {
      const figures = clicks.figuresOf(clicks.read(query, {}).totals, verdicts)
      return { ...figures, earned: conversions.read({ ...query, attribution }, {}).totals }
    } catch (error) {
      if (error instanceof AppError) return null
      throw error
    }
  }

  function answer(question: Question): Reply {
    const { workspaceId, workspaceNo, verdicts, wants, attribution = 'last' } = question
    const zone = parseTimeZone(question.timezone)
    const all = needsLinks(question) ? links.all(workspaceId) : []
    const linkNos = chosenLinks(question, all)
    const query = { workspaceNo, linkNos, span: question.span, filters: filtersOf(question) }
    const span = question.span ?? wholeSpan(question, linkNos)
    const grain = question.grain ?? grainFor(span)
    const bins = wants.chart ? binsOf(span, grain, zone) : []
    const groups = [...new Set(wants.lists.map((name) => (isLinked(name) ? 'link' : name)))]
    const counted = clicks.read(query, { bins, groups, linkNos: all.map(({ no }) => no) })
    const totals = clicks.figuresOf(counted.totals, verdicts)
    const came = conversions.read({ ...query, attribution }, { bins, groups })
    const rowsOf = (name: ListName): ListRow[] => {
      const group = isLinked(name) ? 'link' : name
      const counts = counted.groups.get(group) ?? new Map()
      const earned = came.groups.get(group) ?? new Map()
      if (!isLinked(name)) return listed(question, name, { counts, earned }, totals)
      return linkedRows(question, name, byLinks({ counts, earned }, all, name), totals)
    }
    return {
      ...{ span, totals, earned: came.totals },
      previous: question.previous && before({ ...query, span: question.previous }, question),
      chart: wants.chart
        ? { grain, points: chartOf(question, bins, counted.bins, came.bins) }
        : null,
      lists: Object.fromEntries(wants.lists.map((name) => [name, rowsOf(name)])),
    }
  }

  /** The largest rows, without names. */
  function ranked<K extends number | string>(
    { verdicts }: Question,
    { counts, earned }: Listed<K>,
    totals: Figures,
    limit: number,
  ): RankedRow<K>[] {
    const figures = [...new Set([...counts.keys(), ...earned.keys()])].map((key) => {
      const { clicks: count, uniques } = clicks.figuresOf(counts.get(key) ?? [], verdicts)
      const share = totals.clicks === 0 ? 0 : Math.round((count / totals.clicks) * 1e4) / 1e4
      return { key, clicks: count, uniques, share, earned: earned.get(key) ?? nothingEarned() }
    })
    return figures
      .filter(({ key, clicks: count }) => count > 0 || earned.has(key))
      .sort((a, b) => b.clicks - a.clicks || (a.key < b.key ? -1 : 1))
      .slice(0, limit)
  }

  function listed(
    question: Question,
    name: Group,
    figures: Listed<number>,
    totals: Figures,
  ): ListRow[] {
    const limit = isDecided(name) ? DECIDED_MAX : question.limit
    const top = ranked(question, figures, totals, limit)
    if (name === 'link') return linkRows(top)
    const texts = clicks.textsOf(top.map(({ key }) => key))
    return top.map(({ key, ...row }) => ({ name: texts.get(key) ?? UNKNOWN, ...row }))
  }

  /** Domains by their hosts, folders and tags by their names. */
  function linkedRows(
    question: Question,
    name: LinkedListName,
    figures: Listed<string>,
    totals: Figures,
  ): ListRow[] {
    const names = name === 'domain' ? null : links.labels(question.workspaceId)
    const known = names ? only(figures, (key) => names.has(key)) : figures
    return ranked(question, known, totals, question.limit).map(({ key, ...row }) =>
      names ? { name: names.get(key) ?? key, id: key, ...row } : { name: key, ...row },
    )
  }

  function linkRows(top: readonly RankedRow<number>[]): ListRow[] {
    const names = links.named(top.map(({ key }) => key))
    return top.flatMap(({ key, ...row }): ListRow[] => {
      const named = names.get(key)
      if (!named) return []
      const { no: _, ...link } = named
      return [{ name: link.slug, ...row, link }]
    })
  }

  return {
    answer,
    exportPage: (request) => exportPage(deps, request),
    exportEarned: (request) => conversions.exportPage(request),
  }
}

const QUARTER = 900_000

/** A link has 60 rules and variants at most; all are shown, with those it had before. */
const DECIDED_MAX = 1000
const isDecided = (name: Group): boolean => name === 'variant' || name === 'rule'

type RankedRow<K> = Omit<ListRow, 'name'> & { key: K }
