import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { AuditList, ListAudit, toAuditEntry } from './schema'
import type { Audit } from './service'

export type AdminAuditRoutesDeps = { access: AccessPlugin; audit: Pick<Audit, 'list'> }

const msOf = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time)

/** The audit log for superadmins. */
export const adminAuditRoutes = ({ access, audit }: AdminAuditRoutesDeps) =>
  new Elysia({ name: 'features/admin/audit', prefix: '/admin/audit', tags: ['Administration'] })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const page = audit.list({
          limit: query.limit,
          cursor: query.cursor,
          workspaceId: query.workspace_id,
          actorId: query.actor_id,
          subjectId: query.subject_id,
          action: query.action,
          fromMs: msOf(query.from),
          toMs: msOf(query.to),
        })
        return { ...page, data: page.data.map(toAuditEntry) }
      },
      {
        access: 'superadmin',
        query: ListAudit,
        response: { 200: AuditList },
        detail: { summary: 'Who did what, newest first' },
      },
    )
