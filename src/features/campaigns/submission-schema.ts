import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { GivenTime, oneLine } from '../../http/text'
import { type Draft, draftHash } from './draft'
import { Evidence, GivenEvidence, WebAddress } from './evidence'
import { type Mode, SUBMISSION_STATUSES } from './life-cycle'
import type { SubmissionDetail, SubmissionView } from './submissions'

const MODES = [
  'api',
  'email',
  'form',
  'assisted',
  'manual',
  'paid',
] as const satisfies readonly Mode[]

/** Why something waits that could be done. */
export const WAIT_REASONS = ['account_age', 'launch_date', 'budget', 'client_approval'] as const

export const ListSubmissionsOfJob = pageQuery().extend({
  status: z
    .enum(SUBMISSION_STATUSES, { error: `must be one of ${SUBMISSION_STATUSES.join(', ')}` })
    .optional(),
  mode: z.enum(MODES, { error: `must be one of ${MODES.join(', ')}` }).optional(),
})

export const ListSubmissions = ListSubmissionsOfJob.extend({
  job_id: z.string().max(200).optional(),
  site_id: z.string().max(200).optional(),
})
export type ListSubmissions = z.infer<typeof ListSubmissions>

const AMOUNT_MAX = 100_000_000

export const UpdateSubmission = z
  .object({
    status: z
      .enum(SUBMISSION_STATUSES, { error: `must be one of ${SUBMISSION_STATUSES.join(', ')}` })
      .optional()
      .describe('Where it goes; which moves there are depends on where it is.')
      .meta({ examples: ['claimed'] }),
    until: GivenTime.optional().describe('With claimed and waiting.'),
    reason: z
      .enum(WAIT_REASONS, { error: `must be one of ${WAIT_REASONS.join(', ')}` })
      .optional()
      .describe('With waiting.'),
    message: oneLine(1_000)
      .min(1, 'must not be empty')
      .optional()
      .describe('With needs_info, rejected and failed: what the directory said.'),
    evidence: GivenEvidence.optional().describe('With submitted: what shows it.'),
    listing_url: WebAddress.optional().describe('With live.'),
    existing_url: WebAddress.optional().describe('With duplicate.'),
    approval: z
      .object({
        draft: z
          .string()
          .max(100)
          .optional()
          .describe('The hash of the draft that was read: for email and form.'),
        amount: z
          .int('must be a whole number of minor units')
          .min(0, 'must not be negative')
          .max(AMOUNT_MAX, `must be at most ${AMOUNT_MAX}`)
          .optional()
          .describe('Minor units that may be spent: for paid, by an owner or admin.'),
        currency: z
          .string()
          .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR')
          .optional(),
      })
      .optional()
      .describe('By a signed-in person: sends the draft, or releases the amount.'),
    follow_up: z
      .object({ note: oneLine(1_000).min(1, 'must not be empty') })
      .optional()
      .describe('The directory was asked what became of it; at most twice.'),
  })
  .meta({ id: 'UpdateSubmission' })
export type UpdateSubmission = z.infer<typeof UpdateSubmission>

const text = z.string().nullable()

