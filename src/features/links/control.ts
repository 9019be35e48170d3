import { type Utm, utmOf, withUtm } from './campaign'
import { type CompiledRule, compileRule } from './rule'
import type { LinkRow } from './table'
import type { Contender, Target } from './variant'

/** What a rule asks of a visit; all of it must hold, lists are any-of. */
export type RuleConditions = {
  /** ISO 3166-1 alpha-2, upper case. */
  country?: string[]
  /** BCP 47 language ranges, such as `de` or `pt-BR`. */
  language?: string[]
  device?: string[]
  os?: string[]
  browser?: string[]
  /** Parameters of the visit's query with the values they must have. */
  query?: Record<string, string>
  /** Milliseconds; `until` is exclusive. */
  from?: number
  until?: number
  /** Share of visitors, sticky: 0 < percentage <= 100. */
  percentage?: number
}

export type LinkRule = { key: string; conditions: RuleConditions; url: string }

/** One of several targets; weights are positive integers. */
export type LinkVariant = { key: string; url: string; weight: number }

type Columns = Pick<
  LinkRow,
  | 'startsAt'
  | 'expiresAt'
  | 'expiredUrl'
  | 'passwordHash'
  | 'clickLimit'
  | 'forwardQuery'
  | 'trackConversions'
>

/** What a redirect has to weigh before it answers, made once when the link is loaded. */
export type LinkControl = Omit<Columns, 'expiredUrl'> & {
  /** WHATWG-serialised. */
  readonly expiredUrl: string | null
  readonly rules: readonly CompiledRule[]
  readonly variants: readonly Contender[]
}

/** The columns of a link that control it, as they are stored. */
export type ControlColumns = Columns & {
  utm: Utm | null
  rules: readonly LinkRule[] | null
  variants: readonly LinkVariant[] | null
}

/** The control of a link; null for a plain one, whose redirect then looks no further. */
export function controlOf(row: ControlColumns): LinkControl | null {
  const { startsAt, expiresAt, expiredUrl, passwordHash, clickLimit, utm } = row
  const { forwardQuery, trackConversions } = row
  const [rules, variants] = [row.rules ?? [], row.variants ?? []]
  const gates = [startsAt, expiresAt, expiredUrl, passwordHash, clickLimit]
  const isPlain =
    gates.every((gate) => gate === null) &&
    !forwardQuery &&
    !trackConversions &&
    rules.length === 0 &&
    variants.length === 0
  if (isPlain) return null
  return {
    ...{ startsAt, expiresAt, passwordHash, clickLimit, forwardQuery, trackConversions },
    expiredUrl: expiredUrl === null ? null : new URL(expiredUrl).href,
    rules: rules.map((rule) => compileRule(rule, targetFor(rule.url, utm))),
    variants: variants.map(({ key, weight, url }) => ({
      key,
      weight,
      target: targetFor(url, utm),
    })),
  }
}

/** A target of a rule or variant, with the link's own campaign as its main target has it. */
export function targetFor(given: string, utm: Utm | null): Target {
  const url = withUtm(new URL(given).href, utm) ?? given
  return { url, utm: utmOf(url) }
}
