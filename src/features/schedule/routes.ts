import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { CronAnswer, CronQuery, CronRunList, ListCronRuns, toCronAnswer, toCronRun } from './schema'
import type { Schedule } from './service'

export type ScheduleRoutesDeps = { access: AccessPlugin; schedule: Schedule }

/** `/api/cron`: the schedule in the hands of a scheduler outside. */
export const cronRoutes = ({ access, schedule }: ScheduleRoutesDeps) => {
  const answer = async ({ query }: { query: { task: 'renew' | 'weekly' | 'all' } }) =>
    toCronAnswer(await schedule.run(query.task, 'request'))
  const shapes = { query: CronQuery, response: { 200: CronAnswer } }
  const description =
    'Any number of callers at once handle each due item once; missed ones are made up for in order.'
  return new Elysia({ name: 'features/schedule', prefix: '/api/cron', tags: ['Schedule'] })
    .use(access)
    .get('', answer, {
      ...{ access: 'operator', ...shapes },
      detail: { summary: 'Do what is due: renewals, weekly reports', description },
    })
    .post('', answer, {
      ...{ access: 'operator', ...shapes },
      detail: { summary: 'As GET: do what is due', description },
    })
}

/** What the schedule did, for superadmins. */
export const adminCronRunsRoutes = ({ access, schedule }: ScheduleRoutesDeps) =>
  new Elysia({
    name: 'features/admin/cron-runs',
    prefix: '/admin/cron-runs',
    tags: ['Administration'],
  })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const { data, meta } = schedule.list(query)
        return { data: data.map((row) => toCronRun(row, schedule.wasCut(row))), meta }
      },
      {
        access: 'superadmin',
        query: ListCronRuns,
        response: { 200: CronRunList },
        detail: {
          summary: 'Runs of the schedule, newest first',
          description: 'Of the last 90 days.',
        },
      },
    )
