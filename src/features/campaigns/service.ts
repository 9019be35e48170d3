import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import type { Page } from '../../core/page'
import type { Database } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { MailService } from '../mails/service'
import type { Outbox } from '../webhooks/outbox'
import { createApproving } from './approving'
import { createChanging } from './changing'
import { createDeliveryExamples, type DeliveredDeps } from './delivered'
import { createFormSender } from './form-sending'
import { createJobs, type JobsDeps } from './jobs'
import { createMoves } from './moves'
import { createQualifying } from './qualifying'
import type { ListSubmissions } from './submission-schema'
import { createSubmissions, type SubmissionsDeps, type SubmissionView } from './submissions'
import { createVerification, type VerificationDeps } from './verification'
import { createWorkLoop, type WorkingDeps } from './working'

export type CampaignDeps = Omit<JobsDeps, 'moves'> &
  SubmissionsDeps &
  DeliveredDeps &
  Pick<VerificationDeps, 'backlinks'> &
  Pick<WorkingDeps, 'workspaces' | 'nextTurn'> & {
    db: Database
    clock: Clock
    outbox: Pick<Outbox, 'enqueue'>
    internet: Pick<Internet, 'request' | 'judgeUrl'>
    mails: Pick<MailService, 'enqueue' | 'configured' | 'outcomeOf'>
    publicUrl: () => string
  }

export type Campaigns = ReturnType<typeof createCampaigns>

/** Sites brought into directories: batches, each submission's life, and the work on them. */
export function createCampaigns(deps: CampaignDeps) {
  const moves = createMoves(deps)
  const submissions = createSubmissions(deps)
  const { approve } = createApproving({ ...deps, submissions, moves })
  const canMail = deps.mails.configured
  const qualify = createQualifying({ submissions, moves, canMail })
  const { watchListing } = createVerification({ ...deps, submissions, moves })
  const sendForm = createFormSender(deps)
  const jobs = createJobs({ ...deps, moves })
  return {
    ...{ jobs, submissions },

    /** A page of submissions, of one job where it is named. Throws `not_found` for the job. */
    list(principal: Principal, query: ListSubmissions): Page<SubmissionView> {
      if (query.job_id) jobs.find(principal, query.job_id)
      return submissions.list(principal, query)
    },

    ...createChanging({ ...deps, submissions, moves, approve, watchListing }),
    /** What became of submissions, without a name. */
    examples: createDeliveryExamples(deps),
    loop: createWorkLoop({ ...deps, submissions, moves, qualify, sendForm }),
  }
}
