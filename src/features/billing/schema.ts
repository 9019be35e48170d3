import { z } from 'zod'
import { PLAN_FEATURES } from '../../core/access'
import { toIsoOrNull } from '../../core/clock'
import { toMajorUnits } from '../../core/money'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { nameOf } from '../../http/text'
import type { LimitName, PlanLimits } from './plans'
import type { PlanRow } from './table'

/** The limits of a plan as they are named on the wire. */
const WIRE_LIMITS = {
  linkLimit: 'links',
  clickLimit: 'clicks',
  workspaceLimit: 'workspaces',
  domainLimit: 'domains',
  labelLimit: 'labels',
  projectLimit: 'projects',
  siteLimit: 'sites',
  backlinkLimit: 'backlinks',
  scanPageLimit: 'scanPages',
  submissionLimit: 'submissionsMonthly',
  directoryRatingLimit: 'directoryRating',
  promptLimit: 'prompts',
  answerLimit: 'answersMonthly',
  memberLimit: 'members',
  webhookEndpointLimit: 'webhookEndpoints',
  keyLimit: 'keys',
} as const satisfies Record<string, LimitName>

type WireLimit = keyof typeof WIRE_LIMITS

const WIRE_NAMES = Object.keys(WIRE_LIMITS) as WireLimit[]

const limit = z
  .int('must be a whole number, or null for unlimited')
  .min(0, 'must not be negative')
  .max(1_000_000_000, 'is too large')
  .nullable()

const limitFields = Object.fromEntries(WIRE_NAMES.map((name) => [name, limit])) as Record<
  WireLimit,
  typeof limit
>

const Limits = z
  .object(limitFields)
  .meta({ id: 'PlanLimits', description: 'How much a plan allows; null is unlimited.' })

const features = z.array(z.enum(PLAN_FEATURES, { error: 'is not a feature' }))

const planFields = {
  key: z.string().meta({ examples: ['core'] }),
  name: z.string().meta({ examples: ['Core'] }),
  priceMonthly: z
    .number()
    .describe('In major units of the currency.')
    .meta({ examples: [8] }),
  currency: z.string().meta({ examples: ['USD'] }),
  limits: Limits,
  features: z.array(z.string()),
}

export const Plan = z.object(planFields).meta({ id: 'Plan' })
export type Plan = z.infer<typeof Plan>

export const PlanList = pageOf(Plan)

export const toPlan = (row: PlanRow): Plan => ({
  key: row.key,
  name: row.name,
  priceMonthly: toMajorUnits(row.priceMonthlyMinor, row.currency),
  currency: row.currency,
  limits: toWireLimits(row.limits),
  features: row.features,
})

function toWireLimits(limits: PlanLimits): Record<WireLimit, number | null> {
  const pairs = WIRE_NAMES.map((name) => [name, limits[WIRE_LIMITS[name]]] as const)
  return Object.fromEntries(pairs) as Record<WireLimit, number | null>
}

/** The limits that an input names, under the names of the database. */
export function fromWireLimits(
  input: {
    [K in WireLimit]?: number | null | undefined
  },
): Partial<PlanLimits> {
  const limits: Partial<PlanLimits> = {}
  for (const name of WIRE_NAMES) {
    const value = input[name]
    if (value !== undefined) limits[WIRE_LIMITS[name]] = value
  }
  return limits
}

/** A plan as its operator sees it. */
export const OperatedPlan = z
  .object({ ...planFields, position: z.int(), archivedAt: Timestamp.nullable() })
  .meta({ id: 'OperatedPlan' })

export const ListPlans = pageQuery(100)

export const OneOperatedPlan = dataOf(OperatedPlan)
export const OperatedPlanList = pageOf(OperatedPlan)

export const toOperatedPlan = (row: PlanRow): z.infer<typeof OperatedPlan> => ({
  ...toPlan(row),
  position: row.position,
  archivedAt: toIsoOrNull(row.archivedAt),
})

const price = z.number().min(0, 'must not be negative').max(1_000_000, 'is too large')
const position = z.int().min(0).max(10_000)

export const CreatePlan = z
  .object({
    key: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'must be a lower-case word of at most 40 characters'),
    name: nameOf(50),
    priceMonthly: price,
    limits: Limits.partial().default({}).describe('What is left out is unlimited.'),
    features: features.default([]),
    position: position.optional().describe('Place in lists; last by default.'),
  })
  .meta({ id: 'CreatePlan' })
export type CreatePlan = z.infer<typeof CreatePlan>

export const UpdatePlan = z
  .object({
    name: nameOf(50).optional(),
    priceMonthly: price.optional(),
    limits: Limits.partial().optional().describe('What is left out stays.'),
    features: features.optional(),
    position: position.optional(),
    archived: z.boolean().optional().describe('Not offered or recommended any more.'),
  })
  .meta({ id: 'UpdatePlan' })
export type UpdatePlan = z.infer<typeof UpdatePlan>

export const Me = z
  .object({
    email: z.string(),
    plan: z.object({
      name: z.string().meta({ examples: ['Free'] }),
      linkLimit: z.int().nullable(),
      clickLimit: z.int().nullable(),
    }),
    usage: z.object({
      linksUsed: z.int(),
      linksRemaining: z.int().nullable(),
      clicksUsed: z.int().describe('In this calendar month, UTC.'),
    }),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>

export const OneMe = dataOf(Me)
