import ipaddr from 'ipaddr.js'
import type { Identity } from '../core/access'
import { AppError } from '../core/errors'
import type { RateLimit, RateLimiter } from '../platform/rate-limiter'
import type { RequestContext } from './request-context'

/** The budgets of contract §1. */
export const LIMITS = {
  key: { name: 'key', points: 120, windowSeconds: 60 },
  workspaceKeys: { name: 'workspace', points: 600, windowSeconds: 60 },
  /** Calls with publishable keys, per network, besides the limits of the key. */
  pages: { name: 'pages', points: 60, windowSeconds: 60 },
  user: { name: 'user', points: 600, windowSeconds: 60 },
  /** The public backlink check, which asks other people's servers. */
  check: { name: 'check', points: 10, windowSeconds: 60 },
  address: { name: 'address', points: 600, windowSeconds: 60 },
  tokenAddress: { name: 'sign-in', points: 30, windowSeconds: 900 },
  /** Tries of the current password by whoever holds a session, on all routes that ask for it. */
  password: { name: 'password', points: 10, windowSeconds: 900 },
  tokenEmail: { name: 'sign-in-email', points: 10, windowSeconds: 900 },
} as const satisfies Record<string, RateLimit>

/**
 * An IPv4 address itself, and of an IPv6 address its /64: a single subscriber has all of it
 * (RFC 6177 §2).
 */
export function networkOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address
  const network = ipaddr.IPv6.parse(address).parts.slice(0, 4)
  return `${network.map((part) => part.toString(16)).join(':')}::/64`
}

export type RateGate = ReturnType<typeof createRateGate>

/** Spends budgets and writes the `RateLimit` headers of every answer. */
export function createRateGate(limiter: RateLimiter) {
  async function spend(context: RequestContext, limit: RateLimit, subject: string) {
    const state = await limiter.consume(limit, subject)
    const headers = context.answerHeaders
    headers.set('RateLimit-Policy', `"${limit.name}";q=${limit.points};w=${limit.windowSeconds}`)
    headers.set('RateLimit', `"${limit.name}";r=${state.remaining};t=${state.resetSeconds}`)
    if (!state.allowed) {
      throw new AppError(
        'rate_limited',
        `Too many requests. Try again in ${state.resetSeconds} seconds.`,
        { retryAfterSeconds: state.resetSeconds },
      )
    }
  }

  return {
    spend,

    /** Spends the budget of an authenticated caller. Throws `rate_limited`. */
    async spendFor(context: RequestContext, identity: Identity, workspaceId: string | null) {
      if (identity.keyId === null) return spend(context, LIMITS.user, identity.userId ?? '')
      // First, so that one visitor cannot use up what the key and its workspace have for all.
      if (identity.kind === 'publishable_key') {
        await spend(context, LIMITS.pages, networkOf(context.address))
      }
      if (workspaceId) await spend(context, LIMITS.workspaceKeys, workspaceId)
      return spend(context, LIMITS.key, identity.keyId)
    },

    /** Spends a budget of the caller's network, see {@link networkOf}. Throws `rate_limited`. */
    spendForAddress: (context: RequestContext, limit: RateLimit = LIMITS.address) =>
      spend(context, limit, networkOf(context.address)),
  }
}
