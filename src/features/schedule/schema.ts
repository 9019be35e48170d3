import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { pageOf, Timestamp } from '../../http/schema'
import type { CronReport, CronRunRow } from './service'
import { CRON_TASKS } from './table'

const Task = z.enum(CRON_TASKS, { error: 'must be renew, weekly or all' })

export const CronQuery = z.object({
  secret: z.string().optional().describe('CRON_SECRET; it may also be sent as Bearer.'),
  // As in `?secret=&task=`.
  task: z.preprocess((value) => (value === '' ? undefined : value), Task.default('all')),
})

const Ran = z
  .object({
    renew: z
      .object({ due: z.int(), renewed: z.int(), past_due: z.int(), canceled: z.int() })
      .optional(),
    weekly: z.object({ due: z.int(), sent: z.int(), skipped: z.int() }).optional(),
  })
  .meta({ id: 'CronRan', description: 'What was done, by task.' })

export const CronAnswer = z
  .object({
    ok: z.literal(true),
    task: z.enum(CRON_TASKS),
    ran: Ran,
    startedAt: Timestamp,
    finishedAt: Timestamp,
  })
  .meta({ id: 'CronAnswer' })

export const toCronAnswer = ({
  task,
  ran,
  startedAt,
  finishedAt,
}: CronReport): z.infer<typeof CronAnswer> => ({
  ...{ ok: true, task, ran },
  ...{ startedAt: toIso(startedAt), finishedAt: toIso(finishedAt) },
})

export const ListCronRuns = z.object({
  limit: z.coerce
    .number({ error: 'must be a number from 1 to 100' })
    .int('must be a whole number')
    .min(1, 'must be from 1 to 100')
    .max(100, 'must be from 1 to 100')
    .default(20),
  cursor: z.string().max(1000).optional(),
  task: Task.optional(),
})

export const CronRunList = pageOf(
  z
    .object({
      id: z.string(),
      task: z.enum(CRON_TASKS),
      trigger: z
        .enum(['loop', 'request'])
        .describe('`loop`: by the server itself; `request`: through `/api/cron`.'),
      outcome: z
        .enum(['running', 'ok', 'failed', 'interrupted'])
        .describe('`interrupted`: the server ended meanwhile; the next run goes on.'),
      ran: Ran,
      error: z.string().nullable(),
      startedAt: Timestamp,
      finishedAt: Timestamp.nullable(),
    })
    .meta({ id: 'CronRun' }),
)

export const toCronRun = (row: CronRunRow, wasCut: boolean) => ({
  ...{ id: row.id, task: row.task, trigger: row.trigger, ran: row.ran, error: row.error },
  outcome: wasCut ? ('interrupted' as const) : row.outcome,
  startedAt: toIso(row.startedAt),
  finishedAt: toIsoOrNull(row.finishedAt),
})
