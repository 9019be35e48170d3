import { z } from 'zod'
import { type Tool, tool } from '../../http/tool'
import { CreateJob, JobPage, ListJobs, OneJob, toJob, toOneJob } from './schema'
import type { Campaigns } from './service'
import {
  ListSubmissions,
  OneSubmission,
  SubmissionPage,
  toSubmission,
  toSubmissionDetail,
  UpdateSubmission,
} from './submission-schema'

export type CampaignToolsDeps = { campaigns: Campaigns }

const READ = { scope: 'jobs:read', keyFeature: 'submissions_api' } as const
const WRITE = { scope: 'jobs:write', keyFeature: 'submissions_api' } as const
const JobId = z.object({ id: z.string().min(1).max(200).describe('Id of a job: job_…') })
const SubmissionId = z.object({
  id: z.string().min(1).max(200).describe('Id of a submission: sbm_…'),
})

export const campaignTools = (deps: CampaignToolsDeps): Tool[] => [
  ...submissionTools(deps),
  ...jobTools(deps),
]

const jobTools = ({ campaigns: { jobs } }: CampaignToolsDeps): Tool[] => [
  tool({
    name: 'job_create',
    title: 'Submit a site to directories',
    description:
      'Start a job that submits a site to the directories named, or to all that take it. What takes no submission is named with the reason. Nothing is sent before a person has approved it.',
    access: WRITE,
    effect: 'adds',
    input: CreateJob,
    output: OneJob,
    run: ({ principal, once }, given) => once(() => toOneJob(jobs.create(principal, given))),
  }),
  tool({
    name: 'jobs_list',
    title: 'List submission jobs',
    description: 'List the submission jobs of the workspace, newest first, and how far each is.',
    access: READ,
    effect: 'reads',
    input: ListJobs,
    output: JobPage,
    run({ principal }, query) {
      const { data, meta } = jobs.list(principal, query)
      return { data: data.map(toJob), meta }
    },
  }),
  tool({
    name: 'job_get',
    title: 'Show a submission job',
    description:
      'Read how far one submission job is: how many of its submissions are in each state.',
    access: READ,
    effect: 'reads',
    input: JobId,
    output: OneJob,
    run: ({ principal }, { id }) => toOneJob(jobs.find(principal, id)),
  }),
  tool({
    name: 'job_cancel',
    title: 'Cancel a submission job',
    description: 'Withdraw the submissions of a job that were not sent yet.',
    access: WRITE,
    effect: 'changes',
    input: JobId,
    output: OneJob,
    run: ({ principal, once }, { id }) => once(() => toOneJob(jobs.cancel(principal, id))),
  }),
]

const submissionTools = ({ campaigns }: CampaignToolsDeps): Tool[] => [
  tool({
    name: 'submissions_list',
    title: 'List submissions',
    description:
      'List submissions of sites to directories: of a job or a site, by status and mode. The queue of who works on them is status ready.',
    access: READ,
    effect: 'reads',
    input: ListSubmissions,
    output: SubmissionPage,
    run({ principal }, query) {
      const { data, meta } = campaigns.list(principal, query)
      return { data: data.map(toSubmission), meta }
    },
  }),
  tool({
    name: 'submission_get',
    title: 'Show a submission',
    description:
      'Read one submission with the copy cut to the limits of its directory, the draft that would be sent, and its whole history with evidence.',
    access: READ,
    effect: 'reads',
    input: SubmissionId,
    output: OneSubmission,
    run: ({ principal }, { id }) => toSubmissionDetail(campaigns.submissions.find(principal, id)),
  }),
  tool({
    name: 'submission_update',
    title: 'Move a submission',
    description:
      'Move a submission to another status with what that needs (evidence, the page of the listing, a reason), or note a follow-up. Approvals are for people alone.',
    access: WRITE,
    effect: 'changes',
    input: UpdateSubmission.extend(SubmissionId.shape),
    output: OneSubmission,
    run: ({ principal, once }, { id, ...given }) =>
      once(() => toSubmissionDetail(campaigns.update(principal, id, given))),
  }),
]
