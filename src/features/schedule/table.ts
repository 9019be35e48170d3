import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { CronRan } from './service'

export const CRON_TASKS = ['renew', 'weekly', 'all'] as const

/** Every run of the schedule, whoever asked for it. What is due is kept once by each task itself. */
export const cronRuns = sqliteTable(
  'cron_runs',
  {
    id: text('id').primaryKey(),
    task: text('task', { enum: CRON_TASKS }).notNull(),
    /** `loop`: by itself; `request`: `/api/cron`. */
    trigger: text('trigger', { enum: ['loop', 'request'] }).notNull(),
    /** Life of the server that it ran in: one that began in another life and has no end was cut. */
    bootId: text('boot_id').notNull(),
    startedAt: integer('started_at').notNull(),
    finishedAt: integer('finished_at'),
    outcome: text('outcome', { enum: ['running', 'ok', 'failed'] }).notNull(),
    ran: text('ran', { mode: 'json' }).$type<CronRan>().notNull(),
    error: text('error'),
  },
  (table) => [index('cron_runs_newest').on(table.startedAt, table.id)],
)

export type CronRunRow = typeof cronRuns.$inferSelect
