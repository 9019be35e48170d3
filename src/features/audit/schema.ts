import { z } from 'zod'
import { toIso } from '../../core/clock'
import { pageOf, pageQuery, Timestamp } from '../../http/schema'
import { GivenTime } from '../../http/text'
import type { AuditRow } from './table'

const filter = z.string().min(1).max(200).optional()

export const ListAudit = pageQuery(50)
  .omit({ offset: true })
  .extend({
    workspace_id: filter,
    actor_id: filter,
    subject_id: filter,
    action: filter.meta({ examples: ['key.created'] }),
    from: GivenTime.optional(),
    to: GivenTime.optional().describe('Not included.'),
  })
export type ListAudit = z.infer<typeof ListAudit>

export const AuditEntry = z
  .object({
    id: z.string().meta({ examples: ['aud_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    workspace_id: z.string().nullable().describe('Null for what concerns the installation.'),
    actor: z.object({
      kind: z.enum(['user', 'key', 'system']),
      id: z.string().nullable(),
      name: z.string(),
    }),
    action: z.string(),
    subject_id: z.string().nullable(),
    details: z.looseObject({}).nullable(),
    at: Timestamp,
  })
  .meta({ id: 'AuditEntry' })

export const AuditList = pageOf(AuditEntry)

export const toAuditEntry = (row: AuditRow): z.infer<typeof AuditEntry> => ({
  id: row.id,
  workspace_id: row.workspaceId,
  actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
  action: row.action,
  subject_id: row.subjectId,
  details: row.details,
  at: toIso(row.at),
})
