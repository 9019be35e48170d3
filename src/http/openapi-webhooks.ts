import { EVENTS, EventBody } from '../core/events'
import type { Json, SchemaCollector } from './openapi-schemas'

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
          description: 'Signed with the headers of Standard Webhooks; answer with any 2xx.',
          tags: ['Events'],
          security: [],
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
            '4XX': { description: 'Refused; it is tried again.' },
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
