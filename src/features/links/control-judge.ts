import { createHash } from 'node:crypto'
import { parseAgentName } from '../../core/agent-names'
import { toIso } from '../../core/clock'
import { parseCountry } from '../../core/country'
import { invalid } from '../../core/errors'
import { isInRange, parseLanguage } from '../../core/language'
import type { LinkRule, LinkVariant, RuleConditions } from './control'
import type { GivenRule, GivenVariant } from './control-schema'
import type { LinkRow } from './table'

type Nullish<T> = T | null | undefined

/** The control of a link as a caller gives it; undefined is not asked for, null takes it away. */
export type GivenControl = {
  startsAt?: Nullish<string>
  expiresAt?: Nullish<string>
  expiredUrl?: Nullish<string>
  clickLimit?: Nullish<number>
  rules?: Nullish<readonly GivenRule[]>
  variants?: Nullish<readonly GivenVariant[]>
  forwardQuery?: Nullish<boolean>
  trackConversions?: Nullish<boolean>
}

/** Columns of control that a caller may set. */
export type Controls = Pick<LinkRow, keyof GivenControl>

export type ControlChange = { [Name in keyof Controls]: Controls[Name] | undefined }

/** Judges a target; `field` names where it stands. Throws `invalid_url`. */
export type TargetOf = (url: string, field: string) => URL

/**
 * What is given as columns, each part judged by itself. Throws `invalid_url` and
 * `validation_failed` with the field that is wrong.
 */
export function controlChange(given: GivenControl, targetOf: TargetOf): ControlChange {
  const { expiredUrl, clickLimit, forwardQuery, trackConversions } = given
  if (expiredUrl) targetOf(expiredUrl, 'expiredUrl')
  return {
    startsAt: instantOf(given.startsAt),
    expiresAt: instantOf(given.expiresAt),
    expiredUrl: expiredUrl === '' ? null : expiredUrl,
    clickLimit,
    rules: listOf(given.rules, (rules) => rulesOf(rules, targetOf)),
    variants: listOf(given.variants, (variants) => variantsOf(variants, targetOf)),
    forwardQuery: forwardQuery === null ? false : forwardQuery,
    trackConversions: trackConversions === null ? false : trackConversions,
  }
}

const instantOf = (text: Nullish<string>): number | null | undefined =>
  typeof text === 'string' ? Date.parse(text) : text

/** An empty list is none. */
const listOf = <Given, T>(
  given: Nullish<readonly Given[]>,
  read: (some: readonly Given[]) => T[],
): T[] | null | undefined =>
  given === undefined ? undefined : given === null || given.length === 0 ? null : read(given)

/** Twelve hex digits that say what something is; equal for equal things. */
const keyOf = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12)

const once = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((value) => value !== undefined)),
]

function conditionsOf(given: GivenRule['conditions']): RuleConditions {
  const { country, language, device, os, browser, query, from, until, percentage } = given
  const names = (trait: 'device' | 'os' | 'browser', values: readonly string[]) =>
    once(values.map((value) => parseAgentName(trait, value)))
  return {
    ...(country && { country: once(country.map(parseCountry)) }),
    ...(language && { language: once(language.map(parseLanguage)) }),
    ...(device && { device: names('device', device) }),
    ...(os && { os: names('os', os) }),
    ...(browser && { browser: names('browser', browser) }),
    ...(query && { query }),
    ...(from && { from: Date.parse(from) }),
    ...(until && { until: Date.parse(until) }),
    ...(percentage !== undefined && { percentage }),
  }
}

/** The order of values says nothing, and a larger share is still the same rule. */
function ruleKeyOf({ percentage: _, ...conditions }: RuleConditions, href: string): string {
  const sorted = Object.entries(conditions).map(([name, value]) => [
    name,
    Array.isArray(value)
      ? value.toSorted()
      : typeof value === 'object'
        ? Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
        : value,
  ])
  return keyOf([sorted, href])
}

function rulesOf(given: readonly GivenRule[], targetOf: TargetOf): LinkRule[] {
  const rules: LinkRule[] = []
  for (const [index, { conditions: asked, url }] of given.entries()) {
    const conditions = conditionsOf(asked)
    const { href } = targetOf(url, `rules.${index}.url`)
    const key = ruleKeyOf(conditions, href)
    const same = rules.findIndex((rule) => rule.key === key)
    if (same >= 0) {
      throw invalid(
        `rules.${index}`,
        `Rules ${same + 1} and ${index + 1} have the same conditions and url: keep one of them.`,
      )
    }
    const before = rules.findIndex((rule) => covers(rule.conditions, conditions))
    if (before >= 0) {
      throw invalid(
        `rules.${index}`,
        `Rule ${index + 1} is never reached, since rule ${before + 1} holds whenever it does: put it before that one.`,
      )
    }
    rules.push({ key, conditions, url })
  }
  return rules
}

