import { describe, expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import { type Client, createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'
import { dashboardOf, secretMailedTo, tokenOf } from '../support/signed-in'

type World = AsyncDisposable & {
  app: TestApp
  owner: Tenant
  boss: Client
  path: string
  /** Adds somebody with this role to the owner's workspace. */
  join(role: string): Promise<{ tenant: Tenant; client: Client; memberId: string }>
}

async function world(): Promise<World> {
  const app = await createTestApp()
  const owner = app.seed.owner()
  const boss = await dashboardOf(app, owner)
  const path = `/api/v1/workspaces/${owner.workspaceId}`
  return {
    ...{ app, owner, boss, path },
    async join(role) {
      const tenant = await app.seed.tenant()
      const added = await boss.post(`${path}/members`, { email: tenant.email, role })
      return { tenant, client: await tokenOf(app, tenant), memberId: added.json.data.id }
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

describe('members', () => {
  test('with an account are seated at once', async () => {
    await using w = await world()
    const tenant = await w.app.seed.tenant({ name: 'Ada' })
    const input = { email: tenant.email.toUpperCase(), role: 'member' }
    const added = await w.boss.post(`${w.path}/members`, input)
    expect(added.status).toBe(201)
    expect(added.json.data).toMatchObject({
      ...{ user_id: tenant.userId, email: tenant.email, name: 'Ada' },
      ...{ role: 'member', status: 'active', workspace_id: w.owner.workspaceId },
    })
    expect((await (await tokenOf(w.app, tenant)).get(w.path)).json.data.role).toBe('member')
    expect((await w.boss.get(`${w.path}/members`)).json.meta.total).toBe(2)
    const { rows } = w.app.services.mails.list({ limit: 10, offset: 0 })
    expect(rows).toMatchObject([{ kind: 'workspace.member_added', recipient: tenant.email }])
    const again = await w.boss.post(`${w.path}/members`, input)
    expect([again.status, again.json.code]).toEqual([409, 'already_exists'])
  })

  test('are out of reach for keys of every kind', async () => {
    await using w = await world()
    const bound = w.app.as(w.owner.key())
    const person = await tokenOf(w.app, w.owner)
    const wide = w.app.as((await person.post('/api/v1/keys', { name: 'w' })).json.data.key)
    for (const key of [bound, wide]) {
      expect((await key.get(`${w.path}/members`)).status).toBe(403)
      const body = { email: 'a@example.com', role: 'viewer' }
      expect((await key.post(`${w.path}/members`, body)).status).toBe(403)
      expect((await key.post(`${w.path}/invitations`, body)).status).toBe(403)
      expect((await key.delete(`${w.path}/members/mem_x`)).status).toBe(403)
    }
  })

  test.each([
    ['viewer', { read: 200, write: 403, settings: 403, keys: 403, members: 403, remove: 403 }],
    ['member', { read: 200, write: 201, settings: 403, keys: 403, members: 403, remove: 403 }],
    ['admin', { read: 200, write: 201, settings: 200, keys: 201, members: 200, remove: 403 }],
    ['owner', { read: 200, write: 201, settings: 200, keys: 201, members: 200, remove: 200 }],
  ])('as %s may do what the role allows', async (role, expected) => {
    await using w = await world()
    const { client } = await w.join(role)
    const here = { 'x-workspace-id': w.owner.workspaceId }
    const links = '/api/v1/links'
    const url = 'https://example.com/'
    expect({
      read: (await client.get(links, here)).status,
      write: (await client.post(links, { url }, here)).status,
      settings: (await client.patch(w.path, { timezone: 'Asia/Dushanbe' })).status,
      keys: (await client.post('/api/v1/keys', { name: 'k' }, here)).status,
      members: (await client.get(`${w.path}/members`)).status,
      remove: (await client.delete(w.path)).status,
    }).toEqual(expected)
  })

  test('cannot be raised above the role of who raises them', async () => {
    await using w = await world()
    const admin = await w.join('admin')
    const member = await w.join('member')
    const { data } = (await w.boss.get(`${w.path}/members`)).json
    const ownSeat = data.find(({ role }: { role: string }) => role === 'owner')
    const seat = (id: string) => `${w.path}/members/${id}`
    expect((await admin.client.patch(seat(member.memberId), { role: 'owner' })).status).toBe(403)
    expect((await admin.client.patch(seat(admin.memberId), { role: 'owner' })).status).toBe(403)
    expect((await admin.client.patch(seat(ownSeat.id), { role: 'viewer' })).status).toBe(403)
    expect((await admin.client.delete(seat(ownSeat.id))).status).toBe(403)
    const invite = { email: 'x@example.com', role: 'owner' }
    expect((await admin.client.post(`${w.path}/invitations`, invite)).status).toBe(403)
    expect((await admin.client.post(`${w.path}/members`, invite)).status).toBe(403)
    const raised = await admin.client.patch(seat(member.memberId), { role: 'admin' })
    expect(raised.json.data.role).toBe('admin')
  })

  test('the last owner can neither leave nor step down', async () => {
    await using w = await world()
    const [own] = (await w.boss.get(`${w.path}/members`)).json.data
    const left = await w.boss.delete(`${w.path}/members/${own.id}`)
    expect([left.status, left.json.code]).toEqual([409, 'conflict'])
    const stepped = await w.boss.patch(`${w.path}/members/${own.id}`, { role: 'admin' })
    expect([stepped.status, stepped.json.code]).toEqual([409, 'conflict'])
    const second = await w.join('owner')
    expect((await w.boss.delete(`${w.path}/members/${own.id}`)).status).toBe(200)
    expect((await w.boss.get(w.path)).status).toBe(404)
    expect((await second.client.delete(`${w.path}/members/${second.memberId}`)).status).toBe(409)
  })

  test('may leave with any role, and remove nobody else', async () => {
    await using w = await world()
    const viewer = await w.join('viewer')
    const other = await w.join('viewer')
    expect((await viewer.client.delete(`${w.path}/members/${other.memberId}`)).status).toBe(403)
    expect((await viewer.client.delete(`${w.path}/members/${viewer.memberId}`)).status).toBe(200)
    expect((await viewer.client.get(w.path)).status).toBe(404)
    expect((await viewer.client.get('/api/v1/me')).status).toBe(200)
  })

  test('of another workspace are not there', async () => {
    await using w = await world()
    const stranger = await w.app.seed.tenant()
    const client = await tokenOf(w.app, stranger)
    const member = await w.join('member')
    const own = `/api/v1/workspaces/${stranger.workspaceId}/members`
    expect((await client.get(`${w.path}/members`)).status).toBe(404)
    expect((await client.patch(`${own}/${member.memberId}`, { role: 'viewer' })).status).toBe(404)
    expect((await client.delete(`${own}/${member.memberId}`)).status).toBe(404)
  })

  test('are as many as the plan allows, open invitations included', async () => {
    await using app = await createTestApp()
    const free = await app.seed.tenant({ plan: 'free' })
    const alone = await tokenOf(app, free)
    const body = { email: 'a@example.com', role: 'viewer' }
    const refused = await alone.post(`/api/v1/workspaces/${free.workspaceId}/members`, body)
    expect(refused.status).toBe(402)
    expect(refused.json).toMatchObject({
      message: 'The Free plan allows 1 member.',
      recommend: { name: 'Core' },
    })
    const core = await app.seed.tenant({ plan: 'core' })
    const person = await tokenOf(app, core)
    const invitations = `/api/v1/workspaces/${core.workspaceId}/invitations`
    const invite = (email: string) => person.post(invitations, { email, role: 'viewer' })
    const first = await invite('a@example.com')
    expect([first.status, (await invite('b@example.com')).status]).toEqual([201, 201])
    expect((await invite('a@example.com')).status).toBe(201)
    expect((await invite('c@example.com')).status).toBe(402)
    const { data } = (await person.get(invitations)).json
    expect(data).toHaveLength(2)
    await person.delete(`${invitations}/${data[0].id}`)
    expect((await invite('c@example.com')).status).toBe(201)
  })

  test.each<[object, string]>([
    [{}, 'email'],
    [{ email: 'nobody', role: 'viewer' }, 'email'],
    [{ email: 7 }, 'email'],
    [{ email: 'a@example.com', role: 'king' }, 'role'],
  ])('refuse %j', async (body, field) => {
    await using w = await world()
    for (const list of ['members', 'invitations']) {
      const refused = await w.boss.post(`${w.path}/${list}`, body)
      expect([refused.status, refused.json.field]).toEqual([400, field])
    }
  })
})

describe('an invitation', () => {
  test('seats the person it was mailed to, once', async () => {
    await using w = await world()
    const email = 'new@example.com'
    const made = await w.boss.post(`${w.path}/members`, { email, role: 'member' })
    expect(made.json.data).toMatchObject({ status: 'invited', user_id: null, email })
    const token = secretMailedTo(w.app, email)
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(made.text).not.toContain(token)
    const tenant = await w.app.seed.tenant({ email })
    const client = await tokenOf(w.app, tenant)
    const accept = `/api/v1/invitations/${token}/accept`
    const accepted = await client.post(accept)
    expect(accepted.status).toBe(200)
    expect(accepted.json.data).toMatchObject({ role: 'member', status: 'active', email })
    expect((await client.get(w.path)).status).toBe(200)
    const again = await client.post(accept)
    expect([again.status, again.json.code]).toEqual([410, 'gone'])
    expect((await w.boss.get(`${w.path}/invitations`)).json.data).toEqual([])
  })

  test('is for its address only, and for people only', async () => {
    await using w = await world()
    await w.boss.post(`${w.path}/invitations`, { email: 'new@example.com', role: 'member' })
    const accept = `/api/v1/invitations/${secretMailedTo(w.app, 'new@example.com')}/accept`
    const stranger = await w.app.seed.tenant()
    expect((await (await tokenOf(w.app, stranger)).post(accept)).status).toBe(403)
    expect((await w.app.as(stranger.key()).post(accept)).status).toBe(403)
    expect((await w.app.as().post(accept)).status).toBe(401)
    expect((await w.boss.post('/api/v1/invitations/unknown/accept')).status).toBe(404)
    expect((await w.boss.get(`${w.path}/members`)).json.meta.total).toBe(1)
  })

  test.each([
    ['expired', async (w: World) => w.app.clock.advance(7 * DAY)],
    [
      'taken back',
      async (w: World) => {
        const { data } = (await w.boss.get(`${w.path}/invitations`)).json
        await w.boss.delete(`${w.path}/invitations/${data[0].id}`)
      },
    ],
    [
      'replaced',
      async (w: World) => {
        w.app.clock.advance(1)
        await w.boss.post(`${w.path}/invitations`, { email: 'new@example.com', role: 'viewer' })
      },
    ],
  ])('that is %s is no longer valid', async (_, end) => {
    await using w = await world()
    await w.boss.post(`${w.path}/invitations`, { email: 'new@example.com', role: 'member' })
    const accept = `/api/v1/invitations/${secretMailedTo(w.app, 'new@example.com')}/accept`
    await end(w)
    const tenant = await w.app.seed.tenant({ email: 'new@example.com' })
    const late = await (await tokenOf(w.app, tenant)).post(accept)
    expect([late.status, late.json.code]).toEqual([410, 'gone'])
  })

  test('lets its address register while sign-up is by invitation', async () => {
    await using w = await world()
    const email = 'new@example.com'
    const register = '/api/v1/auth/register'
    const password = 'a fine long phrase'
    expect((await w.app.as().post(register, { email, password })).status).toBe(403)
    await w.boss.post(`${w.path}/invitations`, { email, role: 'member' })
    const invite = secretMailedTo(w.app, email)
    const other = { email: 'other@example.com', password, invite }
    expect((await w.app.as().post(register, other)).status).toBe(403)
    expect((await w.app.as().post(register, { email, password, invite })).status).toBe(201)
    const members = (await w.boss.get(`${w.path}/members`)).json.data
    expect(members).toContainEqual(expect.objectContaining({ email, role: 'member' }))
    expect(w.app.services.users.findByEmail('other@example.com')).toBeUndefined()
  })
})
