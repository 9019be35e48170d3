import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import {
  ListEveryWorkspace,
  OneOperatedWorkspace,
  OperatedWorkspaceList,
  OperateWorkspace,
  toOperatedWorkspace,
} from './operated-schema'
import type { Workspaces } from './service'

export type AdminWorkspacesRoutesDeps = {
  access: AccessPlugin
  workspaces: Pick<Workspaces, 'operation' | 'delete' | 'restore'>
}

/** Every workspace of the installation, for superadmins. */
export const adminWorkspacesRoutes = ({ access, workspaces }: AdminWorkspacesRoutesDeps) =>
  new Elysia({
    name: 'features/admin/workspaces',
    prefix: '/admin/workspaces',
    tags: ['Administration'],
  })
    .use(access)
    .get(
      '',
      ({ query }) => {
        const page = workspaces.operation.list(query)
        return { ...page, data: page.data.map(toOperatedWorkspace) }
      },
      {
        access: 'superadmin',
        query: ListEveryWorkspace,
        response: { 200: OperatedWorkspaceList },
        detail: { summary: 'Every workspace, deleted ones too' },
      },
    )
    .get(
      '/:id',
      ({ params }) => ({
        data: toOperatedWorkspace(workspaces.operation.requireById(params.id)),
      }),
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: OneOperatedWorkspace },
        detail: { summary: 'A workspace' },
      },
    )
    .patch(
      '/:id',
      ({ identity, params, body }) => ({
        data: toOperatedWorkspace(
          workspaces.operation.changePlan(actorOf(identity), params.id, body.plan),
        ),
      }),
      {
        access: 'superadmin',
        params: IdParams,
        body: OperateWorkspace,
        response: { 200: OneOperatedWorkspace },
        detail: { summary: 'Put a workspace and those billed with it on another plan' },
      },
    )
    .delete(
      '/:id',
      ({ identity, params }) => deleted(workspaces.delete(params.id, actorOf(identity))),
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: Deleted },
        detail: { summary: 'Delete a workspace' },
      },
    )
    .post(
      '/:id/restore',
      ({ identity, params, once }) =>
        once(() => {
          const row = workspaces.restore(params.id, actorOf(identity))
          return { data: toOperatedWorkspace(workspaces.operation.operated(row)) }
        }),
      {
        access: 'superadmin',
        params: IdParams,
        response: { 200: OneOperatedWorkspace },
        detail: {
          summary: 'Bring back a workspace deleted in the last seven days',
          'x-errors': ['conflict', 'gone'],
        },
      },
    )
