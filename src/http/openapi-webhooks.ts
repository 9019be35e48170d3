import { EVENTS, EventBody } from '../core/events'
import type { Json, SchemaCollector } from './openapi-schemas'

const header = (name: string, description: string): Json => ({
  ...{ name, in: 'header', required: true, description, schema: { type: 'string' } },
})

const HEADERS = [
  header('webhook-id', 'The id of the event, the same in every attempt (Standard Webhooks).'),
  header('webhook-timestamp', 'Unix seconds of this attempt.'),
  header(
    'webhook-signature',
    '`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` under the decoded secret; one for each secret that is valid, separated by spaces.',
  ),
  header(
    'LinkJet-Signature',
    '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` under the text of the oldest valid secret.',
  ),
  header('X-LinkTJ-Event', 'The type of the event.'),
  header('X-LinkTJ-Signature', 'Hex HMAC-SHA256 of the body under the same text.'),
]

/** The `webhooks` section: one entry per event, all with the body of {@link EventBody}. */
export function webhooksSection(schemas: SchemaCollector): Json {
  const base = schemas.refer(EventBody, 'output')
  return Object.fromEntries(
    Object.entries(EVENTS).map(([name, { summary, data }]) => [
      name,
      {
        post: {
          operationId: operationIdOf(name),
          summary,
          description:
            'Sent at least once, under the same `webhook-id` each time; answer with any 2xx within five seconds.',
          tags: ['Events'],
          security: [],
          parameters: HEADERS,
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: {
                  allOf: [
                    base,
                    {
                      type: 'object',
                      properties: {
                        type: { const: name },
                        event: { const: name },
                        data: schemas.inline(data, 'output'),
                      },
                    },
                  ],
                },
              },
            },
          },
          responses: {
            '2XX': { description: 'Received.' },
            '410': { description: 'Gone; the webhook is disabled and its owner told.' },
            '4XX': { description: 'Refused; it is tried again, not before `Retry-After` says.' },
          },
        },
      },
    ]),
  )
}

/** `link.created` → `onLinkCreated`. */
const operationIdOf = (name: string): string =>
  `on${name
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`