const submission = {
  id: z.string().meta({ examples: ['sbm_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  job_id: z.string(),
  site_id: z.string(),
  project_id: z.string(),
  directory: z.object({
    ...{ id: z.int(), name: z.string(), home_url: z.string(), submit_url: text },
  }),
  mode: z.enum(MODES).describe('How it is done.'),
  mode_reason: text.describe('Why by hand, where the mode of the directory is out of reach.'),
  status: z.enum(SUBMISSION_STATUSES),
  reason: text.describe('A code.'),
  message: text.describe('A sentence for people.'),
  missing_fields: z.array(z.string()).describe('What the profile of the site owes the directory.'),
  until: Timestamp.nullable(),
  claimed_by: text,
  evidence: Evidence.nullable().describe('Of what was handed in last.'),
  listing_url: text,
  existing_url: text,
  backlink_id: text.describe('The watched page of its listing.'),
  approved_by: text,
  approved_at: Timestamp.nullable(),
  amount: z.int().nullable().describe('Minor units that were approved.'),
  currency: text,
  follow_up: z.object({
    count: z.int(),
    due_at: Timestamp.nullable().describe('When to ask the directory; null where not to.'),
  }),
  profile_version: z.int().nullable().describe('The version of the profile that was handed in.'),
  submitted_at: Timestamp.nullable(),
  live_at: Timestamp.nullable(),
  verified_at: Timestamp.nullable(),
  created_at: Timestamp,
  updated_at: Timestamp,
}

export const Submission = z.object(submission).meta({ id: 'Submission' })
export type Submission = z.infer<typeof Submission>

const WireDraft = z.object({
  kind: z.enum(['email', 'form']),
  hash: z.string().describe('To be named in the approval.'),
  to: z.string().optional(),
  reply_to: text.optional(),
  subject: z.string().optional(),
  text: z.string().optional(),
  method: z.string().optional(),
  url: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
  success_text: z.string().optional(),
})

export const OneSubmission = dataOf(
  z
    .object({
      ...submission,
      pack: z
        .object({
          profile_version: z.int(),
          fields: z.array(
            z.object({
              field: z.string(),
              text,
              required: z.boolean(),
              max_length: z.int().nullable(),
              cut: z.boolean().describe('Whether the profile says more than fits.'),
            }),
          ),
        })
        .nullable()
        .describe('Copy within the limits of the directory; null once the site is removed.'),
      drift: z
        .array(z.object({ field: z.string(), submitted: text, now: text }))
        .describe('What the profile says otherwise than what was handed in.'),
      draft: WireDraft.nullable().describe('Exactly what would be sent, or was.'),
      history: z
        .array(
          z.object({
            at: Timestamp,
            actor: z.object({
              kind: z.enum(['user', 'key', 'system']),
              id: text,
              name: z.string(),
            }),
            from: z.enum(SUBMISSION_STATUSES).nullable(),
            to: z.enum(SUBMISSION_STATUSES),
            reason: text,
            message: text,
            evidence: Evidence.nullable(),
          }),
        )
        .describe('Newest first, at most 200.'),
    })
    .meta({ id: 'SubmissionDetail' }),
)

export const SubmissionPage = pageOf(Submission)

/** The only way in which a submission becomes JSON. */
export const toSubmission = ({ row, directory, followUpDueAt }: SubmissionView): Submission => ({
  id: row.id,
  job_id: row.jobId,
  site_id: row.siteId,
  project_id: row.projectId,
  directory: {
    id: directory.id,
    name: directory.name,
    home_url: directory.homeUrl,
    submit_url: directory.submitUrl,
  },
  mode: row.mode,
  mode_reason: row.modeReason,
  status: row.status,
  reason: row.reason,
  message: row.message,
  missing_fields: row.missing,
  until: toIsoOrNull(row.until),
  claimed_by: row.claimedByName,
  evidence: row.evidence,
  listing_url: row.listingUrl,
  existing_url: row.existingUrl,
  backlink_id: row.backlinkId,
  approved_by: row.approvedBy,
  approved_at: toIsoOrNull(row.approvedAt),
  amount: row.amountMinor,
  currency: row.currency,
  follow_up: { count: row.followUps, due_at: toIsoOrNull(followUpDueAt) },
  profile_version: row.profileVersion,
  submitted_at: toIsoOrNull(row.submittedAt),
  live_at: toIsoOrNull(row.liveAt),
  verified_at: toIsoOrNull(row.verifiedAt),
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})

const toDraft = (draft: Draft): z.infer<typeof WireDraft> => ({ ...draft, hash: draftHash(draft) })

export const toSubmissionDetail = (detail: SubmissionDetail): z.infer<typeof OneSubmission> => ({
  data: {
    ...toSubmission(detail),
    pack: detail.pack && { profile_version: detail.pack.version, fields: detail.pack.lines },
    drift: detail.drift,
    draft: detail.draft && toDraft(detail.draft),
    history: detail.history.map((one) => ({
      at: toIso(one.at),
      actor: { kind: one.actorKind, id: one.actorId, name: one.actorName },
      ...{ from: one.fromStatus, to: one.toStatus, reason: one.reason, message: one.message },
      evidence: one.evidence,
    })),
  },
})
