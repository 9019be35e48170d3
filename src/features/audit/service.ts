import { and, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import { type AuditRow, auditLog } from './table'

export type { AuditRow } from './table'

export type AuditEntry = {
  /** Null for what concerns the installation. */
  workspaceId: string | null
  actor: Actor
  /** `noun.past`: `key.created`. */
  action: string
  subjectId: string | null
  /** What changed, without any secret. */
  details?: Record<string, unknown>
}

export type AuditFilter = {
  limit: number
  cursor?: string | undefined
  workspaceId?: string | undefined
  actorId?: string | undefined
  action?: string | undefined
  subjectId?: string | undefined
  /** First millisecond included. */
  fromMs?: number | undefined
  /** First millisecond no longer included. */
  toMs?: number | undefined
}

export type Audit = ReturnType<typeof createAudit>

const NEWEST = 'newest'

/** Who did what to accounts, keys, members, plans and workspaces. */
export function createAudit({ db, clock }: { db: Database; clock: Clock }) {
  return {
    /** Adds an entry in the transaction of what it tells about. */
    record(tx: Tx, { workspaceId, actor, action, subjectId, details }: AuditEntry): void {
      const at = clock.now()
      tx.insert(auditLog)
        .values({
          id: newId('aud', at),
          workspaceId,
          actorKind: actor.kind,
          actorId: actor.id,
          actorName: actor.name,
          action,
          subjectId,
          details: details ?? null,
          at,
        })
        .run()
    },

    /** Newest first; `total` is null because the log only grows. Throws `validation_failed`. */
    list(filter: AuditFilter): Page<AuditRow> {
      const { limit, cursor, workspaceId, actorId, action, subjectId, fromMs, toMs } = filter
      const after = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const rows = db.read
        .select()
        .from(auditLog)
        .where(
          and(
            workspaceId === undefined ? undefined : eq(auditLog.workspaceId, workspaceId),
            actorId === undefined ? undefined : eq(auditLog.actorId, actorId),
            action === undefined ? undefined : eq(auditLog.action, action),
            subjectId === undefined ? undefined : eq(auditLog.subjectId, subjectId),
            fromMs === undefined ? undefined : gte(auditLog.at, fromMs),
            toMs === undefined ? undefined : lt(auditLog.at, toMs),
            after && sql`(${auditLog.at}, ${auditLog.id}) < (${after.value}, ${after.id})`,
          ),
        )
        .orderBy(desc(auditLog.at), desc(auditLog.id))
        .limit(limit + 1)
        .all()
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last ? encodeCursor({ sort: NEWEST, value: last.at, id: last.id }) : null
      return { data, meta: { total: null, limit, offset: 0, nextCursor } }
    },
  }
}
