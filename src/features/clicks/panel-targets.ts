import type { Span } from '../../core/period'
import { type ClickDimension, QUARTER, SCOPES } from './dimension'
import type { KeptClicks } from './kept-clicks'
import type { Marks } from './panel-clicks'
import type { Counts } from './panel-counts'
import { areWholeDays, coverOf, meetAtDays, type Resolution } from './panel-cover'
import { type RowChoice, rowsOf, shownRowsOf } from './panel-filter'
import type { createPanelRows, Owners, RowQuery } from './panel-rows'
import {
  addAll,
  binSink,
  groupSink,
  LINK_PLACE,
  type ScannedClick,
  type Sink,
  totalSink,
} from './panel-sink'
import type { PanelAnswer, PanelQuery, PanelWish } from './panels'

/** One thing to count. */
export type Target = {
  /** How single clicks add to it. */
  sink: Sink
  /** Reads what rollups hold; null where it is counted click by click. */
  fill: (() => void) | null
  /** What of the span rollups do not hold, to be counted click by click. */
  edges: readonly Span[]
  /** How far the rollups that it reads reach. */
  markOf(marks: Marks, click: ScannedClick): number
}

const BITS = { link: 1, workspace: 2 } as const
/** Of more links than these single clicks are counted faster than rollups of days are read. */
const FEW_LINKS = 8

/** Decides for everything that is wished how it is counted. Throws `validation_failed`. */
export function createPanelTargets(rows: ReturnType<typeof createPanelRows>, kept: KeptClicks) {
  return (query: PanelQuery, wish: PanelWish, answer: PanelAnswer): Target[] => {
    const planner = createPlanner(rows, kept, query)
    const targets = [planner.total(answer.totals)]
    if (wish.bins && wish.bins.length > 0) targets.push(planner.bins(wish.bins, answer.bins))
    for (const [name, sums] of answer.groups) {
      if (name === 'link') targets.push(planner.links(wish.linkNos ?? [], sums))
      else targets.push(planner.group(name, sums))
    }
    return targets
  }
}

type PanelRows = ReturnType<typeof createPanelRows>

