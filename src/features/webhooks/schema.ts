import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { EVENTS, EventBody, type EventType } from '../../core/events'
import { hasUnsafeText } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { shownHeaders } from './attempt'
import type { ReplayPlan } from './replay'
import type { Rotated } from './rotation'
import {
  DELIVERY_STATUSES,
  type DeliveryAttemptRow,
  type DeliveryRow,
  type EventRow,
  REPLAY_STATUSES,
  type WebhookEndpointRow,
} from './table'

const EventName = z.enum(Object.keys(EVENTS) as [EventType, ...EventType[]], {
  error: 'is not the name of an event',
})

const Url = z
  .string({ error: 'is required: the https URL that events are sent to' })
  .describe('https on a public address, without user info; vetted again at each delivery.')
  .meta({ examples: ['https://hooks.example.com/linkstead'] })

const EventNames = z
  .array(EventName, { error: 'is required: a list of event names' })
  .min(1, 'must name at least one event')
  .max(200, 'must have at most 200 names')
  .describe('Repeated names count once. `webhook.test` is sent by /test whatever is subscribed.')
  .meta({ examples: [['link.created', 'subscription.created']] })

const Description = z
  .string()
  .max(200, 'must have at most 200 characters')
  .refine((text) => !hasUnsafeText(text), 'must not contain control characters')
  .nullish()

export const CreateWebhook = z
  .object({ url: Url, events: EventNames, description: Description })
  .meta({ id: 'CreateWebhook' })
export type CreateWebhook = z.infer<typeof CreateWebhook>

export const UpdateWebhook = z
  .object({
    url: Url.optional(),
    events: EventNames.optional(),
    description: Description,
    enabled: z
      .boolean()
      .optional()
      .describe('false cancels what waits; true also forgets earlier failures.'),
  })
  .meta({ id: 'UpdateWebhook' })
export type UpdateWebhook = z.infer<typeof UpdateWebhook>

