import type { LinkUsage } from './schema'

/** What a workspace has of links, and what its plan leaves it; null is without limit. */
export const usageOf = (linksUsed: number, linkLimit: number | null): LinkUsage => ({
  linksUsed,
  linkLimit,
  linksRemaining: linkLimit === null ? null : Math.max(0, linkLimit - linksUsed),
})
