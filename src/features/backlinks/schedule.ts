import { DAY, HOUR } from '../../core/clock'
import type { BacklinkRow } from './table'

const NEW_MS = DAY
const DEFAULT_MS = 7 * DAY
const STABLE_MS = 30 * DAY
/** A miss is confirmed no sooner than twelve hours later, whatever the jitter takes away. */
const DOUBT_MS = 15 * HOUR
const RETRY_AFTER_MAX_MS = 7 * DAY

/** So long a backlink is new. */
const YOUNG_MS = 7 * DAY
/** What has been as it is for so long is stable. */
const STEADY_MS = 60 * DAY
/** Up to so much more or less, so that pages added together are not asked for together for ever. */
const JITTER = 0.15

type Timed = Pick<BacklinkRow, 'state' | 'createdAt' | 'steadySince' | 'unverifiableAt'>

function intervalOf({ state, createdAt, steadySince, unverifiableAt }: Timed, at: number): number {
  if (state === 'suspect') return DOUBT_MS
  if (state === 'unknown') return unverifiableAt === null ? NEW_MS : DEFAULT_MS
  if (steadySince !== null && at - steadySince >= STEADY_MS) return STABLE_MS
  return state === 'recovered' || at - createdAt < YOUNG_MS ? NEW_MS : DEFAULT_MS
}

/**
 * Milliseconds until a backlink that was checked at `at` is checked again; `random` is uniform in
 * [0, 1). A host that asks for more time by `Retry-After` gets it, up to a week.
 */
export function waitUntilNext(
  row: Timed,
  at: number,
  random: number,
  retryAfterMs: number | undefined,
): number {
  const wait = Math.round(intervalOf(row, at) * (1 + JITTER * (2 * random - 1)))
  return Math.max(wait, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS))
}
