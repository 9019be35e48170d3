import { and, count, desc, isNotNull, isNull, or, sql } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import { AppError, invalid } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Billing } from '../billing/service'
import type { WorkspaceDirectory } from './directory'
import type { ListEveryWorkspace } from './operated-schema'
import type { Person } from './seats'
import { type WorkspaceRow, workspaces } from './table'

export type WorkspaceOperationDeps = {
  db: Database
  directory: WorkspaceDirectory
  billing: Pick<Billing, 'changePlan' | 'findPlan' | 'planOfGroup'>
  audit: Pick<Audit, 'record'>
  ownerOf(workspaceId: string): Person | undefined
}

/** A workspace as a superadmin sees it, who need not sit in it. */
export type OperatedWorkspace = {
  row: WorkspaceRow
  planKey: string
  owner: Person | undefined
}

const SORT = 'newest'

/** Every tenant in the hands of the operator. */
export function createWorkspaceOperation(deps: WorkspaceOperationDeps) {
  const { db, directory, billing, audit, ownerOf } = deps

  const operated = (row: WorkspaceRow): OperatedWorkspace => ({
    row,
    planKey: billing.planOfGroup(row.billingGroupId).key,
    owner: ownerOf(row.id),
  })

  function requireAny(id: string): WorkspaceRow {
    const row = directory.findAny(id)
    if (!row) throw new AppError('not_found', 'There is no such workspace.')
    return row
  }

  return {
    operated,

    /** Newest first. Throws `validation_failed` for a foreign cursor. */
    list(query: ListEveryWorkspace): Page<OperatedWorkspace> {
      const { limit, offset, cursor, q, state } = query
      const pattern = `%${(q ?? '').replace(/[\\%_]/g, '\\$&')}%`
      const wanted = and(
        state === 'live' ? isNull(workspaces.deletedAt) : undefined,
        state === 'deleted' ? isNotNull(workspaces.deletedAt) : undefined,
        q === undefined
          ? undefined
          : or(
              sql`${workspaces.name} LIKE ${pattern} ESCAPE '\\'`,
              sql`${workspaces.slug} LIKE ${pattern} ESCAPE '\\'`,
            ),
      )
      const at = cursor === undefined ? undefined : decodeCursor(cursor, SORT)
      const after = at && sql`(${workspaces.createdAt}, ${workspaces.id}) < (${at.value}, ${at.id})`
      const rows = db.read
        .select()
        .from(workspaces)
        .where(and(wanted, after))
        .orderBy(desc(workspaces.createdAt), desc(workspaces.id))
        .limit(limit + 1)
        .offset(at ? 0 : offset)
        .all()
      const total = db.read.select({ n: count() }).from(workspaces).where(wanted).get()?.n ?? 0
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id })
        : null
      return { data: shown.map(operated), meta: { total, limit, offset, nextCursor } }
    },

    /** A workspace, deleted ones too until they are purged. Throws `not_found`. */
    requireById: (id: string): OperatedWorkspace => operated(requireAny(id)),

    /**
     * Moves the billing group of a workspace, and with it all workspaces of that group, to another
     * plan at once. Throws `not_found` for the workspace, `validation_failed` for the plan.
     */
    changePlan(actor: Actor, id: string, planKey: string): OperatedWorkspace {
      return db.write((tx) => {
        const row = requireAny(id)
        if (!billing.findPlan(planKey)) throw invalid('plan', `There is no plan "${planKey}".`)
        const before = billing.planOfGroup(row.billingGroupId).key
        if (before === planKey) return operated(row)
        billing.changePlan(tx, row.billingGroupId, planKey)
        audit.record(tx, {
          workspaceId: id,
          actor,
          action: 'workspace.plan_changed',
          subjectId: id,
          details: { before, after: planKey, billing_group_id: row.billingGroupId },
        })
        return operated(row)
      })
    },
  }
}