function createPlanner(rows: PanelRows, kept: KeptClicks, query: PanelQuery) {
  const { workspaceNo, linkNos, span, filters } = query
  const owners: Owners = linkNos === null ? { workspaceNo } : { linkNos }
  const bit = linkNos === null ? BITS.workspace : BITS.link
  const [filter, ...others] = filters
  const dimension = filter?.dimension ?? 'total'
  const choice: RowChoice | undefined = filter && rowsOf(filter)
  const isOfFew = linkNos === null || linkNos.length <= FEW_LINKS
  const hasClicks = (of: Span | null = span): boolean => kept.has(workspaceNo, owners, of)

  const ownMark: Target['markOf'] = (marks, click) =>
    linkNos === null
      ? marks.of(SCOPES.workspace, workspaceNo)
      : marks.of(SCOPES.link, click[LINK_PLACE] ?? 0)

  function raw(sink: Sink): Target {
    kept.require(workspaceNo, owners, span)
    return { sink, fill: null, edges: [], markOf: () => 0 }
  }

  /**
   * Days and, at their ends, single clicks, which are fewer than the quarter hours of all values;
   * those only where clicks are gone.
   */
  function planOf(of: RowQuery['dimension'], hasQuarters: boolean) {
    if (span === null) return { resolution: 'day' as const, edges: [] }
    const finest: Resolution = hasQuarters ? 'quarter' : 'day'
    const byDay = coverOf(span, 'day').edges
    const isKept = byDay.every((edge) => hasClicks(edge))
    const resolution = of !== 'total' && isKept ? 'day' : finest
    const { edges } = coverOf(span, resolution)
    for (const edge of edges) kept.require(workspaceNo, owners, edge)
    return { resolution, edges }
  }

  /** Whether bins are put together from days: of a link's values there is nothing finer. */
  function isByDay(bins: readonly Span[], whole: Span): boolean {
    if (areWholeDays(bins)) return true
    if (filter === undefined || !meetAtDays(bins)) return false
    return linkNos !== null || coverOf(whole, 'day').edges.every((edge) => hasClicks(edge))
  }

  /** Where a filter lets absent values through, they are what is left of the totals. */
  function withRest(add: (of: Pick<RowQuery, 'dimension' | 'choice' | 'sign'>) => void): void {
    if (choice === undefined || choice.isRest) add({ dimension: 'total' })
    if (choice) add({ dimension, choice, sign: choice.isRest ? -1 : 1 })
  }

  return {
    total(sum: Counts): Target {
      const sink = totalSink(bit, sum)
      if (others.length > 0 || (!isOfFew && span && hasClicks())) return raw(sink)
      const { resolution, edges } = planOf(dimension, linkNos === null || !filter)
      const fill = () => withRest((of) => rows.together({ owners, span, resolution, ...of }, sum))
      return { sink, fill, edges, markOf: ownMark }
    },

    bins(bins: readonly Span[], sums: Counts[]): Target {
      const sink = binSink(bit, bins, sums)
      const whole = { startMs: bins[0]?.startMs ?? 0, endMs: bins.at(-1)?.endMs ?? 0 }
      const byDay = isByDay(bins, whole)
      const isRolled = others.length === 0 && (byDay || areAligned(bins))
      const hasRows = isRolled && (byDay || !filter || linkNos === null)
      const isDear = !isOfFew || (filter !== undefined && !byDay)
      if (!hasRows || (isDear && hasClicks(whole))) return raw(sink)
      const resolution = byDay ? 'day' : 'quarter'
      const { edges } = coverOf(whole, resolution)
      for (const edge of edges) kept.require(workspaceNo, owners, edge)
      const fill = () => withRest((of) => rows.intoBins({ owners, resolution, ...of }, bins, sums))
      return { sink, fill, edges, markOf: ownMark }
    },

    group(column: ClickDimension, sums: Map<number, Counts>): Target {
      const sink = groupSink(bit, column, sums)
      const isOwn = others.length === 0 && (!filter || filter.dimension === column)
      if (!isOwn || (!isOfFew && span && hasClicks())) return raw(sink)
      const { resolution, edges } = planOf(column, linkNos === null)
      const shown = filter && shownRowsOf(filter)
      const fill = () =>
        rows.byTerm({ owners, dimension: column, span, resolution, choice: shown }, sums)
      return { sink, fill, edges, markOf: ownMark }
    },

    /** Each link's own figures, uniques on the link. */
    links(all: readonly number[], sums: Map<number, Counts>): Target {
      const nos = linkNos ?? all
      const known = new Set(nos)
      const sink = groupSink(BITS.link, 'link', sums, known)
      if (others.length > 0) return raw(sink)
      const byDay = span === null ? [] : coverOf(span, 'day').edges
      if (!filter && linkNos === null && byDay.every((edge) => hasClicks(edge))) {
        const fill = () => {
          const found = new Map<number, Counts>()
          rows.byTerm({ owners, dimension: 'link', span, resolution: 'day' }, found)
          addAll(sums, found, (no) => known.has(no))
        }
        return { sink, fill, edges: byDay, markOf: ownMark }
      }
      if (span && nos.length > FEW_LINKS && hasClicks()) return raw(sink)
      const { resolution, edges } = planOf(dimension, !filter)
      const each = { owners: { linkNos: nos }, span, resolution }
      const fill = () => withRest((of) => rows.byOwner({ ...each, ...of }, sums))
      const markOf: Target['markOf'] = (marks, click) =>
        marks.of(SCOPES.link, click[LINK_PLACE] ?? 0)
      return { sink, fill, edges, markOf }
    },
  }
}

/** Whether bins meet at quarter hours; the first may begin, and the last end, at any time. */
const areAligned = (bins: readonly Span[]): boolean =>
  bins.slice(1).every(({ startMs }) => startMs % QUARTER === 0)
