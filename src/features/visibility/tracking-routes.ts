import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AccessPlugin } from '../../http/access'
import { download } from '../../http/download'
import { IdParams } from '../../http/schema'
import { AnswerList, ListAnswers, toAnswer } from './answer-schema'
import type { Visibility } from './service'
import { toSummary, VisibilitySummary } from './summary-schema'
import {
  Estimate,
  ListRuns,
  OneRun,
  PlanRuns,
  RunList,
  StartedRuns,
  StartRuns,
  toEstimate,
  toRun,
  toRunDetail,
  toStartedRuns,
} from './tracking-schema'

export type TrackingRoutesDeps = { access: AccessPlugin; visibility: Visibility }

const READ = { scope: 'tracking:read', keyFeature: 'tracking' } as const
const WRITE = { scope: 'tracking:write', keyFeature: 'tracking' } as const

const AnswersFile = z
  .string()
  .describe('One line per planned answer; every figure of the run can be computed from them.')

export const trackingRoutes = ({
  access,
  visibility: { runs, summary, answersFile },
}: TrackingRoutesDeps) =>
  new Elysia({ name: 'features/visibility/tracking', prefix: '/tracking', tags: ['Visibility'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const { data, meta } = runs.list(principal, query)
        return { data: data.map(toRun), meta }
      },
      {
        access: READ,
        query: ListRuns,
        response: { 200: RunList },
        detail: { summary: 'List runs, newest first' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => {
          const { plan, views } = runs.start(principal, body)
          return status(202, toStartedRuns(plan, views))
        }),
      {
        access: WRITE,
        body: StartRuns,
        response: { 202: StartedRuns },
        detail: {
          summary: 'Ask the prompts of engines, a run for each',
          description:
            'Each prompt is sent word for word in a conversation of its own. The answers of the month are used when a run is planned. An answer of an API is not what the consumer application shows.',
          'x-errors': ['limit_reached', 'not_found'],
        },
      },
    )
    .post(
      '/estimate',
      ({ principal, body, once, status }) =>
        once(() => status(200, toEstimate(runs.estimate(principal, body)))),
      {
        access: READ,
        body: PlanRuns,
        response: { 200: Estimate },
        detail: {
          summary: 'How many answers a start would ask for, and what they are expected to cost',
          'x-errors': ['not_found'],
        },
      },
    )
    .get('/summary', ({ principal }) => toSummary(summary(principal)), {
      access: READ,
      response: { 200: VisibilitySummary },
      detail: {
        summary: 'The own score against competitors, by engine, and how it came to be',
        description: 'Scores of runs that did not measure the same are parted by breaks.',
      },
    })
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toRunDetail(runs.find(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneRun },
        detail: { summary: 'Show a run with its figures and both intervals' },
      },
    )
    .get(
      '/:id/answers',
      ({ principal, params, query }) => {
        const { data, meta } = runs.answers(principal, params.id, query)
        return { data: data.map(toAnswer), meta }
      },
      {
        access: READ,
        params: IdParams,
        query: ListAnswers,
        response: { 200: AnswerList },
        detail: { summary: 'The planned answers of a run, with the evidence in each' },
      },
    )
    .get(
      '/:id/answers.csv',
      ({ principal, params }) => download(answersFile(principal, params.id), 'csv', params.id),
      {
        access: READ,
        params: IdParams,
        response: { 200: AnswersFile },
        detail: { summary: 'The planned answers of a run as CSV', 'x-media-type': 'text/csv' },
      },
    )
