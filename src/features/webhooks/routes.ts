import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import {
  CreatedWebhook,
  CreateWebhook,
  DeliveryDetail,
  DeliveryList,
  EventList,
  ListDeliveries,
  ListEvents,
  ListWebhooks,
  OneDelivery,
  OneEvent,
  OneReplay,
  OneRotatedWebhook,
  OneWebhook,
  ReplayWebhook,
  StreamEvents,
  StreamedEvents,
  toDelivery,
  toDeliveryWithAttempts,
  toEvent,
  toReplay,
  toRotatedWebhook,
  toWebhook,
  UpdateWebhook,
  WebhookList,
} from './schema'
import type { WebhookService } from './service'

export type WebhooksRoutesDeps = { access: AccessPlugin; webhooks: WebhookService }

/** Endpoints at `/webhooks`, what was sent at `/deliveries`, what happened at `/events`. */
export const webhooksRoutes = (deps: WebhooksRoutesDeps) =>
  new Elysia({ name: 'features/webhooks' })
    .use(endpointRoutes(deps))
    .use(deliveryRoutes(deps))
    .use(eventRoutes(deps))

const READ = { scope: 'webhooks:read' } as const
const WRITE = { scope: 'webhooks:write' } as const

const endpointRoutes = ({ access, webhooks }: WebhooksRoutesDeps) =>
  new Elysia({ name: 'features/webhooks/endpoints', prefix: '/webhooks', tags: ['Webhooks'] })
    .use(access)
    .post(
      '',
      async ({ body, principal, once, status }) => {
        await webhooks.vetUrl(body.url)
        return once(() => {
          const { row, secret } = webhooks.create(principal, body)
          return status(201, { data: { ...toWebhook(row), secret } })
        })
      },
      {
        access: WRITE,
        body: CreateWebhook,
        response: { 201: CreatedWebhook },
        detail: {
          summary: 'Register a webhook endpoint',
          'x-errors': ['invalid_url', 'limit_reached'],
        },
      },
    )
    .get(
      '',
      ({ query, principal }) => {
        const { data, meta } = webhooks.list(principal, query)
        return { data: data.map(toWebhook), meta }
      },
      {
        access: READ,
        query: ListWebhooks,
        response: { 200: WebhookList },
        detail: { summary: 'List webhook endpoints' },
      },
    )
    .get(
      '/:id',
      ({ params, principal }) => ({ data: toWebhook(webhooks.requireById(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneWebhook },
        detail: { summary: 'A webhook endpoint' },
      },
    )
    .patch(
      '/:id',
      async ({ params, body, principal }) => {
        await webhooks.vetUrl(body.url)
        return { data: toWebhook(webhooks.update(principal, params.id, body)) }
      },
      {
        access: WRITE,
        params: IdParams,
        body: UpdateWebhook,
        response: { 200: OneWebhook },
        detail: { summary: 'Change a webhook endpoint', 'x-errors': ['invalid_url'] },
      },
    )
    .delete('/:id', ({ params, principal }) => deleted(webhooks.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Delete a webhook endpoint and what was sent to it' },
    })
    .post(
      '/:id/test',
      ({ params, principal, once, status }) =>
        once(() => status(202, { data: toDelivery(webhooks.test(principal, params.id)) })),
      {
        access: WRITE,
        params: IdParams,
        response: { 202: OneDelivery },
        detail: { summary: 'Send a test event', 'x-errors': ['conflict'] },
      },
    )
    .post(
      '/:id/rotate-secret',
      ({ params, principal, once }) =>
        once(() => ({ data: toRotatedWebhook(webhooks.rotateSecret(principal, params.id)) })),
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneRotatedWebhook },
        detail: { summary: 'Give a webhook endpoint a new secret', 'x-errors': ['conflict'] },
      },
    )
    .post(
      '/:id/retire-secret',
      ({ params, principal, once }) =>
        once(() => ({ data: toWebhook(webhooks.retireSecret(principal, params.id)) })),
      {
        access: WRITE,
        params: IdParams,
        response: { 200: OneWebhook },
        detail: { summary: 'End the old secret at once' },
      },
    )
    .post(
      '/:id/replay',
      async ({ params, body, principal, once, status }) => {
        const plan = await webhooks.replays.plan(principal, params.id, body)
        return once(() => status(202, { data: toReplay(webhooks.replays.start(principal, plan)) }))
      },
      {
        access: WRITE,
        params: IdParams,
        body: ReplayWebhook,
        response: { 202: OneReplay },
        detail: { summary: 'Send past events again', 'x-errors': ['conflict'] },
      },
    )
    .get(
      '/:id/deliveries',
      ({ params, query, principal }) => {
        const { data, meta } = webhooks.listDeliveries(principal, params.id, query)
        return { data: data.map(toDelivery), meta }
      },
      {
        access: READ,
        params: IdParams,
        query: ListDeliveries,
        response: { 200: DeliveryList },
        detail: { summary: 'What was sent to a webhook endpoint' },
      },
    )

const deliveryRoutes = ({ access, webhooks: { deliveries } }: WebhooksRoutesDeps) =>
  new Elysia({ name: 'features/webhooks/deliveries', prefix: '/deliveries', tags: ['Webhooks'] })
    .use(access)
    .get(
      '/:id',
      ({ params, principal }) => ({
        data: toDeliveryWithAttempts(deliveries.requireWithAttempts(principal, params.id)),
      }),
      {
        access: READ,
        params: IdParams,
        response: { 200: DeliveryDetail },
        detail: { summary: 'A delivery with its attempts' },
      },
    )
    .post(
      '/:id/retry',
      ({ params, principal, once, status }) =>
        once(() => status(202, { data: toDelivery(deliveries.retry(principal, params.id)) })),
      {
        access: WRITE,
        params: IdParams,
        response: { 202: OneDelivery },
        detail: { summary: 'Send a delivery again', 'x-errors': ['conflict'] },
      },
    )

/** No proxy may hold back or change what is meant to arrive at once. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}

// The marked boundary: the document tells of text, and a Response passes unread.
const eventStream = (stream: ReadableStream<Uint8Array>): string =>
  new Response(stream, { headers: STREAM_HEADERS }) as unknown as string

const eventRoutes = ({ access, webhooks }: WebhooksRoutesDeps) =>
  new Elysia({ name: 'features/webhooks/events', prefix: '/events', tags: ['Events'] })
    .use(access)
    .get(
      '',
      ({ query, principal }) => {
        const { data, meta } = webhooks.events.list(principal, query)
        return { data: data.map(toEvent), meta }
      },
      {
        access: READ,
        query: ListEvents,
        response: { 200: EventList },
        detail: { summary: 'What happened, in order, after an event you know' },
      },
    )
    .get(
      '/stream',
      ({ query, headers, principal, isStillAllowed }) => {
        const after = headers['last-event-id'] ?? query.after
        const asked = after === undefined ? query : { ...query, after }
        return eventStream(webhooks.streams.open(principal, asked, isStillAllowed))
      },
      {
        access: READ,
        query: StreamEvents,
        response: { 200: StreamedEvents },
        detail: {
          summary: 'What happens, as it happens (server-sent events)',
          'x-media-type': 'text/event-stream',
        },
      },
    )
    .get(
      '/:id',
      ({ params, principal }) => ({
        data: toEvent(webhooks.events.requireById(principal, params.id)),
      }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneEvent },
        detail: { summary: 'An event' },
      },
    )
