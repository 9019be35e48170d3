import { and, eq, sql } from 'drizzle-orm'
import { newId } from '../../core/ids'
import type { Tx } from '../../platform/database'
import { CHECKS } from './checks/catalogue'
import type { ScanDiff } from './comparison'
import type { Judged } from './judging'
import { type ActionRow, actions, type ScanRow } from './table'

const SAMPLES_MAX = 5

type Outcome = Pick<
  ActionRow,
  | ('state' | 'affected' | 'samples' | 'markedDoneAt' | 'firstSeenAt' | 'lastSeenAt')
  | 'verifiedByScanId'
>

type SeenBy = { id: string; at: number }

/**
 * What a scan makes of an action. Whatever it found is open, or regressed where it was done before;
 * what it only could not look at stays as it was; what is neither is done, proven by this scan.
 * Undefined where nothing was ever wrong.
 */
export function nextOutcome(
  before: Outcome | undefined,
  { found, carried }: Pick<Judged, 'found' | 'carried'>,
  scan: SeenBy,
): Outcome | undefined {
  const affected = found.length + carried.length
  const samples = [...found, ...carried].slice(0, SAMPLES_MAX)
  if (!before) {
    if (affected === 0) return undefined
    const seen = { firstSeenAt: scan.at, lastSeenAt: scan.at }
    return {
      ...{ state: 'open', affected, samples, ...seen },
      ...{ markedDoneAt: null, verifiedByScanId: null },
    }
  }
  if (found.length > 0) {
    const state = before.state === 'done' ? 'regressed' : before.state
    const seen = { lastSeenAt: scan.at, markedDoneAt: null, verifiedByScanId: null }
    return { ...before, state, affected, samples, ...seen }
  }
  if (affected > 0) return { ...before, affected, samples }
  if (before.state === 'done') return before
  return {
    ...{ ...before, state: 'done', affected: 0, samples: [] },
    ...{ markedDoneAt: null, verifiedByScanId: scan.id },
  }
}

export type ActionChanges = ScanDiff['actions'] & {
  /** Whether addresses came or went without an action opening or closing. */
  counts: boolean
}

/** Writes what a scan makes of a project's actions, in the transaction that ends it. */
export function applyJudgement(
  tx: Tx,
  scan: ScanRow,
  judged: readonly Judged[],
  now: number,
): ActionChanges {
  const rows = tx.select().from(actions).where(eq(actions.projectId, scan.projectId)).all()
  const byCheck = new Map(rows.map((row) => [row.check, row]))
  const judgedOf = new Map(judged.map((one) => [one.check, one]))
  const changes: ActionChanges = { opened: [], fixed: [], regressed: [], counts: false }
  for (const check of Object.keys(CHECKS)) {
    const before = byCheck.get(check)
    const one = judgedOf.get(check) ?? { found: [], carried: [] }
    const after = nextOutcome(before, one, { id: scan.id, at: now })
    if (!after || after === before) continue
    if (before) {
      const { state, affected, samples, markedDoneAt, lastSeenAt, verifiedByScanId } = after
      const changed = { state, affected, samples, markedDoneAt, lastSeenAt, verifiedByScanId }
      const mine = eq(actions.no, before.no)
      tx.update(actions)
        .set({ ...changed, updatedAt: now })
        .where(mine)
        .run()
    } else {
      const { workspaceId, projectId } = scan
      const id = newId('act', now)
      const values = { id, workspaceId, projectId, check, ...after, updatedAt: now }
      tx.insert(actions).values(values).run()
    }
    if (!before) changes.opened.push(check)
    else if (after.state === 'done') changes.fixed.push(check)
    else if (after.state !== before.state) changes.regressed.push(check)
    else if (after.affected !== before.affected) changes.counts = true
  }
  return changes
}

/** As people see it: what they decided stands before what scans saw, unless that is done. */
export type ActionStatus = ActionRow['state'] | 'ignored'

export const statusOf = ({ state, ignoredAt }: ActionRow): ActionStatus =>
  ignoredAt !== null && state !== 'done' ? 'ignored' : state

/** What a person says of an action; throws nothing, scans have the last word. */
export function decide(
  tx: Tx,
  row: ActionRow,
  status: 'open' | 'ignored' | 'done',
  now: number,
): ActionRow {
  const decided = {
    open: { ignoredAt: null, markedDoneAt: null },
    ignored: { ignoredAt: row.ignoredAt ?? now, markedDoneAt: null },
    done: {
      ignoredAt: null,
      markedDoneAt: row.state === 'done' ? null : (row.markedDoneAt ?? now),
    },
  }[status]
  const isNews = decided.ignoredAt !== row.ignoredAt || decided.markedDoneAt !== row.markedDoneAt
  if (!isNews) return row
  const changes = { ...decided, updatedAt: now }
  return tx.update(actions).set(changes).where(eq(actions.no, row.no)).returning().get()
}

/** Open and regressed ones that nobody ignores. */
export const openActionsOf = (tx: Tx, projectId: string): ActionRow[] =>
  tx
    .select()
    .from(actions)
    .where(
      and(
        eq(actions.projectId, projectId),
        sql`${actions.state} != 'done'`,
        sql`${actions.ignoredAt} IS NULL`,
      ),
    )
    .all()