const webhookFields = {
  id: z.string().meta({ examples: ['whe_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  url: z.string(),
  events: z.array(EventName),
  description: z.string().nullable(),
  enabled: z.boolean(),
  disabledReason: z
    .enum(['user', 'gone', 'failing', 'workspace'])
    .nullable()
    .describe('`gone`: the receiver answered 410. `failing`: nothing but failures for days.'),
  disabledAt: Timestamp.nullable(),
  failingSince: Timestamp.nullable().describe('First failure since the last success.'),
  lastSuccessAt: Timestamp.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}

export const Webhook = z.object(webhookFields).meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof Webhook>

export const WebhookWithSecret = z
  .object({
    ...webhookFields,
    secret: z
      .string()
      .describe('Verifies signatures. Shown this once.')
      .meta({ examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='] }),
  })
  .meta({ id: 'WebhookWithSecret' })

export const RotatedWebhook = z
  .object({
    ...webhookFields,
    secret: z
      .string()
      .describe('Verifies signatures. Shown this once.')
      .meta({ examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='] }),
    oldSecretValidUntil: Timestamp.describe(
      'Until then, or until the old secret is retired, `webhook-signature` holds signatures of both and the two hex headers are signed with the old one.',
    ),
  })
  .meta({ id: 'RotatedWebhook' })

const MomentInput = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with a zone' })

export const ReplayWebhook = z
  .object({
    from: MomentInput.describe('Events created from this on.').meta({
      examples: ['2026-05-18T00:00:00Z'],
    }),
    to: MomentInput.optional()
      .describe('Events created before this; until now without it.')
      .meta({ examples: ['2026-05-19T00:00:00Z'] }),
    status: z
      .enum(REPLAY_STATUSES, { error: 'is not a status that can be replayed' })
      .default('dead')
      .describe(
        'Deliveries that stand so. `missing`: events that the endpoint subscribes to and never got, because it came later or was disabled. `all`: every one of these. What is being sent is left alone.',
      ),
  })
  .meta({ id: 'ReplayWebhook' })
export type ReplayWebhook = z.infer<typeof ReplayWebhook>

const Replay = z
  .object({
    webhookId: z.string(),
    from: Timestamp,
    to: Timestamp,
    status: z.enum(REPLAY_STATUSES),
    count: z.int().describe('Events that are sent again, in the background and in their order.'),
  })
  .meta({ id: 'Replay' })

const deliveryFields = {
  id: z.string().meta({ examples: ['dlv_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  webhookId: z.string(),
  eventId: z.string(),
  event: EventName,
  status: z.enum(DELIVERY_STATUSES).describe('The last three are final.'),
  attemptCount: z.int(),
  nextAttemptAt: Timestamp.nullable(),
  lastStatusCode: z.int().nullable(),
  lastError: z.string().nullable(),
  createdAt: Timestamp,
  finishedAt: Timestamp.nullable(),
}

export const Delivery = z.object(deliveryFields).meta({ id: 'Delivery' })
export type Delivery = z.infer<typeof Delivery>

const DeliveryAttempt = z
  .object({
    id: z.string(),
    number: z.int(),
    startedAt: Timestamp,
    durationMs: z.int(),
    statusCode: z.int().nullable().describe('Null when there was no answer.'),
    error: z.string().nullable().describe('Null for a success.'),
    requestHeaders: z.record(z.string(), z.string()).describe('Signatures are not repeated.'),
    responseHead: z
      .string()
      .nullable()
      .describe('Headers, an empty line and the start of the body, at most 4 KiB.'),
  })
  .meta({ id: 'DeliveryAttempt' })

export const DeliveryWithAttempts = z
  .object({ ...deliveryFields, url: z.string(), attempts: z.array(DeliveryAttempt) })
  .meta({ id: 'DeliveryWithAttempts' })

export const ListWebhooks = pageQuery()
export type ListWebhooks = z.infer<typeof ListWebhooks>

export const ListDeliveries = pageQuery(50)
  .omit({ offset: true })
  .extend({ status: z.enum(DELIVERY_STATUSES).optional() })
export type ListDeliveries = z.infer<typeof ListDeliveries>

export const ListEvents = pageQuery(50)
  .omit({ offset: true })
  .extend({
    after: z
      .string()
      .min(1, 'must be a sequence number or an event id')
      .max(200)
      .optional()
      .describe('The last event you have: its `sequence` or its id. From the oldest without it.'),
    type: EventName.optional(),
  })
export type ListEvents = z.infer<typeof ListEvents>

export const StreamEvents = ListEvents.pick({ after: true, type: true }).extend({
  after: z
    .string()
    .min(1, 'must be a sequence number or an event id')
    .max(200)
    .optional()
    .describe('The last event you have. `Last-Event-ID` counts before it. Only new ones without.'),
})
export type StreamEvents = z.infer<typeof StreamEvents>

export const StreamedEvents = z
  .string()
  .describe('Server-sent events: `id` is the sequence, `event` the type, `data` an Event as JSON.')

export const OneWebhook = dataOf(Webhook)
export const CreatedWebhook = dataOf(WebhookWithSecret)
export const OneRotatedWebhook = dataOf(RotatedWebhook)
export const OneReplay = dataOf(Replay)
export const WebhookList = pageOf(Webhook)
export const OneDelivery = dataOf(Delivery)
export const DeliveryDetail = dataOf(DeliveryWithAttempts)
export const DeliveryList = pageOf(Delivery)
export const OneEvent = dataOf(EventBody)
export const EventList = pageOf(EventBody)

/** The only way in which an endpoint becomes JSON; its secret is never part of the row. */
export const toWebhook = (row: WebhookEndpointRow): Webhook => ({
  id: row.id,
  url: row.url,
  events: row.events,
  description: row.description,
  enabled: row.enabled,
  disabledReason: row.disabledReason,
  disabledAt: toIsoOrNull(row.disabledAt),
  failingSince: toIsoOrNull(row.failingSince),
  lastSuccessAt: toIsoOrNull(row.lastSuccessAt),
  createdAt: toIso(row.createdAt),
  updatedAt: toIso(row.updatedAt),
})

export const toRotatedWebhook = ({ row, secret, oldSecretValidUntil }: Rotated) => ({
  ...toWebhook(row),
  secret,
  oldSecretValidUntil: toIso(oldSecretValidUntil),
})

export const toReplay = (plan: ReplayPlan) => ({
  webhookId: plan.endpointId,
  from: toIso(plan.fromAt),
  to: toIso(plan.toAt),
  status: plan.status,
  count: plan.count,
})

/** A delivery with what its event says of it. */
export type TypedDelivery = { row: DeliveryRow; type: EventType }

export const toDelivery = ({ row, type }: TypedDelivery): Delivery => ({
  id: row.id,
  webhookId: row.endpointId,
  eventId: row.eventId,
  event: type,
  status: row.status,
  attemptCount: row.attempts,
  nextAttemptAt: row.status === 'pending' ? toIso(row.dueAt) : null,
  lastStatusCode: row.lastStatusCode,
  lastError: row.lastError,
  createdAt: toIso(row.createdAt),
  finishedAt: toIsoOrNull(row.finishedAt),
})

export type FullDelivery = TypedDelivery & { url: string; attempts: DeliveryAttemptRow[] }

export const toDeliveryWithAttempts = (delivery: FullDelivery) => ({
  ...toDelivery(delivery),
  url: delivery.url,
  attempts: delivery.attempts.map((attempt) => ({
    id: attempt.id,
    number: attempt.n,
    startedAt: toIso(attempt.startedAt),
    durationMs: attempt.durationMs,
    statusCode: attempt.statusCode,
    error: attempt.error,
    requestHeaders: shownHeaders(delivery.row.eventId, delivery.type, attempt.startedAt),
    responseHead: attempt.responseHead,
  })),
})

/** An event as it was sent: read back from the bytes that were signed. */
export const toEvent = (row: EventRow): EventBody =>
  EventBody.parse(JSON.parse(row.body.toString('utf8')))
