import type { LinkControl } from './control'
import { withForwarded } from './forwarding'
import type { VisitTraits } from './rule'
import { pickVariant } from './variant'

/** Why a link leads nowhere now, in the order in which it is asked. */
export type ClosedReason = 'paused' | 'early' | 'expired' | 'used_up'

/** What a link has to know of a visit to decide. */
export type VisitFacts = VisitTraits & {
  /** The visit's own query as it came, without `?`. */
  query: string
  /** Whether all of the link's clicks are used up. Asked only of links with a limit. */
  isUsedUp(): boolean
  /** Whether the visitor still owes the password. Asked only of links with one. */
  isLocked(): boolean
}

/** What is asked to decide: a link, as redirects know it. */
export type DecidedLink = {
  readonly isActive: boolean
  readonly targetUrl: string | null
  readonly targetUtm: string
  readonly control: LinkControl | null
}

export type Decision =
  | {
      kind: 'go'
      /** Null for typed kinds, whose page is the answer. */
      targetUrl: string | null
      /** The `utm_` parameters of the target as a query, or empty. */
      utm: string
      /** Keys, or empty. */
      variant: string
      rule: string
    }
  | { kind: 'closed'; reason: ClosedReason }
  | { kind: 'locked' }

/** Why a link leads nowhere now; null for one that leads on. */
export function closedReason(
  { isActive, control }: DecidedLink,
  visit: Pick<VisitFacts, 'isUsedUp'>,
  nowMs: number,
): ClosedReason | null {
  if (!isActive) return 'paused'
  if (control === null) return null
  if (control.startsAt !== null && nowMs < control.startsAt) return 'early'
  if (control.expiresAt !== null && nowMs >= control.expiresAt) return 'expired'
  if (control.clickLimit !== null && visit.isUsedUp()) return 'used_up'
  return null
}

/**
 * Where a visit of a link goes: the one precedence of redirects, pages and simulations. First
 * whether the link leads anywhere, then who is let in, then where to.
 */
export function decide(link: DecidedLink, visit: VisitFacts, nowMs: number): Decision {
  const { control } = link
  const reason = closedReason(link, visit, nowMs)
  if (reason !== null) return { kind: 'closed', reason }
  if (control === null) return goTo({ url: link.targetUrl, utm: link.targetUtm })
  if (control.passwordHash !== null && visit.isLocked()) return { kind: 'locked' }
  const query = control.forwardQuery ? visit.query : ''
  for (const rule of control.rules) {
    if (rule.holds(visit, nowMs)) return goTo(rule.target, query, '', rule.key)
  }
  const variant = pickVariant(control.variants, visit)
  if (variant) return goTo(variant.target, query, variant.key)
  return goTo({ url: link.targetUrl, utm: link.targetUtm }, query)
}

const goTo = (
  { url, utm }: { url: string | null; utm: string },
  query = '',
  variant = '',
  rule = '',
): Decision => {
  const targetUrl = query === '' || url === null ? url : withForwarded(url, query)
  return { kind: 'go', targetUrl, utm, variant, rule }
}

/** What people are told of a link that is closed. */
export const CLOSED_SENTENCES: Readonly<Record<ClosedReason, { title: string; sentence: string }>> =
  {
    paused: { title: 'This link is paused', sentence: 'Its owner has switched it off.' },
    early: {
      title: 'This link has not begun',
      sentence: 'Its owner has set a time from which it leads on. Come back later.',
    },
    expired: {
      title: 'This link has expired',
      sentence: 'Its owner has set an end, which is over.',
    },
    used_up: {
      title: 'This link is used up',
      sentence: 'Its owner has set how many visits it answers, and there were as many.',
    },
  }