/** Whether `wide` holds for every visit for which `narrow` does. */
function covers(wide: RuleConditions, narrow: RuleConditions): boolean {
  const within = (
    name: 'country' | 'device' | 'os' | 'browser' | 'language',
    holds: (value: string, among: string) => boolean,
  ): boolean => {
    const [all, some] = [wide[name], narrow[name]]
    return !all || (some?.every((value) => all.some((among) => holds(value, among))) ?? false)
  }
  const equal = (value: string, among: string) => value === among
  const language = (tag: string, range: string) => isInRange(tag.toLowerCase(), range.toLowerCase())
  return (
    (wide.percentage ?? 100) >= 100 &&
    within('country', equal) &&
    within('device', equal) &&
    within('os', equal) &&
    within('browser', equal) &&
    within('language', language) &&
    Object.entries(wide.query ?? {}).every(([name, value]) => narrow.query?.[name] === value) &&
    (wide.from ?? Number.NEGATIVE_INFINITY) <= (narrow.from ?? Number.NEGATIVE_INFINITY) &&
    (wide.until ?? Number.POSITIVE_INFINITY) >= (narrow.until ?? Number.POSITIVE_INFINITY)
  )
}

function variantsOf(given: readonly GivenVariant[], targetOf: TargetOf): LinkVariant[] {
  const variants: LinkVariant[] = []
  for (const [index, { url, weight }] of given.entries()) {
    const key = keyOf(targetOf(url, `variants.${index}.url`).href)
    const same = variants.findIndex((variant) => variant.key === key)
    if (same >= 0) {
      throw invalid(
        `variants.${index}.url`,
        `Variants ${same + 1} and ${index + 1} have the same url: give one of them both weights.`,
      )
    }
    variants.push({ key, url, weight })
  }
  return variants
}

/** What only a link with a target can have. */
const OF_TARGETS = ['rules', 'variants', 'forwardQuery', 'trackConversions'] as const

/**
 * Whether a link makes sense as it would be: `changed` is what of it is new. Throws
 * `validation_failed` with a field that was asked for.
 */
export function requireSound(
  link: Controls & Pick<LinkRow, 'kind'>,
  changed: Partial<Controls>,
  nowMs: number,
): void {
  const { kind, startsAt, expiresAt } = link
  const aimed = OF_TARGETS.find((name) => changed[name])
  if (kind !== 'url' && aimed !== undefined) {
    throw invalid(aimed, `A link of kind ${kind} has no target: ${aimed} is for kind url.`)
  }
  if (startsAt !== null && expiresAt !== null && startsAt >= expiresAt) {
    const field = changed.expiresAt === undefined ? 'startsAt' : 'expiresAt'
    throw invalid(field, 'A link must end after it starts: expiresAt is not after startsAt.')
  }
  if (changed.expiresAt != null && changed.expiresAt <= nowMs) {
    throw invalid(
      'expiresAt',
      `"expiresAt" is over already: it is ${toIso(nowMs)}. To switch the link off send isActive false.`,
    )
  }
  if (changed.rules || changed.startsAt !== undefined || changed.expiresAt !== undefined) {
    requireRulesWithin(link, changed)
  }
}

/** A rule whose time lies wholly outside of the link's can never hold. */
function requireRulesWithin({ rules, startsAt, expiresAt }: Controls, changed: Partial<Controls>) {
  for (const [index, { conditions }] of (rules ?? []).entries()) {
    const { from, until } = conditions
    const isOver = startsAt !== null && until !== undefined && until <= startsAt
    const isLate = expiresAt !== null && from !== undefined && from >= expiresAt
    if (!isOver && !isLate) continue
    const [mine, its] = isOver ? (['until', 'startsAt'] as const) : (['from', 'expiresAt'] as const)
    throw invalid(
      changed.rules ? `rules.${index}.conditions.${mine}` : its,
      `Rule ${index + 1} can never hold: its time ${isOver ? 'ends before the link starts' : 'begins after the link ends'}.`,
    )
  }
}

/** Columns that belong to the plan feature `link_rules`. */
const GATED = [
  'startsAt',
  'expiresAt',
  'expiredUrl',
  'passwordHash',
  'clickLimit',
  'rules',
  'variants',
] as const

/** Whether a change sets something that a plan may lack; to take it away is free. */
export const needsLinkRules = (changed: Partial<LinkRow>): boolean =>
  GATED.some((name) => changed[name] !== undefined && changed[name] !== null)
