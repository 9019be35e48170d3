import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'
import { tokenOf } from '../support/signed-in'

const PATH = '/api/v1/sites'

let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  app = await createTestApp()
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(() => app[Symbol.asyncDispose]())

const projectsOf = async (as = client) => (await as.get('/api/v1/projects')).json.data
const sitesOf = async (as = client) => (await as.get(PATH)).json.data
const post = (body: unknown, as = client) => as.post(PATH, body)

const PROFILE = {
  legal_name: 'Example GmbH',
  tagline: 'Links that last',
  short_description: 'A tool for links.',
  long_description: 'First paragraph.\n\nSecond paragraph.',
  categories: ['software', 'marketing'],
  founded_year: 2019,
  address: {
    ...{ street: 'Weg 1', city: 'Köln', region: null, postal_code: '50667', country: 'DE' },
  },
  phone: '+49 221 1234',
  email: 'hello@example.com',
  social_urls: ['https://social.example/@example'],
  logo_url: 'https://example.com/logo.png',
  screenshot_urls: ['https://example.com/a.png'],
  pricing_model: 'freemium',
}

describe('registering a site', () => {
  test('as the page of the seed does makes it and the project of its domain', async () => {
    const { status, json } = await post({
      ...{ url: 'https://yoursite.com', name: 'Your Site', description: '...' },
    })
    expect(status).toBe(201)
    const [project] = await projectsOf()
    expect(project).toMatchObject({ name: 'Your Site', registeredDomain: 'yoursite.com' })
    expect(json.data).toMatchObject({
      ...{ url: 'https://yoursite.com/', name: 'Your Site', description: '...', version: 1 },
      ...{ project_id: project.id, tagline: null, address: null, categories: null },
    })
    expect(json.data.id).toMatch(/^site_/)
    expect(new Date(json.data.created_at).getTime()).toBe(app.clock.now())
    const events = (await client.get('/api/v1/events')).json.data
    expect(events).toMatchObject([
      { type: 'project.changed', data: { action: 'created' } },
      { type: 'project.changed', data: { action: 'scan_started' } },
    ])
  })

  test('reuses the project that is there, without renaming it', async () => {
    const made = await client.post('/api/v1/projects', { domain: 'yoursite.com', name: 'Client' })
    const { json } = await post({ url: 'https://www.yoursite.com/product', name: 'Product' })
    expect(json.data.project_id).toBe(made.json.project.id)
    expect(await projectsOf()).toEqual([made.json.project])
  })

  test('keeps a whole profile', async () => {
    const { json } = await post({ url: 'https://example.com/', ...PROFILE })
    expect(json.data).toMatchObject(PROFILE)
    expect((await client.get(`${PATH}/${json.data.id}`)).json).toEqual(json)
  })

  test.each([
    ...[
      'http://example.com',
      'ftp://example.com',
      'example.com',
      'https://',
      'javascript:alert(1)',
    ],
    ...[
      'https://localhost',
      'https://127.0.0.1',
      'https://[::1]',
      'https://0x7f.1',
      'https://10.1',
    ],
    ...['https://co.uk', 'https://github.io', 'https://intranet', 'https://x.internal'],
    ...['https://u:p@example.com', 'https://example.com:22', ' https://example.com', ''],
    ...['https://exa\u0000mple.com', `https://example.com/${'a'.repeat(2_050)}`],
  ])('refuses %p as the page of the seed shows it', async (url) => {
    const { status, json } = await post({ url, name: 'X' })
    expect([status, json.code, json.field]).toEqual([400, 'invalid_site_url', 'url'])
    expect(json.error).toEqual({
      ...{ code: 'invalid_site_url', field: 'url', details: json.message },
    })
    expect([await sitesOf(), await projectsOf()]).toEqual([[], []])
  })

  test.each([
    ['url', { url: undefined }],
    ['url', { url: 7 }],
    ['email', { email: 'nobody' }],
    ['founded_year', { founded_year: 20_190 }],
    ['address.country', { address: { country: 'Germany' } }],
    ['categories.1', { categories: ['a', ' '] }],
    ['logo_url', { logo_url: 'javascript:alert(1)' }],
    ['social_urls.0', { social_urls: ['https://u:p@example.com'] }],
    ['tagline', { tagline: 'a'.repeat(61) }],
    ['description', { description: 'a\u202eb' }],
    ['pricing_model', { pricing_model: 'cheap' }],
  ])('refuses a wrong %s', async (field, wrong) => {
    const { status, json } = await post({ url: 'https://example.com', ...wrong })
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', field])
    expect(await projectsOf()).toEqual([])
  })

  test('takes http where the operator allows the host', async () => {
    await using other = await createTestApp({ env: { OUTBOUND_ALLOW: 'staging.example' } })
    const as = other.as((await other.seed.tenant()).key())
    expect((await post({ url: 'http://staging.example/' }, as)).status).toBe(201)
    expect((await post({ url: 'http://other.example/' }, as)).status).toBe(400)
  })

  test('of a landing page that is registered is already_exists', async () => {
    await post({ url: 'https://example.com' })
    const { status, json } = await post({ url: 'https://EXAMPLE.com:443/' })
    expect([status, json.code, json.field]).toEqual([409, 'already_exists', 'url'])
    expect((await post({ url: 'https://example.com/other' })).status).toBe(201)
  })

  test('beyond the plan is 402, and leaves no project behind', async () => {
    const free = await app.seed.tenant({ plan: 'free' })
    const person = await tokenOf(app, free)
    expect((await post({ url: 'https://one.com' }, person)).status).toBe(201)
    const { status, json } = await post({ url: 'https://two.com' }, person)
    expect([status, json.code]).toEqual([402, 'limit_reached'])
    expect(json.recommend.name).toBe('Core')
    expect(await projectsOf(person)).toHaveLength(1)
    // A place for a site, but none for another project.
    await person.delete(`${PATH}/${(await sitesOf(person))[0].id}`)
    expect((await post({ url: 'https://two.com' }, person)).status).toBe(402)
    expect(await sitesOf(person)).toEqual([])
    expect((await post({ url: 'https://one.com' }, person)).status).toBe(201)
  })
})

