import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { JobView } from './jobs'
import { JOB_STATUSES, progressOf } from './progress'

const DIRECTORIES_MAX = 500

export const CreateJob = z
  .object({
    site_id: z
      .string({ error: 'is required: the id of a site' })
      .max(200, 'must have at most 200 characters')
      .meta({ examples: ['site_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    directory_ids: z
      .array(z.int('must be a whole number').min(1, 'must be at least 1'))
      .min(1, 'must name at least one directory')
      .max(DIRECTORIES_MAX, `must be at most ${DIRECTORIES_MAX}`)
      .nullish()
      .describe('Every one that takes the site, as far as the quota goes, when left out.')
      .meta({ examples: [[1, 2, 3, 4, 5]] }),
  })
  .meta({ id: 'CreateJob' })
export type CreateJob = z.infer<typeof CreateJob>

export const ListJobs = pageQuery().extend({ site_id: z.string().max(200).optional() })
export type ListJobs = z.infer<typeof ListJobs>

const JobProgress = z
  .object({
    total: z.int(),
    queued: z.int().describe('Not handed in yet, and nothing stands in the way.'),
    needs_action: z.int().describe('Somebody has to fill in, approve or answer something first.'),
    submitted: z.int().describe('Handed in; the directory has not decided.'),
    live: z.int().describe('Listed, but not (or not as wanted) seen by the checker of links.'),
    verified: z.int().describe('The checker of links has seen the link.'),
    rejected: z.int().describe('Refused, or listed there before.'),
    failed: z.int(),
    lost: z.int().describe('A listing that is gone.'),
    withdrawn: z.int(),
  })
  .describe('Each submission counts once beside `total`.')

export const Job = z
  .object({
    id: z.string().meta({ examples: ['job_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    site_id: z.string(),
    project_id: z.string(),
    status: z
      .enum(JOB_STATUSES)
      .describe('Completed once nothing is left to be handed in; failed when all of it failed.'),
    progress: JobProgress,
    skipped: z
      .array(z.object({ directory_id: z.int(), reason: z.string(), message: z.string() }))
      .describe('Directories that got no submission, and why.'),
    created_by: z.string(),
    created_at: Timestamp,
    updated_at: Timestamp,
    ended_at: Timestamp.nullable(),
  })
  .meta({ id: 'Job' })
export type Job = z.infer<typeof Job>

export const OneJob = z.object({ id: z.string(), status: z.enum(JOB_STATUSES), data: Job })
export const JobPage = pageOf(Job)

/** The only way in which a job becomes JSON. */
export const toJob = ({ row, counts }: JobView): Job => ({
  id: row.id,
  site_id: row.siteId,
  project_id: row.projectId,
  status: row.status,
  progress: progressOf(counts),
  skipped: row.skipped,
  created_by: row.createdBy,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
  ended_at: toIsoOrNull(row.endedAt),
})

/** As the page of the seed shows it: id and status at the top as well. */
export const toOneJob = (view: JobView): z.infer<typeof OneJob> => {
  const data = toJob(view)
  return { id: data.id, status: data.status, data }
}
