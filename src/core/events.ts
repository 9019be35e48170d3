import { z } from 'zod'

const LinkFacts = z.looseObject({
  id: z.string(),
  slug: z.string(),
  url: z.string().nullable().describe('The target; null for wifi, vcard and text.'),
  shortUrl: z.string(),
})

const Facts = z.looseObject({})

/** What can change of a project (contract §4). */
export const PROJECT_CHANGES = [
  ...(['created', 'updated', 'deleted', 'scan_started'] as const),
  ...(['scan_progressed', 'scan_finished', 'checks_changed', 'actions_changed'] as const),
] as const
export type ProjectChange = (typeof PROJECT_CHANGES)[number]

const ProjectFacts = z.looseObject({
  action: z.enum(PROJECT_CHANGES),
  project: z.looseObject({ id: z.string(), name: z.string(), primaryDomain: z.string() }),
})

/** What a run of checks found of a project's backlinks. */
const BacklinkFacts = z.looseObject({
  project: z.looseObject({ id: z.string(), name: z.string() }),
  count: z.int().describe('How many there are; the first fifty are named.'),
  backlinks: z.array(
    z.looseObject({
      id: z.string(),
      url: z.string(),
      kind: z.enum(['changed', 'unverifiable', 'lost', 'recovered']),
      state: z.string(),
      verdict: z.string().nullable(),
      changes: z.array(
        z.object({
          field: z.string(),
          before: z.string().nullable(),
          after: z.string().nullable(),
        }),
      ),
      at: z.iso.datetime(),
    }),
  ),
})

/** What an ending or a missing payment is about. */
const SubscriptionFacts = z.looseObject({
  subscriptionId: z.string(),
  plan: z.string(),
  reason: z.enum(['requested', 'unpaid']).optional(),
  invoiceId: z.string().optional(),
  invoiceNumber: z.string().optional(),
  amount: z.number().optional().describe('What is owed, in major units.'),
  amountMinor: z.int().optional(),
  currency: z.string().optional(),
})

/**
 * Everything that can happen and be told to a webhook: the name, what it means, and the shape of
 * `data`. `optIn` events are written only when an endpoint subscribes to them.
 */
export const EVENTS = {
  'project.changed': {
    summary: 'A project was created or its set-up changed.',
    data: ProjectFacts,
  },
  'webhook.test': {
    summary: 'Sent on request to prove that a destination works.',
    data: z.object({ message: z.string(), project: z.null() }),
  },
  'link.created': { summary: 'A short link was created.', data: LinkFacts },
  'link.updated': { summary: 'A short link was changed.', data: LinkFacts },
  'link.deleted': { summary: 'A short link was deleted.', data: LinkFacts },
  'link.clicked': { summary: 'A short link was visited (opt-in).', data: Facts },
  'link.limit_reached': { summary: 'A link reached its click limit.', data: Facts },
  'subscription.created': {
    summary: 'A subscription was started or renewed.',
    data: z.looseObject({
      plan: z.string(),
      amount: z.number().describe('In major units.'),
      interval: z.enum(['month', 'year']),
      currency: z.string(),
      amountMinor: z.int(),
    }),
  },
  'subscription.past_due': { summary: 'A renewal was not paid in time.', data: SubscriptionFacts },
  'subscription.canceled': { summary: 'A subscription ended.', data: SubscriptionFacts },
  'usage.limit_reached': {
    summary: 'A limit of the plan was reached; told once a month.',
    data: z.looseObject({
      limit: z.string(),
      used: z.int(),
      allowed: z.int(),
      periodStart: z.iso.datetime(),
    }),
  },
  'conversion.lead': { summary: 'A lead was recorded.', data: Facts },
  'conversion.sale': { summary: 'A sale or a refund was recorded.', data: Facts },
  'domain.verified': { summary: 'A domain now serves links.', data: Facts },
  'domain.unhealthy': { summary: 'A domain stopped pointing here.', data: Facts },
  'job.completed': {
    summary: 'A submission job ended.',
    data: z.looseObject({
      id: z.string(),
      site_id: z.string(),
      status: z.enum(['completed', 'canceled', 'failed']),
      progress: z.looseObject({ total: z.int() }),
    }),
  },
  'submission.updated': {
    summary: 'A submission changed its state.',
    data: z.looseObject({
      id: z.string(),
      job_id: z.string(),
      site_id: z.string(),
      directory_id: z.int(),
      status: z.string(),
      previous_status: z.string(),
    }),
  },
  'backlink.changed': {
    summary: 'Backlinks of a project changed, or could not be verified for 14 days.',
    data: BacklinkFacts,
  },
  'backlink.lost': {
    summary: 'Backlinks of a project are gone: missed twice, twelve hours apart.',
    data: BacklinkFacts,
  },
  'backlink.recovered': {
    summary: 'Lost backlinks of a project are back.',
    data: BacklinkFacts,
  },
  'tracking.completed': { summary: 'A tracking run ended.', data: Facts },
  'visibility.changed': { summary: 'A visibility score moved beyond its interval.', data: Facts },
  'report.weekly': {
    summary: 'A weekly report is ready; all of it is at /reports/{id}.',
    data: z.looseObject({
      id: z.string(),
      week: z.string().describe('ISO week, such as 2026-W10.'),
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      timezone: z.string(),
      clicks: z.int(),
      uniques: z.int(),
      bots: z.int(),
    }),
  },
} as const satisfies Record<string, { summary: string; data: z.ZodType }>

export type EventType = keyof typeof EVENTS

/** What an endpoint can subscribe to; `webhook.test` reaches every endpoint unasked. */
export const SUBSCRIBABLE_EVENTS = Object.keys(EVENTS).filter(
  (name) => name !== 'webhook.test',
) as [EventType, ...EventType[]]

/** One thing that happened, before it gets its id and place in the workspace's sequence. */
export type NewEvent = {
  type: EventType
  workspaceId: string
  projectId?: string | null
  data: Record<string, unknown>
}

/** The body of every delivery (contract §7): serves the seeds' receivers and Standard Webhooks. */
export const EventBody = z
  .object({
    id: z.string().meta({ examples: ['evt_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    type: z.enum(Object.keys(EVENTS) as [EventType, ...EventType[]]),
    event: z.enum(Object.keys(EVENTS) as [EventType, ...EventType[]]),
    createdAt: z.iso.datetime(),
    ts: z.iso.datetime(),
    timestamp: z.iso.datetime(),
    workspaceId: z.string(),
    projectId: z.string().nullable(),
    sequence: z.int().describe('Grows by one per event of the workspace.'),
    data: z.looseObject({}),
  })
  .meta({ id: 'Event' })
export type EventBody = z.infer<typeof EventBody>
