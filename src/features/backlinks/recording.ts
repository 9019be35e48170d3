import { isDeepStrictEqual } from 'node:util'
import { and, desc, eq, lte } from 'drizzle-orm'
import { type Clock, DAY } from '../../core/clock'
import { parseRetryAfter } from '../../core/retry-after'
import { hashToken } from '../../core/secret'
import type { Tx } from '../../platform/database'
import type { Alerts } from './alerts'
import { type Change, changesBetween, type Facts, factsOf } from './changes'
import type { Check } from './checker'
import { keptCheckOf } from './kept-check'
import type { Looked } from './looking'
import { waitUntilNext } from './schedule'
import { advance, type Sighting, type Turn, type Watched } from './states'
import { type BacklinkRow, type BacklinkState, backlinkChecks, backlinks } from './table'

/** A check that has just been recorded. */
export type CheckedBacklink = {
  /** As it is now. */
  row: BacklinkRow
  before: BacklinkState
  after: BacklinkState
  /** What was seen; of a page that is as it was, what had been seen of it. */
  check: Check
}

/** Told in the transaction that records a check. */
export type BacklinkListener = (tx: Tx, checked: CheckedBacklink) => void

export type RecordingDeps = {
  clock: Clock
  alerts: Pick<Alerts, 'note'>
  listeners: readonly BacklinkListener[]
  /** Uniform in [0, 1). */
  random: () => number
}

/** Checks of one backlink that are kept. */
const HISTORY_MAX = 100
/** The same change is told again only after so long. */
const TOLD_MS = 7 * DAY
const TOLD_MAX = 20

/** Verdicts of links that are there, but not as they should be. */
const ISSUES: Partial<Record<Check['verdict'], BacklinkRow['issue']>> = {
  live_nofollow: 'nofollow',
  live_not_indexable: 'not_indexable',
}

/** What a check says of its link. A page of a name that DNS does not know is gone, until it is back. */
export function sightingOf(check: Check): Sighting['kind'] {
  const { verdict, present, reasons } = check
  if (verdict === 'missing' || verdict === 'page_gone' || reasons.includes('nxdomain')) {
    return 'missed'
  }
  return present === true && verdict !== 'unknown' ? 'seen' : 'unseen'
}

/** All that is known of a check that is being recorded. */
type Recorded = {
  before: BacklinkRow
  row: BacklinkRow
  turn: Turn | null
  /** Of a link that was seen, against the time before. */
  changes: Change[]
  looked: Looked
}

/** Stores checks with all that follows from them, in the caller's transaction. */
export function createRecording({ clock, alerts, listeners, random }: RecordingDeps) {
  function store(tx: Tx, before: BacklinkRow, after: Watched, looked: Looked) {
    const { check, unmodified, landingPage } = looked
    const at = clock.now()
    const retryAfter = unmodified ? undefined : (check.retryAfter ?? undefined)
    const timed = { ...after, createdAt: before.createdAt }
    const waitMs = waitUntilNext(timed, at, random(), parseRetryAfter(retryAfter, at))
    return tx
      .update(backlinks)
      .set({
        ...{ ...after, verdict: check.verdict, reasons: check.reasons, checkedAt: at },
        ...{ issue: issueOf(before, after, check), nextCheckAt: at + waitMs },
        ...{ facts: seenFactsOf(check) ?? before.facts, leaseToken: null, leaseUntil: null },
        ...(isBestEvidence(before, check) && !unmodified
          ? { evidence: keptCheckOf(check, landingPage) }
          : {}),
      })
      .where(eq(backlinks.no, before.no))
      .returning()
      .get()
  }

  /** Whether a change was not told lately; from now on it was. */
  function isNews(tx: Tx, { no, told }: BacklinkRow, changes: readonly Change[], at: number) {
    const fingerprint = hashToken(JSON.stringify(changes))
    const lately = told.filter((one) => at - one.at < TOLD_MS)
    if (lately.some((one) => one.fingerprint === fingerprint)) return false
    const next = [...lately, { fingerprint, at }].slice(-TOLD_MAX)
    tx.update(backlinks).set({ told: next }).where(eq(backlinks.no, no)).run()
    return true
  }

  function alert(tx: Tx, { before, row, turn, changes }: Recorded): void {
    const at = clock.now()
    if (before.issue !== row.issue) alerts.note(tx, row, 'issue', at)
    if (turn === null || turn === 'found') return
    if (turn === 'changed' && !isNews(tx, row, changes, at)) return
    alerts.note(tx, row, turn, at, changes)
  }

  return {
    /** What a look at a page means for its backlink. Returns the row as it is now. */
    record(tx: Tx, before: BacklinkRow, looked: Looked): BacklinkRow {
      const { check } = looked
      const changes = changesOf(before, check)
      const kind = sightingOf(check)
      const sighting = kind === 'seen' ? { kind, changed: changes.length > 0 } : { kind }
      const { after, turn } = advance(watchedOf(before), sighting, clock.now())
      const row = store(tx, before, after, looked)
      const recorded = { before, row, turn, changes, looked }
      remember(tx, recorded, clock.now())
      alert(tx, recorded)
      for (const listen of listeners) {
        listen(tx, { row, before: before.state, after: row.state, check })
      }
      return row
    },
  }
}

