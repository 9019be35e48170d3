import { and, eq, isNull } from 'drizzle-orm'
import { type Actor, SYSTEM_ACTOR } from '../../core/access'
import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Outbox } from './outbox'
import { type WebhookEndpointRow, webhookEndpoints, webhookSecrets } from './table'

/** Rows that one transaction cancels or removes, so that none takes more than milliseconds. */
const CHUNK_ROWS = 500
const PURGED_ROWS = 100
/** One run of the sweep goes on for so many chunks, letting a turn pass between two. */
const CHUNKS_PER_SWEEP = 400

/** The statements of the sweep; tests look at their plans. */
export const RETIREMENT_SQL = {
  cancel: `UPDATE deliveries SET status = 'canceled', finished_at = ?1
    WHERE no IN (SELECT no FROM deliveries
      WHERE endpoint_id = ?2 AND status = 'pending' AND no <= ?3 LIMIT ${CHUNK_ROWS})`,
  newest: `SELECT max(no) AS no FROM deliveries WHERE endpoint_id = ?`,
  due: `SELECT id, deleted_at AS deletedAt, sweep_to AS sweepTo FROM webhook_endpoints
    WHERE sweep_at IS NOT NULL ORDER BY sweep_at LIMIT 1`,
  swept: `UPDATE webhook_endpoints SET sweep_at = NULL, sweep_to = NULL,
      next_claim_at = iif(enabled, (SELECT due_at FROM deliveries
        WHERE endpoint_id = ?1 AND status = 'pending' ORDER BY due_at LIMIT 1), NULL)
    WHERE id = ?1`,
  forgetReplays: `DELETE FROM webhook_replays WHERE endpoint_id = ?`,
  purgeAttempts: `DELETE FROM delivery_attempts WHERE delivery_no IN
    (SELECT no FROM deliveries WHERE endpoint_id = ? LIMIT ${PURGED_ROWS})`,
  purgeDeliveries: `DELETE FROM deliveries WHERE no IN
    (SELECT no FROM deliveries WHERE endpoint_id = ? LIMIT ${PURGED_ROWS})`,
  purgeEndpoint: `DELETE FROM webhook_endpoints WHERE id = ?`,
  anyEndpoint: `SELECT id FROM webhook_endpoints WHERE workspace_id = ? LIMIT 1`,
  purgeEvents: `DELETE FROM events WHERE id IN
    (SELECT id FROM events WHERE workspace_id = ? LIMIT ${PURGED_ROWS})`,
  purgeSequence: `DELETE FROM event_sequences WHERE workspace_id = ?`,
} as const

export type DisabledReason = NonNullable<WebhookEndpointRow['disabledReason']>

/** Where mutations are written down. */
export type AuditLog = Pick<Audit, 'record'>

export type RetirementDeps = {
  db: Database
  clock: Clock
  outbox: Pick<Outbox, 'forget'>
  audit: AuditLog
  /** Lets everything else have its turn, between chunks. */
  nextTurn?: () => Promise<void>
}

export type Retirement = ReturnType<typeof createRetirement>

