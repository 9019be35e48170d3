import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams, wholePage } from '../../http/schema'
import {
  ChangeMember,
  InvitationList,
  InvitationParams,
  InviteMember,
  ListSeats,
  MemberList,
  OneInvitation,
  OneMember,
  SeatParams,
  toInvitation,
  toInvitedMember,
  toMember,
} from './schema'
import type { Workspaces } from './service'

export type MemberRoutesDeps = {
  access: AccessPlugin
  workspaces: Pick<Workspaces, 'seats' | 'invitations'>
}

const byAdmin = { person: 'admin', workspace: 'path' } as const

/** Seats of the workspace in the path; dashboard only, so that keys of every kind are refused. */
export const memberRoutes = ({ access, workspaces: { seats, invitations } }: MemberRoutesDeps) =>
  new Elysia({ name: 'features/members', prefix: '/:id', tags: ['Members'] })
    .use(access)
    .get(
      '/members',
      ({ principal, query }) => wholePage(seats.list(principal.workspaceId).map(toMember), query),
      {
        access: byAdmin,
        params: IdParams,
        query: ListSeats,
        response: { 200: MemberList },
        detail: { summary: 'List the members of a workspace' },
      },
    )
    .post(
      '/members',
      ({ principal, body, once, status }) =>
        once(() => {
          const added = invitations.add(principal, body)
          const member =
            added.status === 'active' ? toMember(added.seat) : toInvitedMember(added.invitation)
          return status(201, { data: member })
        }),
      {
        access: byAdmin,
        params: IdParams,
        body: InviteMember,
        response: { 201: OneMember },
        detail: {
          summary: 'Add a member',
          description: 'Somebody without an account is invited by mail.',
          'x-errors': ['already_exists', 'limit_reached'],
        },
      },
    )
    .patch(
      '/members/:memberId',
      ({ principal, params, body }) => ({
        data: toMember(seats.changeRole(principal, params.memberId, body.role)),
      }),
      {
        access: byAdmin,
        params: SeatParams,
        body: ChangeMember,
        response: { 200: OneMember },
        detail: { summary: 'Give a member another role', 'x-errors': ['conflict'] },
      },
    )
    .delete(
      '/members/:memberId',
      ({ principal, params }) => deleted(seats.remove(principal, params.memberId)),
      {
        access: { person: 'viewer', workspace: 'path' },
        params: SeatParams,
        response: { 200: Deleted },
        detail: {
          summary: 'Remove a member, or leave',
          description: 'Admins remove others; everybody may leave but the last owner.',
          'x-errors': ['conflict'],
        },
      },
    )
    .get(
      '/invitations',
      ({ principal, query }) =>
        wholePage(invitations.list(principal.workspaceId).map(toInvitation), query),
      {
        access: byAdmin,
        params: IdParams,
        query: ListSeats,
        response: { 200: InvitationList },
        detail: { summary: 'List open invitations' },
      },
    )
    .post(
      '/invitations',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toInvitation(invitations.create(principal, body)) })),
      {
        access: byAdmin,
        params: IdParams,
        body: InviteMember,
        response: { 201: OneInvitation },
        detail: {
          summary: 'Invite somebody by mail',
          'x-errors': ['already_exists', 'limit_reached'],
        },
      },
    )
    .delete(
      '/invitations/:invitationId',
      ({ principal, params }) => deleted(invitations.revoke(principal, params.invitationId)),
      {
        access: byAdmin,
        params: InvitationParams,
        response: { 200: Deleted },
        detail: { summary: 'Take an invitation back' },
      },
    )
