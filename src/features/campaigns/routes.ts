import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { IdParams } from '../../http/schema'
import { CreateJob, JobPage, ListJobs, OneJob, toJob, toOneJob } from './schema'
import type { Campaigns } from './service'
import {
  ListSubmissions,
  ListSubmissionsOfJob,
  OneSubmission,
  SubmissionPage,
  toSubmission,
  toSubmissionDetail,
  UpdateSubmission,
} from './submission-schema'

export type CampaignRoutesDeps = { access: AccessPlugin; campaigns: Campaigns }

const READ = { scope: 'jobs:read', keyFeature: 'submissions_api' } as const
const WRITE = { scope: 'jobs:write', keyFeature: 'submissions_api' } as const

/** `/jobs`: batches of submissions. */
export const jobsRoutes = ({ access, campaigns }: CampaignRoutesDeps) =>
  new Elysia({ name: 'features/jobs', prefix: '/jobs', tags: ['Campaigns'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const { data, meta } = campaigns.jobs.list(principal, query)
        return { data: data.map(toJob), meta }
      },
      {
        access: READ,
        query: ListJobs,
        response: { 200: JobPage },
        detail: { summary: 'List jobs, newest first' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, toOneJob(campaigns.jobs.create(principal, body)))),
      {
        access: WRITE,
        body: CreateJob,
        response: { 201: OneJob },
        detail: {
          summary: 'Submit a site to directories',
          description:
            'Directories that do not take it are named in `skipped` with the reason. What the profile lacks can be filled in afterwards: the submission goes on by itself.',
          'x-errors': ['not_found', 'limit_reached'],
        },
      },
    )
    .get('/:id', ({ principal, params }) => toOneJob(campaigns.jobs.find(principal, params.id)), {
      access: READ,
      params: IdParams,
      response: { 200: OneJob },
      detail: { summary: 'Show a job and how far it is' },
    })
    .post(
      '/:id/cancel',
      ({ principal, params, once }) =>
        once(() => toOneJob(campaigns.jobs.cancel(principal, params.id))),
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneJob },
        detail: { summary: 'Withdraw what was not sent yet', 'x-errors': ['conflict'] },
      },
    )
    .get(
      '/:id/submissions',
      ({ principal, params, query }) => {
        const { data, meta } = campaigns.list(principal, { ...query, job_id: params.id })
        return { data: data.map(toSubmission), meta }
      },
      {
        access: READ,
        params: IdParams,
        query: ListSubmissionsOfJob,
        response: { 200: SubmissionPage },
        detail: { summary: 'List the submissions of a job in the order of its directories' },
      },
    )

/** `/submissions`: one site in one directory each. */
export const submissionsRoutes = ({ access, campaigns }: CampaignRoutesDeps) =>
  new Elysia({ name: 'features/submissions', prefix: '/submissions', tags: ['Campaigns'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const { data, meta } = campaigns.list(principal, query)
        return { data: data.map(toSubmission), meta }
      },
      {
        access: READ,
        query: ListSubmissions,
        response: { 200: SubmissionPage },
        detail: {
          summary: 'List submissions in the order in which they were made',
          description: 'The queue of who works on them: status=ready, mode=assisted.',
          'x-errors': ['not_found'],
        },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) =>
        toSubmissionDetail(campaigns.submissions.find(principal, params.id)),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneSubmission },
        detail: { summary: 'Show a submission with its copy, its draft and its history' },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) =>
        toSubmissionDetail(campaigns.update(principal, params.id, body)),
      {
        access: WRITE,
        params: IdParams,
        body: UpdateSubmission,
        response: { 200: OneSubmission },
        detail: {
          summary: 'Move a submission, approve it, or note a follow-up',
          description:
            'Exactly one of `status`, `approval` and `follow_up`. Handing in needs evidence; verified, live_nofollow, live_no_link, wrong_data and lost are said by the checker of links alone.',
          'x-errors': ['conflict', 'forbidden', 'invalid_url'],
        },
      },
    )