/** How endpoints stop: at once for what comes, in chunks for what still waits. */
export function createRetirement(deps: RetirementDeps) {
  const { db, clock, outbox, audit, nextTurn } = deps
  const sweep = createSweep(deps)

  function stop(tx: Tx, id: string, change: Partial<WebhookEndpointRow>): void {
    const now = clock.now()
    // What is enqueued later, by an endpoint that was enabled again, is no part of the sweep.
    const sweepTo = sweep.newestOf(id)
    db.sqlite.query(RETIREMENT_SQL.forgetReplays).run(id)
    const swept = { sweepAt: now, sweepTo }
    const row = tx
      .update(webhookEndpoints)
      .set({ enabled: false, nextClaimAt: null, ...swept, updatedAt: now, ...change })
      .where(eq(webhookEndpoints.id, id))
      .returning({ workspaceId: webhookEndpoints.workspaceId })
      .get()
    if (row) db.afterCommit(() => outbox.forget(row.workspaceId))
  }

  function disable(tx: Tx, id: string, reason: DisabledReason, actor = SYSTEM_ACTOR): void {
    const live = and(
      eq(webhookEndpoints.id, id),
      eq(webhookEndpoints.enabled, true),
      isNull(webhookEndpoints.deletedAt),
    )
    const row = tx.select().from(webhookEndpoints).where(live).get()
    if (!row) return
    stop(tx, id, { disabledReason: reason, disabledAt: clock.now() })
    sweep.cancelChunk(id, sweep.newestOf(id))
    const { workspaceId } = row
    const details = { reason }
    audit.record(tx, { workspaceId, actor, action: 'webhook.disabled', subjectId: id, details })
  }

  return {
    /** Switches an endpoint off and cancels what waits for it; what is in flight may finish. */
    disable,

    /** Hides an endpoint at once and forgets its secrets; {@link sweep} removes the rest. */
    delete(tx: Tx, id: string): void {
      stop(tx, id, { deletedAt: clock.now() })
      tx.delete(webhookSecrets).where(eq(webhookSecrets.endpointId, id)).run()
    },

    /** Switches off every endpoint of a workspace that is being deleted. */
    disableWorkspace(tx: Tx, workspaceId: string, actor: Actor): void {
      const theirs = eq(webhookEndpoints.workspaceId, workspaceId)
      const rows = tx.select({ id: webhookEndpoints.id }).from(webhookEndpoints).where(theirs).all()
      for (const { id } of rows) disable(tx, id, 'workspace', actor)
    },

    /**
     * Switches on again what {@link disableWorkspace} switched off; what waited then is canceled
     * before anything new is sent.
     */
    enableWorkspace(tx: Tx, workspaceId: string): void {
      const theirs = eq(webhookEndpoints.workspaceId, workspaceId)
      tx.update(webhookEndpoints)
        .set({ enabled: true, disabledReason: null, disabledAt: null, updatedAt: clock.now() })
        .where(and(theirs, eq(webhookEndpoints.disabledReason, 'workspace')))
        .run()
      db.afterCommit(() => outbox.forget(workspaceId))
    },

    /**
     * Removes a chunk of everything that a deleted workspace left here, endpoints first; false
     * when nothing is left and the workspace itself may go.
     */
    purgeWorkspaceChunk: sweep.workspaceChunk,

    /**
     * Cancels or removes what stopped endpoints left, in chunks that let others have their turn;
     * the next run goes on where this one stops.
     */
    async sweep(signal?: AbortSignal): Promise<void> {
      for (let chunk = 0; chunk < CHUNKS_PER_SWEEP && !signal?.aborted; chunk++) {
        if (!sweep.chunk()) return
        await nextTurn?.()
      }
    },
  }
}

type Swept = { id: string; deletedAt: number | null; sweepTo: number | null }

function createSweep({ db, clock }: RetirementDeps) {
  const newestOf = (endpointId: string): number =>
    db.sqlite.query<{ no: number | null }, [string]>(RETIREMENT_SQL.newest).get(endpointId)?.no ?? 0

  /** Cancels a chunk up to `newest`; later ones follow while the endpoint waits to be swept. */
  function cancelChunk(endpointId: string, newest: number): void {
    const { changes } = db.sqlite.query(RETIREMENT_SQL.cancel).run(clock.now(), endpointId, newest)
    if (changes < CHUNK_ROWS) db.sqlite.query(RETIREMENT_SQL.swept).run(endpointId)
  }

  function purgeChunk(endpointId: string): void {
    db.sqlite.query(RETIREMENT_SQL.purgeAttempts).run(endpointId)
    const { changes } = db.sqlite.query(RETIREMENT_SQL.purgeDeliveries).run(endpointId)
    if (changes < PURGED_ROWS) db.sqlite.query(RETIREMENT_SQL.purgeEndpoint).run(endpointId)
  }

  function workspaceChunk(workspaceId: string): boolean {
    return db.write(() => {
      const endpoint = db.sqlite
        .query<{ id: string }, [string]>(RETIREMENT_SQL.anyEndpoint)
        .get(workspaceId)
      if (endpoint) {
        purgeChunk(endpoint.id)
        return true
      }
      const { changes } = db.sqlite.query(RETIREMENT_SQL.purgeEvents).run(workspaceId)
      if (changes > 0) return true
      db.sqlite.query(RETIREMENT_SQL.purgeSequence).run(workspaceId)
      return false
    })
  }

  return {
    newestOf,
    cancelChunk,
    workspaceChunk,
    /** One chunk of what a stopped endpoint left; false when nothing is left anywhere. */
    chunk(): boolean {
      return db.write(() => {
        const due = db.sqlite.query<Swept, []>(RETIREMENT_SQL.due).get()
        if (!due) return false
        // Without a mark it was stopped by a version that knew none.
        const newest = due.sweepTo ?? newestOf(due.id)
        if (due.deletedAt === null) cancelChunk(due.id, newest)
        else purgeChunk(due.id)
        return true
      })
    },
  }
}
