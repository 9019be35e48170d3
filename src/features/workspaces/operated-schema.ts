import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { OperatedWorkspace } from './operation'

export const ListEveryWorkspace = pageQuery().extend({
  q: z.string().max(100).optional().describe('Part of a name or slug.'),
  state: z.enum(['live', 'deleted', 'all']).default('all'),
})
export type ListEveryWorkspace = z.infer<typeof ListEveryWorkspace>

export const OperateWorkspace = z
  .object({ plan: z.string().min(1).max(40).describe('The key of a plan.') })
  .meta({ id: 'OperateWorkspace' })

export const OperatedWorkspaceBody = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string(),
    plan: z.string(),
    billing_group_id: z.string(),
    owner: z.object({ id: z.string(), email: z.string(), name: z.string() }).nullable(),
    created_at: Timestamp,
    deleted_at: Timestamp.nullable().describe('Purged seven days later.'),
  })
  .meta({ id: 'OperatedWorkspace' })

export const OneOperatedWorkspace = dataOf(OperatedWorkspaceBody)
export const OperatedWorkspaceList = pageOf(OperatedWorkspaceBody)

export const toOperatedWorkspace = ({
  row,
  planKey,
  owner,
}: OperatedWorkspace): z.infer<typeof OperatedWorkspaceBody> => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  plan: planKey,
  billing_group_id: row.billingGroupId,
  owner: owner ? { id: owner.id, email: owner.email, name: owner.name } : null,
  created_at: toIso(row.createdAt),
  deleted_at: toIsoOrNull(row.deletedAt),
})