describe('who may', () => {
  test('keys need a plan with submissions_api; people do not', async () => {
    const core = await app.seed.tenant({ plan: 'core' })
    const key = app.as(core.key())
    const { status, json } = await key.get(PATH)
    expect([status, json.code, json.feature]).toEqual([
      ...[403, 'plan_feature_required', 'submissions_api'],
    ])
    expect(json.recommend.name).toBe('Pro')
    expect((await (await tokenOf(app, core)).get(PATH)).status).toBe(200)
    const pro = app.as((await app.seed.tenant({ plan: 'pro' })).key())
    expect((await pro.get(PATH)).status).toBe(200)
  })

  test('keys need the scope', async () => {
    const reader = app.as(tenant.key('sites:read'))
    expect((await reader.get(PATH)).status).toBe(200)
    expect((await post({ url: 'https://example.com' }, reader)).status).toBe(403)
    expect((await app.as(tenant.key('projects')).get(PATH)).status).toBe(403)
  })
})

describe('a site', () => {
  const make = async (body: object = {}) =>
    (await post({ url: 'https://example.com', ...body })).json.data

  test('is changed field by field, and counts its versions', async () => {
    const { id } = await make(PROFILE)
    app.clock.advance(1_000)
    const path = `${PATH}/${id}`
    const { json } = await client.patch(path, { tagline: null, phone: '1', name: ' Name ' })
    expect(json.data).toMatchObject({ ...PROFILE, tagline: null, phone: '1', name: 'Name' })
    expect(json.data.version).toBe(2)
    expect(new Date(json.data.updated_at).getTime()).toBe(app.clock.now())
    for (const same of [{}, { phone: '1' }, { tagline: null }, { url: 'https://example.com/' }]) {
      expect((await client.patch(path, same)).json).toEqual(json)
    }
    expect((await client.patch(path, { name: null })).json.data.name).toBeNull()
  })

  test('moves within its domain only', async () => {
    const { id } = await make()
    await make({ url: 'https://example.com/taken' })
    const path = `${PATH}/${id}`
    const moved = await client.patch(path, { url: 'https://shop.example.com/new' })
    expect(moved.json.data.url).toBe('https://shop.example.com/new')
    const away = await client.patch(path, { url: 'https://other.com' })
    expect([away.status, away.json.code]).toEqual([400, 'invalid_site_url'])
    const taken = await client.patch(path, { url: 'https://example.com/taken' })
    expect([taken.status, taken.json.code]).toEqual([409, 'already_exists'])
    expect((await client.get(path)).json.data).toEqual(moved.json.data)
  })

  test('that is removed leaves its project', async () => {
    const { id } = await make()
    expect((await client.delete(`${PATH}/${id}`)).json).toEqual({ data: { id, deleted: true } })
    expect((await client.get(`${PATH}/${id}`)).status).toBe(404)
    expect((await client.delete(`${PATH}/${id}`)).status).toBe(404)
    expect(await projectsOf()).toHaveLength(1)
  })

  test('goes with its project', async () => {
    const { id, project_id } = await make()
    await client.delete(`/api/v1/projects/${project_id}`)
    expect((await client.get(`${PATH}/${id}`)).status).toBe(404)
    expect(await sitesOf()).toEqual([])
    const again = await make()
    expect(again.project_id).not.toBe(project_id)
  })
})
