import type { Principal } from '../../core/access'
import { addUtcMonths, type Clock, startOfUtcMonth } from '../../core/clock'
import { notFound } from '../../core/errors'
import type { LimitName, PlanLimits } from './plans'
import type { Usage } from './usage'

export type UsedDeps = {
  clock: Clock
  billing: { limitsOf(workspaceId: string): PlanLimits; usage: Pick<Usage, 'readUsed'> }
  workspaces: { findLive(id: string): { no: number } | undefined }
  links: { countLive(workspaceId: string): number }
  clicks: { clicksThisMonth(workspaceNo: number): number }
  backlinks: { countUsed(workspaceId: string): number }
}

export type UsedLimit = {
  limit: LimitName
  used: number
  allowed: number | null
  /** Null for what is not counted by the month. */
  periodStart: number | null
  periodEnd: number | null
}

/** How much of its limits a workspace uses. Throws `not_found`. */
export function usedLimitsOf(deps: UsedDeps, { workspaceId }: Principal): UsedLimit[] {
  const { clock, billing, workspaces, links, clicks, backlinks } = deps
  const workspace = workspaces.findLive(workspaceId)
  if (!workspace) throw notFound('workspace')
  const limits = billing.limitsOf(workspaceId)
  const periodStart = startOfUtcMonth(clock.now())
  const month = { periodStart, periodEnd: addUtcMonths(periodStart, 1) }
  const monthly = (limit: 'submissionsMonthly' | 'answersMonthly'): UsedLimit => ({
    ...{ limit, used: billing.usage.readUsed(workspaceId, limit), allowed: limits[limit] },
    ...month,
  })
  const standing = (limit: LimitName, used: number): UsedLimit => ({
    ...{ limit, used, allowed: limits[limit], periodStart: null, periodEnd: null },
  })
  return [
    standing('links', links.countLive(workspaceId)),
    {
      ...{ limit: 'clicks', used: clicks.clicksThisMonth(workspace.no), allowed: limits.clicks },
      ...month,
    },
    monthly('submissionsMonthly'),
    monthly('answersMonthly'),
    standing('backlinks', backlinks.countUsed(workspaceId)),
  ]
}
