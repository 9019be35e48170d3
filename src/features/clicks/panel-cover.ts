import { DAY, MINUTE } from '../../core/clock'
import type { Span } from '../../core/period'

const QUARTER = 15 * MINUTE

/** Rows of rollups that make up a span, and what of it lies between the rows. */
export type Cover = {
  /** Buckets of days from the first on, before the second. */
  days: readonly [number, number]
  /** Buckets of quarter hours before and after the days. */
  quarters: readonly (readonly [number, number])[]
  /** What the rows cover, in milliseconds. */
  inner: Span
  /** Parts of a row at both ends, to be counted click by click. */
  edges: readonly Span[]
}

/** The least grain that rows are kept in. */
export type Resolution = 'day' | 'quarter'

/** How a span is put together from days, quarter hours where there are any, and the rest. */
export function coverOf({ startMs, endMs }: Span, resolution: Resolution): Cover {
  const unit = resolution === 'day' ? DAY : QUARTER
  const innerStart = Math.ceil(startMs / unit) * unit
  const innerEnd = Math.floor(endMs / unit) * unit
  if (innerStart >= innerEnd) {
    const inner = { startMs, endMs: startMs }
    return { days: [0, 0], quarters: [], inner, edges: [{ startMs, endMs }] }
  }
  const edges = [
    { startMs, endMs: innerStart },
    { startMs: innerEnd, endMs },
  ].filter((edge) => edge.startMs < edge.endMs)
  const firstDay = Math.ceil(innerStart / DAY)
  const lastDay = Math.max(firstDay, Math.floor(innerEnd / DAY))
  return {
    days: [firstDay, lastDay],
    quarters: quartersOf({ startMs: innerStart, endMs: innerEnd }, firstDay, lastDay),
    inner: { startMs: innerStart, endMs: innerEnd },
    edges,
  }
}

function quartersOf({ startMs, endMs }: Span, firstDay: number, lastDay: number) {
  const [start, end] = [startMs / QUARTER, endMs / QUARTER]
  if (firstDay >= lastDay) return [[start, end]] as const
  const before = [start, (firstDay * DAY) / QUARTER] as const
  const after = [(lastDay * DAY) / QUARTER, end] as const
  return [before, after].filter(([from, to]) => from < to)
}

/** Whether all spans begin and end with UTC days. */
export const areWholeDays = (spans: readonly Span[]): boolean =>
  spans.every(({ startMs, endMs }) => startMs % DAY === 0 && endMs % DAY === 0)

/** Whether adjoining spans meet at UTC days; the first may begin, and the last end, at any time. */
export const meetAtDays = (spans: readonly Span[]): boolean =>
  spans.slice(1).every(({ startMs }) => startMs % DAY === 0)

/** Which of adjoining bins in order holds a time; -1 for none. */
export function indexOfBin(bins: readonly Span[], atMs: number): number {
  let [low, high] = [0, bins.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const bin = bins[middle]
    if (bin === undefined || atMs < bin.startMs) high = middle - 1
    else if (atMs >= bin.endMs) low = middle + 1
    else return middle
  }
  return -1
}