export type Recording = ReturnType<typeof createRecording>

/** What is compared from check to check; null where nothing can be said of the link. */
const seenFactsOf = (check: Check): Facts | null =>
  sightingOf(check) === 'seen' ? factsOf(check) : null

function changesOf({ facts: before }: BacklinkRow, check: Check): Change[] {
  const after = seenFactsOf(check)
  return before && after ? changesBetween(before, after) : []
}

/** What somebody has to look at: it stays until a check sees that it is over. */
function issueOf(before: BacklinkRow, after: Watched, check: Check): BacklinkRow['issue'] {
  if (sightingOf(check) === 'seen') return ISSUES[check.verdict] ?? null
  return after.lostAt !== null ? 'lost' : before.issue
}

/** Evidence that shows something does not give way to a check that could not see. */
const isBestEvidence = ({ evidence }: BacklinkRow, check: Check): boolean =>
  sightingOf(check) !== 'unseen' || !evidence || sightingOf(evidence) === 'unseen'

/** Adds a check to the history, and takes the oldest away where there are too many. */
function remember(tx: Tx, recorded: Recorded, checkedAt: number): void {
  const { before, row, turn, changes, looked } = recorded
  const { check, unmodified, landingPage } = looked
  const { verdict, reasons, bodySha256 } = check
  const isAsBefore =
    turn === null && before.verdict === verdict && isDeepStrictEqual(before.reasons, reasons)
  tx.insert(backlinkChecks)
    .values({
      ...{ backlinkNo: row.no, workspaceId: row.workspaceId, checkedAt, turn, changes },
      ...{ stateBefore: before.state, stateAfter: row.state, verdict, reasons, bodySha256 },
      ...(unmodified
        ? { status: 304, fetch: 'not_modified' }
        : { status: check.status, fetch: check.fetch }),
      evidence: isAsBefore ? null : keptCheckOf(check, landingPage),
    })
    .run()
  const mine = eq(backlinkChecks.backlinkNo, row.no)
  const newest = tx.select({ no: backlinkChecks.no }).from(backlinkChecks).where(mine)
  const oldest = newest.orderBy(desc(backlinkChecks.no)).limit(1).offset(HISTORY_MAX).get()
  if (!oldest) return
  tx.delete(backlinkChecks)
    .where(and(mine, lte(backlinkChecks.no, oldest.no)))
    .run()
}

const watchedOf = (row: BacklinkRow): Watched => ({
  ...{ state: row.state, firstMissAt: row.firstMissAt, unknownSince: row.unknownSince },
  ...{ unverifiableAt: row.unverifiableAt, firstSeenAt: row.firstSeenAt },
  ...{ lastSeenAt: row.lastSeenAt, lostAt: row.lostAt, steadySince: row.steadySince },
})
