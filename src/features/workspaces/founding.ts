import { and, count, inArray, isNull } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import type { Tx } from '../../platform/database'
import type { Billing } from '../billing/service'
import { addSeat } from './seats'
import { freeSlug } from './slug'
import { type WorkspaceRow, workspaces } from './table'

/** What a superadmin's workspaces are on (contract §2). */
const SUPERADMIN_PLAN = 'agency'

export type Founder = { userId: string; superadmin: boolean }

export type NewWorkspace = Partial<
  Pick<
    WorkspaceRow,
    | 'timezone'
    | 'brandingName'
    | 'brandingLogoUrl'
    | 'brandingColor'
    | 'brand'
    | 'retentionDays'
    | 'trackingSchedule'
  >
> & { name: string }

export type FoundingDeps = {
  clock: Clock
  billing: Pick<Billing, 'createGroup' | 'groupsOf' | 'planOfGroup' | 'requireRoomInGroup'>
  defaultPlan: string
}

export const EMPTY_BRAND = { name: null, aliases: [], negative_aliases: [], domains: [] }

export function createFounding({ clock, billing, defaultPlan }: FoundingDeps) {
  /** How many workspaces the owner of these groups has. */
  function countIn(tx: Tx, groupIds: string[]): number {
    const live = and(inArray(workspaces.billingGroupId, groupIds), isNull(workspaces.deletedAt))
    return tx.select({ n: count() }).from(workspaces).where(live).get()?.n ?? 0
  }

  /** The billing group that a new workspace joins, opened where there is none to join. */
  function groupFor(tx: Tx, { userId, superadmin }: Founder): string {
    const groups = billing.groupsOf(tx, userId)
    const joined = superadmin
      ? groups.find((id) => billing.planOfGroup(id).key === SUPERADMIN_PLAN)
      : groups[0]
    const groupId =
      joined ??
      billing.createGroup(tx, {
        ownerUserId: userId,
        planKey: superadmin ? SUPERADMIN_PLAN : defaultPlan,
        provider: superadmin ? 'complimentary' : 'manual',
      })
    billing.requireRoomInGroup(tx, groupId, 'workspaces', countIn(tx, [...groups, groupId]))
    return groupId
  }

  /** Adds a workspace with its founder as the first owner. Throws `limit_reached`. */
  return function found(tx: Tx, founder: Founder, input: NewWorkspace): WorkspaceRow {
    const now = clock.now()
    const row = tx
      .insert(workspaces)
      .values({
        timezone: 'UTC',
        brand: EMPTY_BRAND,
        trackingSchedule: 'off',
        ...input,
        id: newId('ws', now),
        slug: freeSlug(tx, input.name),
        billingGroupId: groupFor(tx, founder),
        createdAt: now,
        updatedAt: now,
      })
      .returning()
      .get()
    addSeat(tx, clock, { workspaceId: row.id, userId: founder.userId, role: 'owner' })
    return row
  }
}
