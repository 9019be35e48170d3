import { z } from 'zod'
import { COMMON_NAMES, parseAgentName } from '../../core/agent-names'
import { toIso, toIsoOrNull } from '../../core/clock'
import { parseCountry } from '../../core/country'
import { parseLanguage } from '../../core/language'
import { URL_LENGTH_MAX } from '../../core/url'
import { Timestamp } from '../../http/schema'
import type { LinkRule, LinkVariant, RuleConditions } from './control'
import type { LinkRow } from './table'

const RULES_MAX = 50
const VARIANTS_MIN = 2
const VARIANTS_MAX = 10
const WEIGHT_MAX = 10_000
const VALUES_MAX = 250
const PARAMETERS_MAX = 20
export const CLICK_LIMIT_MAX = 1_000_000_000

/** A moment as it comes in; the offset makes it one whatever the time zone. */
export const instant = z.iso.datetime({
  offset: true,
  error: 'must be a time in ISO 8601 with an offset, such as 2026-05-18T10:30:00+02:00',
})

const target = z
  .string({ error: 'is required: an http(s) URL' })
  .max(URL_LENGTH_MAX, `must have at most ${URL_LENGTH_MAX} characters`)

/** A list of which any value will do. */
const anyOf = (isKnown: (text: string) => boolean, refusal: string) =>
  z
    .array(z.string().max(100).refine(isKnown, refusal), { error: 'must be a list' })
    .min(1, 'must have at least one value; leave the condition out to accept any')
    .max(VALUES_MAX, `must have at most ${VALUES_MAX} values`)

const agentNames = (trait: keyof typeof COMMON_NAMES, sentence: string) =>
  anyOf((text) => parseAgentName(trait, text) !== undefined, sentence).describe(
    `Names as the analytics show them, in upper or lower case: ${COMMON_NAMES[trait].join(', ')} …`,
  )

const Conditions = z
  .object({
    country: anyOf((text) => parseCountry(text) !== undefined, 'is no ISO 3166-1 alpha-2 code')
      .describe('ISO 3166-1 alpha-2, by the address.')
      .meta({ examples: [['DE', 'AT']] })
      .optional(),
    language: anyOf((text) => parseLanguage(text) !== undefined, 'is no language tag of BCP 47')
      .describe('BCP 47. `de` holds for `de-AT` too; asked of what the visitor prefers most.')
      .meta({ examples: [['de', 'pt-BR']] })
      .optional(),
    device: agentNames('device', `must be one of ${COMMON_NAMES.device.join(', ')}`).optional(),
    os: agentNames('os', 'is no operating system that is told apart').optional(),
    browser: agentNames('browser', 'is no browser that is told apart').optional(),
    query: z
      .record(z.string().min(1, 'must not be empty').max(100), z.string().max(500))
      .refine((query) => Object.keys(query).length > 0, 'must name at least one parameter')
      .refine(
        (query) => Object.keys(query).length <= PARAMETERS_MAX,
        `must name at most ${PARAMETERS_MAX} parameters`,
      )
      .describe("Parameters of the visit's query with exactly these values.")
      .optional(),
    from: instant.optional().describe('Holds from then on.'),
    until: instant.optional().describe('Holds before then.'),
    percentage: z
      .number({ error: 'must be a number' })
      .gt(0, 'must be more than 0')
      .max(100, 'must be at most 100')
      .optional()
      .describe('Share of the visitors, the same ones each time.'),
  })
  .superRefine((conditions, context) => {
    const { from, until, ...others } = conditions
    if (from && until && Date.parse(from) >= Date.parse(until)) {
      context.addIssue({ code: 'custom', path: ['until'], message: 'must be after from' })
    }
    const isEmpty = [from, until, ...Object.values(others)].every((one) => one === undefined)
    if (isEmpty) context.addIssue({ code: 'custom', message: 'must have at least one condition' })
  })
  .describe('All of them must hold; lists are any-of.')

