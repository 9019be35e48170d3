import { describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { dashboardOf, tokenOf } from '../support/signed-in'

const WORKSPACES = '/api/v1/workspaces'

describe('workspaces', () => {
  test('are listed in the shape of the page that clients were written from', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const { json } = await app.as(owner.key()).get(WORKSPACES)
    expect(json.meta).toEqual({ total: 1, limit: 20, offset: 0, nextCursor: null })
    expect(json.data[0]).toMatchObject({ id: owner.workspaceId, plan: 'agency' })
    expect(json.data[0].created_at).toMatch(/Z$/)
    expect(json.data[0].slug).toMatch(/^[a-z0-9-]+$/)
  })

  test('of a person are listed oldest seat first, page by page', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const person = await tokenOf(app, owner)
    for (const name of ['Second', 'Third']) {
      app.clock.advance(1)
      await person.post(WORKSPACES, { name })
    }
    const first = await person.get(`${WORKSPACES}?limit=2`)
    expect(first.json.data.map(({ role }: { role: string }) => role)).toEqual(['owner', 'owner'])
    expect(first.json.data[0].id).toBe(owner.workspaceId)
    const next = await person.get(`${WORKSPACES}?limit=2&cursor=${first.json.meta.nextCursor}`)
    expect(next.json.data).toMatchObject([{ name: 'Third' }])
    expect(next.json.meta).toMatchObject({ total: 3, nextCursor: null })
  })

  test('get readable, unique slugs, whatever they are called', async () => {
    await using app = await createTestApp()
    const person = await tokenOf(app, app.seed.owner())
    const slugOf = async (name: string) =>
      (await person.post(WORKSPACES, { name })).json.data.slug as string
    expect(await slugOf('Müller & Söhne')).toBe('muller-sohne')
    expect(await slugOf('Muller Sohne')).toMatch(/^muller-sohne-[0-9a-f]{4}$/)
    expect(await slugOf('日本語')).toBe('workspace')
    expect(await slugOf('🚀')).toMatch(/^workspace-[0-9a-f]{4}$/)
  })

  test('of a superadmin are on Agency, without a limit', async () => {
    await using app = await createTestApp()
    const person = await tokenOf(app, app.seed.owner())
    for (const name of ['a', 'b', 'c', 'd']) {
      const made = await person.post(WORKSPACES, { name })
      expect([made.status, made.json.data.plan]).toEqual([201, 'agency'])
    }
  })

  test('of a user join the plan of the first, as many as it allows', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'core' })
    const person = await tokenOf(app, tenant)
    const second = await person.post(WORKSPACES, { name: 'Second' })
    expect(second.json.data.plan).toBe('core')
    expect((await person.post(WORKSPACES, { name: 'Third' })).status).toBe(201)
    const fourth = await person.post(WORKSPACES, { name: 'Fourth' })
    expect(fourth.status).toBe(402)
    expect(fourth.json).toMatchObject({
      message: 'The Core plan allows 3 workspaces.',
      recommend: { name: 'Creator', priceMonthly: 29, linkLimit: 1000 },
    })
    await person.delete(`${WORKSPACES}/${second.json.data.id}`)
    expect((await person.post(WORKSPACES, { name: 'Fourth' })).status).toBe(201)
  })

  test('are not made by a key of one workspace', async () => {
    await using app = await createTestApp()
    const refused = await app.as(app.seed.owner().key()).post(WORKSPACES, { name: 'x' })
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden'])
  })

  test('keep settings, and change only what is named', async () => {
    await using app = await createTestApp()
    const { workspaceId, key } = app.seed.owner()
    const client = app.as(key())
    const path = `${WORKSPACES}/${workspaceId}`
    const changed = await client.patch(path, {
      name: 'Acme Corp',
      timezone: 'Europe/Berlin',
      branding: { name: 'Acme', logo_url: 'https://acme.example/logo.png', color: '#1A73e8' },
      brand: { name: 'Acme', aliases: ['ACME Inc'], domains: ['Acme.COM'] },
      retention_days: 30,
      tracking_schedule: 'weekly',
    })
    expect(changed.status).toBe(200)
    await client.patch(path, { branding: { color: null }, brand: { negative_aliases: ['Acne'] } })
    const { data } = (await client.get(path)).json
    expect(data).toMatchObject({
      name: 'Acme Corp',
      timezone: 'Europe/Berlin',
      branding: { name: 'Acme', logo_url: 'https://acme.example/logo.png', color: null },
      brand: {
        name: 'Acme',
        aliases: ['ACME Inc'],
        negative_aliases: ['Acne'],
        domains: ['acme.com'],
      },
      retention_days: 30,
      tracking_schedule: 'weekly',
    })
  })

  test.each<[object, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'a\u0007b' }, 'name'],
    [{ name: null }, 'name'],
    [{ timezone: 'Mars/Olympus' }, 'timezone'],
    [{ timezone: '+05:00' }, 'timezone'],
    [{ branding: { color: 'red' } }, 'branding.color'],
    [{ branding: { color: '#12345' } }, 'branding.color'],
    [{ branding: { logo_url: 'http://acme.example/a.png' } }, 'branding.logo_url'],
    [{ branding: { logo_url: 'javascript:alert(1)' } }, 'branding.logo_url'],
    [{ branding: { logo_url: 'https://u:p@acme.example/' } }, 'branding.logo_url'],
    [{ brand: { aliases: 'Acme' } }, 'brand.aliases'],
    [{ brand: { domains: ['localhost'] } }, 'brand.domains.0'],
    [{ brand: { domains: ['acme.com', 'not a domain'] } }, 'brand.domains.1'],
    [{ retention_days: 0 }, 'retention_days'],
    [{ retention_days: 1.5 }, 'retention_days'],
    [{ tracking_schedule: 'hourly' }, 'tracking_schedule'],
  ])('refuse %j', async (body, field) => {
    await using app = await createTestApp()
    const { workspaceId, key } = app.seed.owner()
    const client = app.as(key())
    const before = await client.get(`${WORKSPACES}/${workspaceId}`)
    const refused = await client.patch(`${WORKSPACES}/${workspaceId}`, body)
    expect([refused.status, refused.json.code, refused.json.field]).toEqual([
      400,
      'validation_failed',
      field,
    ])
    expect((await client.get(`${WORKSPACES}/${workspaceId}`)).json).toEqual(before.json)
  })

  test('of others are not there, for keys, people and superadmins alike', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant()
    const owner = app.seed.owner()
    const path = `${WORKSPACES}/${tenant.workspaceId}`
    const superadmin = await dashboardOf(app, owner)
    for (const client of [app.as(owner.key()), await tokenOf(app, owner), superadmin]) {
      expect((await client.get(path)).status).toBe(404)
      expect((await client.patch(path, { name: 'mine' })).status).toBe(404)
      expect((await client.delete(path)).status).toBe(404)
      for (const route of ['/api/v1/me', WORKSPACES]) {
        const selected = await client.get(`${route}?workspace_id=${tenant.workspaceId}`)
        expect(selected.status).toBe(404)
      }
    }
    expect((await app.as(tenant.key()).get(path)).status).toBe(200)
    expect((await superadmin.get(`${WORKSPACES}/ws_unknown`)).status).toBe(404)
  })
})

