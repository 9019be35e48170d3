import { describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { dashboardOf, tokenOf } from '../support/signed-in'

const USERS = '/api/v1/admin/users'
const WORKSPACES = '/api/v1/admin/workspaces'
const PASSWORD = 'a horse, a battery, a staple'

describe('the administration', () => {
  test('is for superadmins signed in to the dashboard', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const user = await app.seed.tenant()
    const refused = [app.as(owner.key()), await tokenOf(app, owner), await dashboardOf(app, user)]
    for (const name of ['users', 'plans', 'workspaces', 'audit']) {
      const path = `/api/v1/admin/${name}`
      for (const client of refused) expect((await client.get(path)).status).toBe(403)
      expect((await app.as().get(path)).status).toBe(401)
      expect((await (await dashboardOf(app, owner)).get(path)).status).toBe(200)
    }
  })
})

describe('users', () => {
  test('are made with a workspace of their own and can sign in', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const input = { email: 'Ada@Example.com', name: 'Ada', password: PASSWORD }
    const made = await superadmin.post(USERS, input)
    expect(made.status).toBe(201)
    expect(made.json.data).toMatchObject({ email: 'ada@example.com', name: 'Ada', role: 'USER' })
    expect(made.text).not.toMatch(/password|argon2/i)
    const ada = await tokenOf(app, { email: 'ada@example.com' })
    expect((await ada.get('/api/v1/workspaces')).json.data).toMatchObject([
      { name: 'Ada', plan: 'free', role: 'owner' },
    ])
    const again = await superadmin.post(USERS, input)
    expect([again.status, again.json.code, again.json.field]).toEqual([
      409,
      'already_exists',
      'email',
    ])
  })

  test.each<[object, string]>([
    [{}, 'email'],
    [{ email: 'nobody', password: PASSWORD }, 'email'],
    [{ email: 'a@example.com' }, 'password'],
    [{ email: 'a@example.com', password: 'short' }, 'password'],
    [{ email: 'a@example.com', password: PASSWORD, role: 'KING' }, 'role'],
    [{ email: 'a@example.com', password: PASSWORD, name: 'a\u0000' }, 'name'],
  ])('are refused as %j', async (body, field) => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const refused = await superadmin.post(USERS, body)
    expect([refused.status, refused.json.field]).toEqual([400, field])
    expect((await superadmin.get(USERS)).json.meta.total).toBe(1)
  })

  test('are found by a part of name or address, page by page', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    for (const name of ['Ada', 'Adam', 'Grace', '100%']) {
      app.clock.advance(1)
      await app.seed.tenant({ name })
    }
    const page = await superadmin.get(`${USERS}?q=ada&limit=1`)
    expect(page.json.data).toMatchObject([{ name: 'Ada' }])
    expect(page.json.meta.total).toBe(2)
    const next = await superadmin.get(`${USERS}?q=ada&limit=1&cursor=${page.json.meta.nextCursor}`)
    expect(next.json.data).toMatchObject([{ name: 'Adam' }])
    expect((await superadmin.get(`${USERS}?q=%25`)).json.data).toMatchObject([{ name: '100%' }])
  })

  test('that are blocked lose every session at once, and come back when let in', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const tenant = await app.seed.tenant()
    const clients = [await tokenOf(app, tenant), await dashboardOf(app, tenant)]
    for (const client of clients) expect((await client.get('/api/v1/me')).status).toBe(200)
    const path = `${USERS}/${tenant.userId}`
    const blocked = await superadmin.patch(path, { blocked: true })
    expect(blocked.json.data.blocked_at).not.toBeNull()
    for (const client of clients) expect((await client.get('/api/v1/me')).status).toBe(403)
    await superadmin.patch(path, { blocked: false })
    for (const client of clients) expect((await client.get('/api/v1/me')).status).toBe(401)
    expect((await (await tokenOf(app, tenant)).get('/api/v1/me')).status).toBe(200)
  })

  test('cannot block or demote themselves, and the last superadmin stays', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const superadmin = await dashboardOf(app, owner)
    const own = `${USERS}/${owner.userId}`
    for (const body of [{ blocked: true }, { role: 'USER' }]) {
      const refused = await superadmin.patch(own, body)
      expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
    }
    const tenant = await app.seed.tenant()
    await superadmin.patch(`${USERS}/${tenant.userId}`, { role: 'SUPERADMIN' })
    const second = await dashboardOf(app, tenant)
    expect((await second.patch(own, { role: 'USER' })).json.data.role).toBe('USER')
    expect((await superadmin.get(USERS)).status).toBe(403)
    expect((await second.get(`${USERS}/usr_unknown`)).status).toBe(404)
    const unknown = await second.patch(`${USERS}/usr_unknown`, { blocked: true })
    expect(unknown.status).toBe(404)
  })
})

describe('workspaces', () => {
  test('are all listed, newest first, with owner and plan', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    app.clock.advance(1)
    const tenant = await app.seed.tenant({ plan: 'pro' })
    const { json } = await superadmin.get(`${WORKSPACES}?limit=1`)
    expect(json.data).toMatchObject([
      { id: tenant.workspaceId, plan: 'pro', owner: { email: tenant.email }, deleted_at: null },
    ])
    expect(json.meta.total).toBe(2)
    const next = await superadmin.get(`${WORKSPACES}?limit=1&cursor=${json.meta.nextCursor}`)
    expect(next.json.data[0].id).toBe(app.seed.owner().workspaceId)
    expect((await superadmin.get(`${WORKSPACES}?state=deleted`)).json.data).toEqual([])
  })

  test('are put on another plan at once, with those billed together', async () => {
    await using app = await createTestApp()
    const superadmin = await dashboardOf(app, app.seed.owner())
    const tenant = await app.seed.tenant({ plan: 'core' })
    const person = await tokenOf(app, tenant)
    await person.post('/api/v1/workspaces', { name: 'Second' })
    const path = `${WORKSPACES}/${tenant.workspaceId}`
    expect((await superadmin.patch(path, { plan: 'pro' })).json.data.plan).toBe('pro')
    const plans = (await person.get('/api/v1/workspaces')).json.data
    expect(plans.map(({ plan }: { plan: string }) => plan)).toEqual(['pro', 'pro'])
    const unknown = await superadmin.patch(path, { plan: 'platinum' })
    expect([unknown.status, unknown.json.field]).toEqual([400, 'plan'])
    expect((await superadmin.patch(`${WORKSPACES}/ws_unknown`, { plan: 'pro' })).status).toBe(404)
  })
})