const Rule = z.object({ conditions: Conditions, url: target })
const Variant = z.object({
  url: target,
  weight: z
    .int({ error: 'must be a whole number' })
    .min(1, 'must be at least 1')
    .max(WEIGHT_MAX, `must be at most ${WEIGHT_MAX}`),
})
export type GivenRule = z.infer<typeof Rule>
export type GivenVariant = z.infer<typeof Variant>

/** How a link is controlled, on create and update; null takes it away. */
export const controlInput = {
  startsAt: instant.nullish().describe('From when on it leads anywhere.'),
  expiresAt: instant.nullish().describe('When it ends: the first moment at which it is over.'),
  expiredUrl: target
    .nullish()
    .describe('Where visitors go while it is paused, not begun, over or used up; else 410.'),
  clickLimit: z
    .int({ error: 'must be a whole number' })
    .min(1, 'must be at least 1')
    .max(CLICK_LIMIT_MAX, `must be at most ${CLICK_LIMIT_MAX}`)
    .nullish()
    .describe('How many clicks of people it answers.'),
  rules: z
    .array(Rule, { error: 'must be a list' })
    .max(RULES_MAX, `must have at most ${RULES_MAX} rules`)
    .nullish()
    .describe('In order: the first that holds decides the target. For kind url.')
    .meta({
      examples: [
        [{ conditions: { country: ['DE'], device: ['mobile'] }, url: 'https://example.com/de' }],
      ],
    }),
  variants: z
    .array(Variant, { error: 'must be a list' })
    .max(VARIANTS_MAX, `must have at most ${VARIANTS_MAX} variants`)
    .refine(
      ({ length }) => length === 0 || length >= VARIANTS_MIN,
      `must have at least ${VARIANTS_MIN} variants, or none`,
    )
    .nullish()
    .describe(
      'Divide the visitors whom no rule has sent elsewhere, in place of url: each sees the same one again. For kind url.',
    )
    .meta({
      examples: [
        [
          { url: 'https://example.com/a', weight: 1 },
          { url: 'https://example.com/b', weight: 1 },
        ],
      ],
    }),
  forwardQuery: z
    .boolean()
    .nullish()
    .describe("Sends the visit's own query along; a name that the target has stays the target's."),
  trackConversions: z.boolean().nullish().describe('Sends the id of the click along as `ls_id`.'),
}

const key = z.string().describe('Names its results. Stays when the order or the share changes.')

const shownConditions = {
  country: z.array(z.string()).optional(),
  language: z.array(z.string()).optional(),
  device: z.array(z.string()).optional(),
  os: z.array(z.string()).optional(),
  browser: z.array(z.string()).optional(),
  query: z.record(z.string(), z.string()).optional(),
  from: Timestamp.optional(),
  until: Timestamp.optional(),
  percentage: z.number().optional(),
}

/** The control of a link as JSON. */
export const controlFields = {
  startsAt: Timestamp.nullable(),
  expiresAt: Timestamp.nullable(),
  expiredUrl: z.string().nullable(),
  clickLimit: z.int().nullable(),
  rules: z.array(z.object({ key, conditions: z.object(shownConditions), url: z.string() })),
  variants: z.array(z.object({ key, url: z.string(), weight: z.int() })),
  forwardQuery: z.boolean(),
  trackConversions: z.boolean(),
}

function toConditions({ from, until, ...conditions }: RuleConditions) {
  return {
    ...conditions,
    ...(from === undefined ? {} : { from: toIso(from) }),
    ...(until === undefined ? {} : { until: toIso(until) }),
  }
}

export const toRules = (rules: readonly LinkRule[] | null) =>
  (rules ?? []).map(({ conditions, ...rule }) => ({
    ...rule,
    conditions: toConditions(conditions),
  }))

export const toVariants = (variants: readonly LinkVariant[] | null) => [...(variants ?? [])]

/** What of a row controls it, as it goes over the wire. */
export const toControl = (row: LinkRow) => ({
  startsAt: toIsoOrNull(row.startsAt),
  expiresAt: toIsoOrNull(row.expiresAt),
  expiredUrl: row.expiredUrl,
  clickLimit: row.clickLimit,
  rules: toRules(row.rules),
  variants: toVariants(row.variants),
  forwardQuery: row.forwardQuery,
  trackConversions: row.trackConversions,
})