test('the list needs workspaces:read, and creating workspaces:write', async () => {
  await using app = await createTestApp()
  const person = await tokenOf(app, app.seed.owner())
  const keyWith = async (...scopes: string[]) =>
    app.as((await person.post('/api/v1/keys', { name: 'k', scopes })).json.data.key)
  const none = await keyWith('links')
  expect((await none.get(WORKSPACES)).status).toBe(403)
  expect((await none.post(WORKSPACES, { name: 'x' })).status).toBe(403)
  const reader = await keyWith('workspaces:read')
  expect((await reader.get(WORKSPACES)).status).toBe(200)
  expect((await reader.post(WORKSPACES, { name: 'x' })).status).toBe(403)
  const writer = await keyWith('workspaces')
  const made = await writer.post(WORKSPACES, { name: 'Made by a key' })
  expect([made.status, made.json.data.role]).toEqual([201, 'owner'])
})

describe('a deleted workspace', () => {
  test('is hidden at once and comes back within seven days', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant()
    const person = await tokenOf(app, tenant)
    const key = app.as(tenant.key())
    const path = `${WORKSPACES}/${tenant.workspaceId}`
    const gone = await person.delete(path)
    expect(gone.json).toEqual({ data: { id: tenant.workspaceId, deleted: true } })
    expect((await person.get(path)).status).toBe(404)
    expect((await person.get(WORKSPACES)).json.data).toEqual([])
    expect((await key.get('/api/v1/links')).status).toBe(404)
    const superadmin = await dashboardOf(app, app.seed.owner())
    const restore = `/api/v1/admin/workspaces/${tenant.workspaceId}/restore`
    app.clock.advance(7 * 86_400_000 - 1)
    expect((await superadmin.post(restore)).json.data.deleted_at).toBeNull()
    expect((await key.get('/api/v1/links')).status).toBe(200)
    expect((await superadmin.post(restore)).status).toBe(409)
  })

  test('is purged after seven days, with its keys and seats', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant()
    const person = await tokenOf(app, tenant)
    const key = app.as(tenant.key())
    await key.post('/api/v1/links', { url: 'https://example.com/' })
    await person.delete(`${WORKSPACES}/${tenant.workspaceId}`)
    await app.services.loops.run('workspaces.purge')
    expect(app.services.directory.findAny(tenant.workspaceId)).toBeDefined()
    app.clock.advance(7 * 86_400_000)
    const superadmin = await dashboardOf(app, app.seed.owner())
    const restore = `/api/v1/admin/workspaces/${tenant.workspaceId}/restore`
    expect((await superadmin.post(restore)).status).toBe(410)
    for (const loop of ['workspaces.purge', 'links.purge', 'workspaces.purge']) {
      await app.services.loops.run(loop)
    }
    expect(app.services.directory.findAny(tenant.workspaceId)).toBeUndefined()
    const events = app.services.db.sqlite.query('SELECT * FROM events WHERE workspace_id = ?')
    expect(events.all(tenant.workspaceId)).toEqual([])
    expect((await superadmin.post(restore)).status).toBe(404)
    expect((await key.get('/api/v1/links')).status).toBe(401)
  })

  test('leaves its owner free to begin anew', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'free' })
    const person = await tokenOf(app, tenant)
    await person.delete(`${WORKSPACES}/${tenant.workspaceId}`)
    expect((await person.get('/api/v1/me')).status).toBe(404)
    const made = await person.post(WORKSPACES, { name: 'Anew' })
    expect([made.status, made.json.data.plan]).toEqual([201, 'free'])
    expect((await person.get('/api/v1/me')).status).toBe(200)
  })

  test('is deleted by owners only', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const path = `${WORKSPACES}/${owner.workspaceId}`
    const admin = await app.seed.tenant()
    const dashboard = await dashboardOf(app, owner)
    await dashboard.post(`${path}/members`, { email: admin.email, role: 'admin' })
    expect((await (await tokenOf(app, admin)).delete(path)).status).toBe(403)
    expect((await app.as(owner.key()).delete(path)).status).toBe(403)
    expect((await dashboard.get(path)).status).toBe(200)
  })
})
