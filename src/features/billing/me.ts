import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import type { Entitlements } from './entitlements'
import type { Me } from './schema'

type Person = { email: string }

export type MeDeps = {
  billing: Pick<Entitlements, 'planOf'>
  users: { findById(id: string): Person | undefined }
  workspaces: {
    findLive(id: string): { no: number } | undefined
    seats: { ownerOf(workspaceId: string): Person | undefined }
  }
  links: { countLive(workspaceId: string): number }
  /** Clicks of the UTC calendar month, by the short key of the workspace. */
  clicks: { clicksThisMonth(workspaceNo: number): number }
}

/** Who one is, and how much of the plan of the selected workspace is used. Throws `not_found`. */
export function meOf(deps: MeDeps, { workspaceId, userId }: Principal): Me {
  const { billing, users, workspaces, links, clicks } = deps
  const workspace = workspaces.findLive(workspaceId)
  if (!workspace) {
    throw new AppError(
      'not_found',
      'This credential has no workspace. Create one with POST /api/v1/workspaces.',
    )
  }
  // A workspace's own key acts for nobody in particular: its owner answers for it.
  const person = userId === null ? workspaces.seats.ownerOf(workspaceId) : users.findById(userId)
  const plan = billing.planOf(workspaceId)
  const { links: linkLimit, clicks: clickLimit } = plan.limits
  const linksUsed = links.countLive(workspaceId)
  return {
    email: person?.email ?? '',
    plan: { name: plan.name, linkLimit, clickLimit },
    usage: {
      linksUsed,
      linksRemaining: linkLimit === null ? null : Math.max(0, linkLimit - linksUsed),
      clicksUsed: clicks.clicksThisMonth(workspace.no),
    },
  }
}
