import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { IdParams } from '../../http/schema'
import { CreateUser, ListUsers, OneUser, OperateUser, toUser, UserList } from './schema'
import type { Admin } from './service'

export type AdminRoutesDeps = { access: AccessPlugin; admin: Admin }

/** People of the installation, for superadmins. */
export const adminRoutes = ({ access, admin }: AdminRoutesDeps) =>
  new Elysia({ name: 'features/admin/users', prefix: '/admin/users', tags: ['Administration'] })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const page = admin.listUsers(query)
        return { ...page, data: page.data.map(toUser) }
      },
      {
        access: 'superadmin',
        query: ListUsers,
        response: { 200: UserList },
        detail: { summary: 'Everybody with an account, oldest first' },
      },
    )
    .post(
      '',
      async ({ identity, body, once, status }) => {
        const prepared = await admin.prepareUser(body)
        return once(() =>
          status(201, { data: toUser(admin.createUser(actorOf(identity), body, prepared)) }),
        )
      },
      {
        access: 'superadmin',
        body: CreateUser,
        response: { 201: OneUser },
        detail: { summary: 'Make an account', 'x-errors': ['already_exists'] },
      },
    )
    .get('/:id', ({ params }) => ({ data: toUser(admin.requireUser(params.id)) }), {
      access: 'superadmin',
      params: IdParams,
      response: { 200: OneUser },
      detail: { summary: 'An account' },
    })
    .patch(
      '/:id',
      ({ identity, params, body }) => ({
        data: toUser(admin.updateUser(actorOf(identity), params.id, body)),
      }),
      {
        access: 'superadmin',
        params: IdParams,
        body: OperateUser,
        response: { 200: OneUser },
        detail: { summary: 'Block, let in again, or change the role', 'x-errors': ['conflict'] },
      },
    )
