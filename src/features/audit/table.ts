import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Who did what to the set-up. Rows are only added. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    id: text('id').primaryKey(),
    /** Null for what concerns the installation. Outlives its workspace. */
    workspaceId: text('workspace_id'),
    actorKind: text('actor_kind', { enum: ['user', 'key', 'system'] }).notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name').notNull(),
    /** `key.created`, `member.role_changed`. */
    action: text('action').notNull(),
    subjectId: text('subject_id'),
    details: text('details', { mode: 'json' }).$type<Record<string, unknown>>(),
    at: integer('at').notNull(),
  },
  (table) => [
    index('audit_log_at').on(table.at, table.id),
    index('audit_log_workspace').on(table.workspaceId, table.at, table.id),
  ],
)

export type AuditRow = typeof auditLog.$inferSelect
