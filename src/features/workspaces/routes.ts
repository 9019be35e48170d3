import { Elysia } from 'elysia'
import { actorOf } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import { memberRoutes } from './member-routes'
import {
  CreateWorkspace,
  ListWorkspaces,
  OneMember,
  OneWorkspace,
  TokenParams,
  toMember,
  toWorkspace,
  UpdateWorkspace,
  WorkspaceList,
} from './schema'
import type { Workspaces } from './service'

export type WorkspacesRoutesDeps = { access: AccessPlugin; workspaces: Workspaces }

/** Workspaces and, below each, members and invitations. */
export const workspacesRoutes = ({ access, workspaces }: WorkspacesRoutesDeps) =>
  new Elysia({ name: 'features/workspaces', prefix: '/workspaces', tags: ['Workspaces'] })
    .use(access)
    .get(
      '',
      ({ identity, query }) => {
        const page = workspaces.list(identity, query)
        return { ...page, data: page.data.map(toWorkspace) }
      },
      {
        access: { scope: 'workspaces:read', workspace: 'all' },
        query: ListWorkspaces,
        response: { 200: WorkspaceList },
        detail: { summary: 'List your workspaces, oldest first' },
      },
    )
    .post(
      '',
      ({ identity, body, once, status }) =>
        once(() => status(201, { data: toWorkspace(workspaces.create(identity, body)) })),
      {
        access: { scope: 'workspaces:write', workspace: 'all' },
        body: CreateWorkspace,
        response: { 201: OneWorkspace },
        detail: { summary: 'Create a workspace', 'x-errors': ['limit_reached'] },
      },
    )
    .get('/:id', ({ principal }) => ({ data: toWorkspace(workspaces.requireById(principal)) }), {
      access: { scope: 'workspaces:read', workspace: 'path' },
      params: IdParams,
      response: { 200: OneWorkspace },
      detail: { summary: 'A workspace' },
    })
    .patch(
      '/:id',
      ({ principal, body }) => ({ data: toWorkspace(workspaces.update(principal, body)) }),
      {
        access: { scope: 'workspaces:write', workspace: 'path' },
        params: IdParams,
        body: UpdateWorkspace,
        response: { 200: OneWorkspace },
        detail: { summary: 'Change a workspace' },
      },
    )
    .delete(
      '/:id',
      ({ principal }) => deleted(workspaces.delete(principal.workspaceId, actorOf(principal))),
      {
        access: { scope: 'workspaces:write', workspace: 'path', role: 'owner' },
        params: IdParams,
        response: { 200: Deleted },
        detail: { summary: 'Delete a workspace; a superadmin can restore it for seven days' },
      },
    )
    .use(memberRoutes({ access, workspaces }))

/** What an invited person does with the token that was mailed. */
export const invitationsRoutes = ({ access, workspaces }: WorkspacesRoutesDeps) =>
  new Elysia({ name: 'features/invitations', prefix: '/invitations', tags: ['Members'] })
    .use(access)
    .post(
      '/:token/accept',
      ({ identity, params, once }) =>
        once(() => ({
          data: toMember(
            workspaces.invitations.acceptSignedIn(identity.userId ?? '', params.token),
          ),
        })),
      {
        access: { person: 'any' },
        params: TokenParams,
        response: { 200: OneMember },
        detail: { summary: 'Accept an invitation', 'x-errors': ['gone', 'limit_reached'] },
      },
    )
