import { DAY, HOUR } from '../../core/clock'
import type { BACKLINK_TURNS, BacklinkRow } from './table'

/** What a state follows from. */
export type Watched = Pick<
  BacklinkRow,
  | ('state' | 'firstMissAt' | 'unknownSince' | 'unverifiableAt')
  | ('firstSeenAt' | 'lastSeenAt' | 'lostAt' | 'steadySince')
>

/** What a check says of a link: it is there, it certainly is not, or nobody could see. */
export type Sighting = { kind: 'seen'; changed: boolean } | { kind: 'missed' } | { kind: 'unseen' }

export type Turn = (typeof BACKLINK_TURNS)[number]

/** Two misses so far apart make a link lost; one may be a page that is just being rebuilt. */
export const MISSES_APART_MS = 12 * HOUR
/** A link that could not be seen for so long is told to be unverifiable, once. */
export const UNVERIFIABLE_AFTER_MS = 14 * DAY

export const UNWATCHED: Watched = {
  ...{ state: 'new', firstMissAt: null, unknownSince: null, unverifiableAt: null },
  ...{ firstSeenAt: null, lastSeenAt: null, lostAt: null, steadySince: null },
}

/**
 * What a check at `at` makes of a backlink, and what is to be told of it. Only what was seen once
 * can be lost; what is unknown neither proves nor disproves a miss.
 */
export function advance(
  before: Watched,
  sighting: Sighting,
  at: number,
): { after: Watched; turn: Turn | null } {
  if (sighting.kind === 'seen') return seen(before, sighting.changed, at)
  if (sighting.kind === 'missed') return missed(before, at)
  return unseen(before, at)
}

type Advanced = ReturnType<typeof advance>

function seen(before: Watched, changed: boolean, at: number): Advanced {
  const isBack = before.lostAt !== null
  const isFirst = before.firstSeenAt === null
  const turn = isBack ? 'recovered' : isFirst ? 'found' : changed ? 'changed' : null
  const isSteady = turn === null && before.firstMissAt === null
  return {
    after: {
      ...UNWATCHED,
      state: isBack ? 'recovered' : turn === 'changed' ? 'changed' : 'live',
      ...{ firstSeenAt: before.firstSeenAt ?? at, lastSeenAt: at },
      steadySince: isSteady ? before.steadySince : at,
    },
    turn,
  }
}

function missed(before: Watched, at: number): Advanced {
  const known = { ...before, unknownSince: null, unverifiableAt: null }
  if (before.firstSeenAt === null) return { after: { ...known, state: 'new' }, turn: null }
  if (before.lostAt !== null) return { after: { ...known, state: 'lost' }, turn: null }
  const firstMissAt = before.firstMissAt ?? at
  if (at - firstMissAt < MISSES_APART_MS) {
    return { after: { ...known, state: 'suspect', firstMissAt, steadySince: null }, turn: null }
  }
  const lost = { ...known, state: 'lost', firstMissAt, lostAt: at, steadySince: at } as const
  return { after: lost, turn: 'lost' }
}

function unseen(before: Watched, at: number): Advanced {
  const unknownSince = before.unknownSince ?? at
  const isLost = before.lostAt !== null
  const after: Watched = { ...before, state: isLost ? 'lost' : 'unknown', unknownSince }
  const isOld = at - unknownSince >= UNVERIFIABLE_AFTER_MS
  if (isLost || !isOld || before.unverifiableAt !== null) return { after, turn: null }
  return { after: { ...after, unverifiableAt: at }, turn: 'unverifiable' }
}
