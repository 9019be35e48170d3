import { z } from 'zod'
import { parseAgentName } from '../../core/agent-names'
import { parseCountry } from '../../core/country'
import { dataOf } from '../../http/schema'
import { instant } from './control-schema'

const known = (isKnown: (text: string) => boolean, refusal: string) =>
  z.string().max(100).refine(isKnown, refusal).nullish()

/** A visit to be imagined; what is left out is not known of it. */
export const Simulate = z
  .object({
    country: known((text) => parseCountry(text) !== undefined, 'is no ISO 3166-1 alpha-2 code'),
    device: known(
      (text) => parseAgentName('device', text) !== undefined,
      'is no device that is told apart',
    ),
    os: known(
      (text) => parseAgentName('os', text) !== undefined,
      'is no operating system that is told apart',
    ),
    browser: known(
      (text) => parseAgentName('browser', text) !== undefined,
      'is no browser that is told apart',
    ),
    language: z
      .string()
      .max(1000, 'must have at most 1000 characters')
      .nullish()
      .describe('A language tag, or a whole Accept-Language.')
      .meta({ examples: ['de-AT,de;q=0.9,en;q=0.8'] }),
    query: z
      .union(
        [z.string().max(8192), z.record(z.string(), z.string().max(2000))],
        'must be a query such as a=1&b=2, or an object of names and texts',
      )
      .nullish()
      .describe('The query of the visit: as text, or as names with values.'),
    at: instant.nullish().describe('When; now by default.'),
    visitor: z
      .string()
      .max(500, 'must have at most 500 characters')
      .nullish()
      .describe(
        'Any text that stands for a person: percentages and variants fall the same way for it each time. Without, they are drawn for a visitor without a name.',
      ),
  })
  .meta({
    id: 'SimulateVisit',
    examples: [{ country: 'DE', device: 'mobile', language: 'de', visitor: 'anna' }],
  })
export type Simulate = z.infer<typeof Simulate>

export const Simulation = dataOf(
  z
    .object({
      outcome: z
        .enum(['redirect', 'page', 'closed'])
        .describe('redirect to a target, the page of a typed link, or closed.'),
      target: z
        .string()
        .nullable()
        .describe('Where the visitor ends up; null for a page that says why the link is closed.'),
      rule: z.string().nullable().describe('Key of the rule that decided.'),
      variant: z.string().nullable().describe('Key of the variant shown.'),
      reason: z.string().describe('Why, in a sentence or two for people.'),
    })
    .meta({ id: 'Simulation' }),
)
export type Simulation = z.infer<typeof Simulation>['data']
