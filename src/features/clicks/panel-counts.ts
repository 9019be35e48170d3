import { VERDICTS, type Verdict } from './verdict'

/** Clicks by verdict in the order of `VERDICTS`, then uniques. */
export type Counts = number[]

const SIZE = VERDICTS.length + 1
const UNIQUES = VERDICTS.length

export const noCounts = (): Counts => Array.from({ length: SIZE }, () => 0)

/** Adds `more` to `sum`, or takes it off with a `sign` of -1. */
export function addCounts(sum: Counts, more: readonly (number | null)[], sign: 1 | -1 = 1): void {
  for (let index = 0; index < SIZE; index++) {
    sum[index] = (sum[index] ?? 0) + sign * (more[index] ?? 0)
  }
}

/** Counts one click, or takes it off with a `sign` of -1. */
export function addClick(sum: Counts, verdict: number, isUnique: boolean, sign: 1 | -1 = 1): void {
  sum[verdict] = (sum[verdict] ?? 0) + sign
  if (isUnique) sum[UNIQUES] = (sum[UNIQUES] ?? 0) + sign
}

/** Counts `clicks` of one kind: its verdict and, in the bits above, its firsts. */
export function addKind(sum: Counts, kind: number, bit: number, clicks: number): void {
  const verdict = kind & 7
  sum[verdict] = (sum[verdict] ?? 0) + clicks
  if (((kind >> 3) & bit) !== 0) sum[UNIQUES] = (sum[UNIQUES] ?? 0) + clicks
}

/** The counts under a key, made when it is new. */
export function countsOf<K>(map: Map<K, Counts>, key: K): Counts {
  let counts = map.get(key)
  if (counts === undefined) {
    counts = noCounts()
    map.set(key, counts)
  }
  return counts
}

export type Figures = { clicks: number; uniques: number; bots: number }

/** What is shown of counts: clicks of the verdicts asked for; bots, previews and prefetches. */
export function figuresOf(counts: Counts, verdicts: readonly Verdict[]): Figures {
  const of = (verdict: Verdict): number => counts[VERDICTS.indexOf(verdict)] ?? 0
  return {
    clicks: verdicts.reduce((sum, verdict) => sum + of(verdict), 0),
    // Only a person's visit is flagged as a first one.
    uniques: verdicts.includes('human') ? (counts[UNIQUES] ?? 0) : 0,
    bots: of('bot') + of('preview') + of('prefetch'),
  }
}

/** The columns of rollups in the order of {@link Counts}. */
export const COUNT_COLUMNS = [...VERDICTS, 'uniques'] as const
