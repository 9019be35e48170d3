import { isInRange } from '../../core/language'
import type { LinkRule, RuleConditions } from './control'
import type { Target } from './variant'

/** What a rule may ask of a visit. Each is worked out only when a rule asks. */
export type VisitTraits = {
  /** ISO 3166-1 alpha-2 in upper case; empty where it is not known. */
  country(): string
  /** Preferred language tags in lower case. */
  languages(): readonly string[]
  /** Names of the User-Agent in lower case; empty where it does not say. */
  agent(): { readonly device: string; readonly os: string; readonly browser: string }
  /** Every value of a parameter of the visit's query. */
  parameter(name: string): readonly string[]
  /** The visitor's own number from 0 to 1 for a label: see `draw.ts`. */
  draw(label: string): number
}

type Check = (visit: VisitTraits, nowMs: number) => boolean

/** A rule ready to be asked, its target serialised. */
export type CompiledRule = {
  readonly key: string
  readonly target: Target
  holds(visit: VisitTraits, nowMs: number): boolean
}

/** Cheap conditions are asked first, those that cost a look-up or a hash last. */
export function compileRule({ key, conditions }: LinkRule, target: Target): CompiledRule {
  const checks = [
    ...timeChecks(conditions),
    ...queryChecks(conditions),
    ...listChecks(conditions),
    ...shareChecks(key, conditions),
  ]
  return {
    key,
    target,
    holds(visit, nowMs) {
      for (const check of checks) if (!check(visit, nowMs)) return false
      return true
    },
  }
}

/** Half-open, in absolute time: summer time does not matter. */
function timeChecks({ from, until }: RuleConditions): Check[] {
  const checks: Check[] = []
  if (from !== undefined) checks.push((_, nowMs) => nowMs >= from)
  if (until !== undefined) checks.push((_, nowMs) => nowMs < until)
  return checks
}

const queryChecks = ({ query = {} }: RuleConditions): Check[] =>
  Object.entries(query).map(
    ([name, value]): Check =>
      (visit) =>
        visit.parameter(name).includes(value),
  )

function listChecks({ country, language, device, os, browser }: RuleConditions): Check[] {
  const checks: Check[] = []
  if (country) {
    const countries = new Set(country)
    checks.push((visit) => countries.has(visit.country()))
  }
  if (language) {
    const ranges = language.map((range) => range.toLowerCase())
    checks.push((visit) => {
      for (const tag of visit.languages()) {
        for (const range of ranges) if (isInRange(tag, range)) return true
      }
      return false
    })
  }
  for (const [trait, names] of [
    ['device', device],
    ['os', os],
    ['browser', browser],
  ] as const) {
    if (!names) continue
    const wanted = new Set(names.map((name) => name.toLowerCase()))
    checks.push((visit) => wanted.has(visit.agent()[trait]))
  }
  return checks
}

/**
 * A share of the visitors that draw for this rule, apart from every other rule and the variants.
 * A larger percentage keeps all that a smaller one had.
 */
function shareChecks(key: string, { percentage = 100 }: RuleConditions): Check[] {
  if (percentage >= 100) return []
  return [(visit) => visit.draw(`rule ${key}`) * 100 < percentage]
}
