import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams } from '../../http/schema'
import { CreateKey, KeyList, ListKeys, OneKey, OneNewKey, toKey, UpdateKey } from './schema'
import type { Keys } from './service'

export type KeysRoutesDeps = { access: AccessPlugin; keys: Keys }

/** One resource under two names: `/keys`, and `/api-keys` for clients of campaigns. */
export const keysRoutes = ({ access, keys }: KeysRoutesDeps, prefix: '/keys' | '/api-keys') =>
  new Elysia({ name: `features/keys${prefix}`, prefix, tags: ['Keys'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const page = keys.list(principal, query)
        return { ...page, data: page.data.map(toKey) }
      },
      {
        access: { scope: 'keys:read' },
        query: ListKeys,
        response: { 200: KeyList },
        detail: { summary: 'List keys, newest first' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => {
          const { text, ...created } = keys.create(principal, body)
          return status(201, { data: { ...toKey(created), key: text } })
        }),
      {
        access: { scope: 'keys:write' },
        body: CreateKey,
        response: { 201: OneNewKey },
        detail: { summary: 'Create a key, shown once', 'x-errors': ['limit_reached'] },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toKey(keys.requireById(principal, params.id)) }),
      {
        access: { scope: 'keys:read' },
        params: IdParams,
        response: { 200: OneKey },
        detail: { summary: 'A key, without the key itself' },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) => ({ data: toKey(keys.update(principal, params.id, body)) }),
      {
        access: { scope: 'keys:write' },
        params: IdParams,
        body: UpdateKey,
        response: { 200: OneKey },
        detail: { summary: 'Change a key' },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(keys.revoke(principal, params.id)), {
      access: { scope: 'keys:write' },
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Revoke a key at once' },
    })
