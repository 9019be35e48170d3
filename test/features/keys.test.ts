import { describe, expect, test } from 'bun:test'
import { DAY, HOUR, MINUTE } from '../../src/core/clock'
import { createTestApp } from '../support/app'
import { holdLock } from '../support/lock-holder'
import { dashboardOf, tokenOf } from '../support/signed-in'

const KEYS = '/api/v1/keys'

describe('making a key', () => {
  test('shows it once, stores only its hash, and lists its prefix', async () => {
    await using app = await createTestApp()
    const owner = await tokenOf(app, app.seed.owner())
    const made = await owner.post(KEYS, { name: 'My integration' })
    expect(made.status).toBe(201)
    expect(made.json.data).toMatchObject({ name: 'My integration', kind: 'secret' })
    expect(made.json.data.last_used_at).toBeNull()
    const { id, key, prefix } = made.json.data
    expect(key).toMatch(/^ls_sk_[\w-]{43}$/)
    expect(key.startsWith(prefix)).toBe(true)
    const one = await owner.get(`${KEYS}/${id}`)
    const list = await owner.get(KEYS)
    expect(list.json.data[0].id).toBe(id)
    for (const answer of [one, list]) expect(answer.text).not.toContain(key)
    const stored = app.services.db.sqlite.query('SELECT * FROM keys').all()
    expect(JSON.stringify(stored)).not.toContain(key)
    const told = app.services.db.sqlite.query('SELECT * FROM audit_log').all()
    expect(JSON.stringify(told)).not.toContain(key)
  })

  test('/api-keys is the same resource', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const made = await client.post('/api/v1/api-keys', { name: 'two names' })
    expect((await client.get(`${KEYS}/${made.json.data.id}`)).json.data.name).toBe('two names')
    const refused = await client.post('/api/v1/api-keys', {})
    expect(refused.json.error).toMatchObject({ code: 'validation_failed', field: 'name' })
    expect(typeof (await client.post(KEYS, {})).json.error).toBe('string')
  })

  test('an Idempotency-Key gives the same key again', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const headers = { 'idempotency-key': 'one' }
    const first = await client.post(KEYS, { name: 'once' }, headers)
    const again = await client.post(KEYS, { name: 'once' }, headers)
    expect(again.json).toEqual(first.json)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await client.get(KEYS)).json.meta.total).toBe(2)
  })

  test('by default a key gets exactly the scopes of its maker', async () => {
    await using app = await createTestApp()
    const maker = app.as(app.seed.owner().key('keys', 'links:read'))
    const made = await maker.post(KEYS, { name: 'child' })
    expect(made.json.data.scopes.toSorted()).toEqual(['keys:read', 'keys:write', 'links:read'])
  })

  test('a key cannot get a scope that its maker lacks', async () => {
    await using app = await createTestApp()
    const maker = app.as(app.seed.owner().key('keys', 'links:read'))
    for (const scopes of [['links:write'], ['*'], ['links']]) {
      const refused = await maker.post(KEYS, { name: 'more', scopes })
      expect([refused.status, refused.json.code]).toEqual([403, 'forbidden'])
    }
    expect((await maker.get(KEYS)).json.meta.total).toBe(1)
  })

  test('needs keys:write', async () => {
    await using app = await createTestApp()
    const reader = app.as(app.seed.owner().key('keys:read', 'links'))
    expect((await reader.post(KEYS, { name: 'x' })).status).toBe(403)
    expect((await reader.get(KEYS)).status).toBe(200)
    expect((await app.as(app.seed.owner().key('links')).get(KEYS)).status).toBe(403)
  })

  test('a key of one workspace only makes keys of that workspace', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const other = await app.seed.tenant()
    const maker = app.as(owner.key())
    expect((await maker.post(KEYS, { name: 'x' })).json.data.workspace_id).toBe(owner.workspaceId)
    const wide = await maker.post(KEYS, { name: 'x', workspace_id: null })
    expect([wide.status, wide.json.code]).toEqual([403, 'forbidden'])
    const foreign = await maker.post(KEYS, { name: 'x', workspace_id: other.workspaceId })
    expect([foreign.status, foreign.json.code]).toEqual([404, 'not_found'])
  })

  test('a person makes keys of all their workspaces, or of the one they name', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const person = await tokenOf(app, owner)
    const second = await person.post('/api/v1/workspaces', { name: 'Second' })
    const secondId = second.json.data.id
    const wide = await person.post(KEYS, { name: 'wide' })
    expect(wide.json.data.workspace_id).toBeNull()
    const wideClient = app.as(wide.json.data.key)
    expect((await wideClient.get('/api/v1/workspaces')).json.meta.total).toBe(2)
    expect((await wideClient.get(`/api/v1/workspaces/${secondId}`)).status).toBe(200)
    const bound = await person.post(KEYS, { name: 'bound', workspace_id: secondId })
    const boundClient = app.as(bound.json.data.key)
    expect((await boundClient.get('/api/v1/workspaces')).json.data).toMatchObject([
      { id: secondId },
    ])
    expect((await boundClient.get(`/api/v1/workspaces/${owner.workspaceId}`)).status).toBe(404)
    const headers = { 'x-workspace-id': owner.workspaceId }
    const torn = await person.post(KEYS, { name: 'x', workspace_id: secondId }, headers)
    expect([torn.status, torn.json.field]).toEqual([400, 'workspace_id'])
  })

  test('the plan limits them', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'free' })
    const client = app.as(tenant.key())
    const second = await client.post(KEYS, { name: 'second' })
    expect(second.status).toBe(201)
    const third = await client.post(KEYS, { name: 'third' })
    expect(third.status).toBe(402)
    expect(third.json).toMatchObject({
      code: 'limit_reached',
      message: 'The Free plan allows 2 keys.',
      recommend: { name: 'Core', priceMonthly: 8, linkLimit: 100 },
    })
    await client.delete(`${KEYS}/${second.json.data.id}`)
    expect((await client.post(KEYS, { name: 'third' })).status).toBe(201)
  })

  test('a publishable key sends conversions and nothing else', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const client = app.as(owner.key())
    const input = { name: 'web', kind: 'publishable', allowed_origins: ['https://Example.com/'] }
    const made = await client.post(KEYS, input)
    expect(made.json.data.key).toMatch(/^ls_pk_/)
    expect(made.json.data).toMatchObject({
      scopes: ['conversions:write'],
      allowed_origins: ['https://example.com'],
      workspace_id: owner.workspaceId,
    })
    const publishable = app.as(made.json.data.key)
    for (const path of ['/api/v1/me', '/api/v1/workspaces', KEYS, '/api/v1/links']) {
      expect((await publishable.get(path)).status).toBe(403)
    }
    const wide = await client.post(KEYS, { name: 'x', kind: 'publishable', scopes: ['links'] })
    expect([wide.status, wide.json.field]).toEqual([400, 'scopes'])
  })

  test.each<[object, string]>([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: '   ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: 'evil\u202etxt' }, 'name'],
    [{ name: 7 }, 'name'],
    [{ name: 'x', scopes: ['nonsense'] }, 'scopes.0'],
    [{ name: 'x', scopes: ['links:delete'] }, 'scopes.0'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: 'links' }, 'scopes'],
    [{ name: 'x', kind: 'other' }, 'kind'],
    [{ name: 'x', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'x', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ name: 'x', allowed_origins: ['https://a.example'] }, 'allowed_origins'],
    [{ name: 'x', kind: 'publishable', allowed_origins: ['javascript:1'] }, 'allowed_origins.0'],
    [{ name: 'x', kind: 'publishable', allowed_origins: ['https://a/b'] }, 'allowed_origins.0'],
    [{ name: 'x', kind: 'publishable', allowed_origins: ['*'] }, 'allowed_origins.0'],
    [{ name: 'x', kind: 'publishable', allowed_origins: [] }, 'allowed_origins'],
  ])('refuses %j', async (body, field) => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    const refused = await client.post(KEYS, body)
    expect([refused.status, refused.json.code, refused.json.field]).toEqual([
      400,
      'validation_failed',
      field,
    ])
    expect((await client.get(KEYS)).json.meta.total).toBe(1)
  })
})

