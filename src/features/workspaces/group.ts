import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import { workspaces } from './table'

/** Live workspaces that a billing group pays for, oldest first. */
export function createGroupQuery({ db }: { db: Database }): (groupId: string) => string[] {
  const query = db.read
    .select({ id: workspaces.id })
    .from(workspaces)
    .where(
      and(eq(workspaces.billingGroupId, sql.placeholder('groupId')), isNull(workspaces.deletedAt)),
    )
    .orderBy(asc(workspaces.no))
    .prepare()
  return (groupId) => query.all({ groupId }).map(({ id }) => id)
}
