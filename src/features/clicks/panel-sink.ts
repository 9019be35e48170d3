import type { Span } from '../../core/period'
import type { ChunkColumn } from './chunk'
import { addClick, addCounts, addKind, type Counts, countsOf } from './panel-counts'
import { indexOfBin } from './panel-cover'
import { isSparse } from './panel-filter'

/** A click as read: id, time, verdict, firsts, link, then the columns asked for. */
export type ScannedClick = (number | null)[]

/** Where counted clicks go. */
export type Sink = {
  /** Of `firsts`: which makes a unique. */
  bit: number
  /** What clicks are told apart by. */
  column: ChunkColumn | null
  bins: readonly Span[] | null
  /** Counts clicks of one kind and value, or of one bin. */
  addMany(key: number, kind: number, clicks: number): void
  addOne(click: ScannedClick, places: ReadonlyMap<string, number>): void
}

/** Counts everything together. */
export function totalSink(bit: number, sum: Counts): Sink {
  return {
    ...{ bit, column: null, bins: null },
    addMany: (_, kind, clicks) => addKind(sum, kind, bit, clicks),
    addOne: ([, , verdict, firsts]) => addClick(sum, verdict ?? 0, ((firsts ?? 0) & bit) !== 0),
  }
}

/** Counts by adjoining spans of time in order. */
export function binSink(bit: number, bins: readonly Span[], sums: readonly Counts[]): Sink {
  return {
    ...{ bit, column: null, bins },
    addMany(bin, kind, clicks) {
      const sum = sums[bin]
      if (sum) addKind(sum, kind, bit, clicks)
    },
    addOne([, at, verdict, firsts]) {
      const sum = sums[indexOfBin(bins, at ?? 0)]
      if (sum) addClick(sum, verdict ?? 0, ((firsts ?? 0) & bit) !== 0)
    },
  }
}

/** Counts by value; `known` are the only links to be listed. */
export function groupSink(
  bit: number,
  column: ChunkColumn,
  sums: Map<number, Counts>,
  known?: ReadonlySet<number>,
): Sink {
  // What is absent is unknown, or not told at all.
  const isShown = (key: number): boolean =>
    column === 'link' ? known === undefined || known.has(key) : key !== 0 || !isSparse(column)
  return {
    ...{ bit, column, bins: null },
    addMany(key, kind, clicks) {
      if (isShown(key)) addKind(countsOf(sums, key), kind, bit, clicks)
    },
    addOne(click, places) {
      const place = column === 'link' ? LINK_PLACE : (places.get(column) ?? -1)
      const key = click[place] ?? 0
      if (isShown(key)) {
        addClick(countsOf(sums, key), click[2] ?? 0, ((click[3] ?? 0) & bit) !== 0)
      }
    },
  }
}

export const LINK_PLACE = 4
export const FIRST_COLUMN = 5

/** Adds counts by value to those of the same value. */
export function addAll(
  sums: Map<number, Counts>,
  more: ReadonlyMap<number, Counts>,
  isKnown: (key: number) => boolean = () => true,
): void {
  for (const [key, counts] of more) if (isKnown(key)) addCounts(countsOf(sums, key), counts)
}
