import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { IdParams, pageQuery } from '../../http/schema'
import { MailPage, MailWithBody, toMail, toMailWithBody } from './schema'
import type { MailService } from './service'

export type MailRoutesDeps = { access: AccessPlugin; mails: MailService }

/** `/api/v1/admin/mails`: what was sent, and what waits to be read where no mail can be sent. */
export const mailsRoutes = ({ access, mails }: MailRoutesDeps) =>
  new Elysia({ name: 'features/mails', prefix: '/admin/mails', tags: ['Administration'] })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const { rows, total, nextCursor } = mails.list(query)
        const { limit, offset } = query
        return { data: rows.map(toMail), meta: { total, limit, offset, nextCursor } }
      },
      {
        access: 'superadmin',
        query: pageQuery(),
        response: { 200: MailPage },
        detail: { summary: 'Mails of this server, newest first' },
      },
    )
    .get(
      '/:id',
      ({ params, identity }) => {
        const { row, body } = mails.requireById(params.id, actorOf(identity))
        return toMailWithBody(row, body)
      },
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: MailWithBody },
        detail: {
          summary: 'One mail with its text',
          description: 'Reading is recorded in the audit log.',
        },
      },
    )