describe('a key', () => {
  test('ends at once when it is revoked', async () => {
    await using app = await createTestApp()
    const owner = await tokenOf(app, app.seed.owner())
    const { id, key } = (await owner.post(KEYS, { name: 'short' })).json.data
    expect((await app.as(key).get('/api/v1/me')).status).toBe(200)
    const revoked = await owner.delete(`${KEYS}/${id}`)
    expect(revoked.json).toEqual({ data: { id, deleted: true } })
    expect((await app.as(key).get('/api/v1/me')).status).toBe(401)
    expect((await owner.get(`${KEYS}/${id}`)).status).toBe(404)
    expect((await owner.delete(`${KEYS}/${id}`)).status).toBe(404)
  })

  test('ends on the millisecond of its expiry', async () => {
    await using app = await createTestApp()
    const owner = await tokenOf(app, app.seed.owner())
    const expires_at = new Date(app.clock.now() + HOUR).toISOString()
    const { key } = (await owner.post(KEYS, { name: 'short', expires_at })).json.data
    app.clock.advance(HOUR - 1)
    expect((await app.as(key).get('/api/v1/me')).status).toBe(200)
    app.clock.advance(1)
    expect((await app.as(key).get('/api/v1/me')).status).toBe(401)
  })

  test('that is not ours is 401, in either header', async () => {
    await using app = await createTestApp()
    const good = app.seed.owner().key()
    const wrong = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
    for (const key of [wrong, 'ls_sk_', 'ls_sk_short', `${good}x`, good.replace('_sk_', '_pk_')]) {
      expect((await app.as(key).get('/api/v1/me')).status).toBe(401)
      expect((await app.as({ 'x-api-key': key }).get('/api/v1/me')).status).toBe(401)
    }
    expect((await app.as({ 'x-api-key': good }).get('/api/v1/me')).status).toBe(200)
  })

  test('remembers its last use, written at most once a minute and apart from requests', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const client = app.as(owner.key())
    const stored = () =>
      app.services.db.sqlite
        .query<{ at: number | null }, []>('SELECT last_used_at AS at FROM keys')
        .get()?.at
    const usedAt = app.clock.now()
    const seen = (await client.get(KEYS)).json.data[0].last_used_at
    expect(seen).toBe(new Date(usedAt).toISOString())
    expect(stored()).toBeNull()
    await app.services.loops.run('keys.last-used')
    expect(stored()).toBe(usedAt)
    app.clock.advance(MINUTE - 1)
    await client.get(KEYS)
    await app.services.loops.run('keys.last-used')
    expect(stored()).toBe(usedAt)
    app.clock.advance(1)
    await client.get(KEYS)
    await app.services.loops.run('keys.last-used')
    expect(stored()).toBe(usedAt + MINUTE)
  })

  test('is read while another process holds the write lock', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    await using _holder = await holdLock('write', `${app.dataDir}/linkstead.db`)
    expect((await client.get(KEYS)).status).toBe(200)
    expect((await client.post(KEYS, { name: 'x' })).status).toBe(503)
    expect((await client.get(KEYS)).json.meta.total).toBe(1)
  })

  test('of a workspace outlives the seat of who made it; a wide one loses the workspace', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const leaver = await app.seed.tenant()
    const dashboard = await dashboardOf(app, owner)
    const members = `/api/v1/workspaces/${owner.workspaceId}/members`
    const seat = await dashboard.post(members, { email: leaver.email, role: 'admin' })
    const person = await tokenOf(app, leaver)
    const here = { 'x-workspace-id': owner.workspaceId }
    const bound = await person.post(KEYS, { name: 'b', workspace_id: owner.workspaceId })
    const wide = await person.post(KEYS, { name: 'w' })
    expect((await app.as(wide.json.data.key).get('/api/v1/me', here)).status).toBe(200)
    await dashboard.delete(`${members}/${seat.json.data.id}`)
    expect((await app.as(wide.json.data.key).get('/api/v1/me', here)).status).toBe(404)
    expect((await app.as(wide.json.data.key).get('/api/v1/me')).status).toBe(200)
    expect((await app.as(bound.json.data.key).get('/api/v1/me')).status).toBe(200)
  })

  test('of all workspaces has in each only what its owner may do there', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const viewer = await app.seed.tenant()
    const dashboard = await dashboardOf(app, owner)
    const members = `/api/v1/workspaces/${owner.workspaceId}/members`
    await dashboard.post(members, { email: viewer.email, role: 'viewer' })
    const { key } = (await (await tokenOf(app, viewer)).post(KEYS, { name: 'w' })).json.data
    const here = { 'x-workspace-id': owner.workspaceId }
    expect((await app.as(key).get(KEYS, here)).status).toBe(200)
    expect((await app.as(key).post(KEYS, { name: 'x' }, here)).status).toBe(403)
    expect((await app.as(key).post(KEYS, { name: 'x' })).status).toBe(201)
  })

  test('of a blocked person is refused as blocked', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant()
    const { key } = (await (await tokenOf(app, tenant)).post(KEYS, { name: 'w' })).json.data
    const superadmin = await dashboardOf(app, app.seed.owner())
    await superadmin.patch(`/api/v1/admin/users/${tenant.userId}`, { blocked: true })
    const refused = await app.as(key).get('/api/v1/me')
    expect([refused.status, refused.json.code]).toEqual([403, 'account_blocked'])
  })

  test('is not there for another tenant', async () => {
    await using app = await createTestApp()
    const owner = await tokenOf(app, app.seed.owner())
    const { id } = (await owner.post(KEYS, { name: 'mine' })).json.data
    const other = app.as((await app.seed.tenant()).key())
    expect((await other.get(`${KEYS}/${id}`)).status).toBe(404)
    expect((await other.patch(`${KEYS}/${id}`, { name: 'x' })).status).toBe(404)
    expect((await other.delete(`${KEYS}/${id}`)).status).toBe(404)
    expect((await owner.get(`${KEYS}/${id}`)).json.data.name).toBe('mine')
  })

  test('can be narrowed, renamed and given an end, but not widened beyond the caller', async () => {
    await using app = await createTestApp()
    const owner = await tokenOf(app, app.seed.owner())
    const { id, key } = (await owner.post(KEYS, { name: 'k', scopes: ['links', 'keys'] })).json.data
    const self = app.as(key)
    expect((await self.patch(`${KEYS}/${id}`, { scopes: ['*'] })).status).toBe(403)
    const expires_at = new Date(app.clock.now() + DAY).toISOString()
    const changed = await owner.patch(`${KEYS}/${id}`, {
      name: 'narrow',
      scopes: ['links:read'],
      expires_at,
    })
    expect(changed.json.data).toMatchObject({ name: 'narrow', scopes: ['links:read'], expires_at })
    expect((await self.get(KEYS)).status).toBe(403)
    expect((await self.get('/api/v1/links')).status).toBe(200)
  })

  test('lists are paged by offset and by cursor', async () => {
    await using app = await createTestApp()
    const client = app.as(app.seed.owner().key())
    for (const name of ['a', 'b', 'c']) {
      app.clock.advance(1)
      await client.post(KEYS, { name })
    }
    const first = await client.get(`${KEYS}?limit=2`)
    expect(first.json.meta).toMatchObject({ total: 4, limit: 2, offset: 0 })
    const second = await client.get(`${KEYS}?limit=2&cursor=${first.json.meta.nextCursor}`)
    const names = [...first.json.data, ...second.json.data].map(({ name }) => name)
    expect(names).toEqual(['c', 'b', 'a', 'test *'])
    expect(second.json.meta.nextCursor).toBeNull()
    expect((await client.get(`${KEYS}?offset=3`)).json.data).toHaveLength(1)
    for (const query of ['limit=0', 'limit=101', 'limit=abc', 'offset=-1', 'cursor=nonsense']) {
      expect((await client.get(`${KEYS}?${query}`)).status).toBe(400)
    }
  })
})
