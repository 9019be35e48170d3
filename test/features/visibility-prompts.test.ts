import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'
import { tokenOf } from '../support/signed-in'

let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  app = await createTestApp()
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(() => app[Symbol.asyncDispose]())

const ask = (text: string, rest = {}) => client.post('/api/v1/prompts', { text, ...rest })
const rival = (name: string, rest = {}) => client.post('/api/v1/competitors', { name, ...rest })
const nameBrand = async (brand: object) => {
  const path = `/api/v1/workspaces/${tenant.workspaceId}`
  const { status, text } = await client.patch(path, { brand })
  if (status !== 200) throw new Error(text)
}
const codes = (json: { data: { warnings: { code: string }[] } }): string[] =>
  json.data.warnings.map(({ code }) => code)

describe('prompts', () => {
  test('are kept word for word, listed, changed and removed', async () => {
    await nameBrand({ name: 'Acme' })
    const text = 'Which CRM suits\na team of five?'
    const { status, json } = await ask(`  ${text} `, { tags: ['crm', 'crm', 'small'] })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      ...{ workspace_id: tenant.workspaceId, text, kind: 'unbranded', kind_given: false },
      ...{ tags: ['crm', 'small'], warnings: [] },
    })
    expect(json.data.id).toMatch(/^prm_/)
    const { id } = json.data
    app.clock.advance(1_000)
    const changed = await client.patch(`/api/v1/prompts/${id}`, { tags: [] })
    expect(changed.json.data).toMatchObject({ id, text, tags: [] })
    expect(changed.json.data.updated_at).not.toBe(json.data.updated_at)
    const second = await ask('What else?')
    const list = await client.get('/api/v1/prompts?limit=1')
    expect(list.json).toMatchObject({ data: [{ id: second.json.data.id }], meta: { total: 2 } })
    const next = await client.get(`/api/v1/prompts?limit=1&cursor=${list.json.meta.nextCursor}`)
    expect(next.json.data).toEqual([changed.json.data])
    expect((await client.delete(`/api/v1/prompts/${id}`)).json).toEqual({
      data: { id, deleted: true },
    })
    expect((await client.get(`/api/v1/prompts/${id}`)).status).toBe(404)
  })

  test('count as branded by the names in them, as the brand is now', async () => {
    const { json } = await ask('Is Böx-it’s plan good?')
    expect(json.data).toMatchObject({ kind: 'unbranded', warnings: [{ code: 'no_brand' }] })
    await nameBrand({ name: 'Box It' })
    const path = `/api/v1/prompts/${json.data.id}`
    expect((await client.get(path)).json.data).toMatchObject({ kind: 'branded', warnings: [] })
    await nameBrand({ negative_aliases: ['Box It’s plan'] })
    expect((await client.get(path)).json.data.kind).toBe('unbranded')
  })

  test('count as what somebody says, with a warning where the names say otherwise', async () => {
    await nameBrand({ name: 'Acme' })
    const named = await ask('Is Acme good?', { kind: 'unbranded' })
    expect(named.json.data).toMatchObject({ kind: 'unbranded', kind_given: true })
    expect(codes(named.json)).toEqual(['names_brand'])
    const unnamed = await ask('Which is good?', { kind: 'branded' })
    expect(codes(unnamed.json)).toEqual(['names_no_brand'])
    const path = `/api/v1/prompts/${named.json.data.id}`
    const decided = await client.patch(path, { kind: null })
    expect(decided.json.data).toMatchObject({ kind: 'branded', kind_given: false, warnings: [] })
  })

  test('are each there once, and no more than the plan allows', async () => {
    await ask('One?')
    const again = await ask(' One? ')
    expect(again).toMatchObject({ status: 409, json: { code: 'already_exists', field: 'text' } })
    const { json } = await ask('Two?')
    const changed = await client.patch(`/api/v1/prompts/${json.data.id}`, { text: 'One?' })
    expect(changed.status).toBe(409)
    const free = await app.seed.tenant({ email: 'free@example.com', plan: 'free' })
    const person = await tokenOf(app, free)
    for (const text of ['a', 'b', 'c']) {
      expect((await person.post('/api/v1/prompts', { text })).status).toBe(201)
    }
    const refused = await person.post('/api/v1/prompts', { text: 'd' })
    expect(refused).toMatchObject({ status: 402, json: { code: 'limit_reached' } })
    expect(refused.json).toMatchObject({ error: refused.json.message, recommend: { name: 'Core' } })
  })

  test.each([
    ['text', {}],
    ['text', { text: '   ' }],
    ['text', { text: 'x'.repeat(2_001) }],
    ['text', { text: 'a\u0000b' }],
    ['text', { text: 'a\u202eb' }],
    ['text', { text: 7 }],
    ['kind', { text: 'a', kind: 'other' }],
    ['tags.0', { text: 'a', tags: [''] }],
    ['tags', { text: 'a', tags: Array.from({ length: 21 }, (_, nth) => `t${nth}`) }],
  ])('with a bad %s are refused, and nothing is kept', async (field, body) => {
    const { status, json } = await client.post('/api/v1/prompts', body)
    expect({ status, field: json.field, code: json.code }).toEqual({
      ...{ status: 400, field, code: 'validation_failed' },
    })
    expect((await client.get('/api/v1/prompts')).json.data).toEqual([])
  })
})

describe('competitors', () => {
  test('are kept with their names, listed, changed and removed', async () => {
    const facts = {
      aliases: ['Globex Corp', { text: 'GBX', case_sensitive: true, require_context: ['shares'] }],
      ...{ negative_aliases: ['Globex Bank'], domain: 'WWW.Globex.com.' },
    }
    const { status, json } = await rival('Globex', facts)
    expect(status).toBe(201)
    const kept = { ...facts, name: 'Globex', domain: 'www.globex.com', warnings: [] }
    expect(json.data).toMatchObject({ ...kept, workspace_id: tenant.workspaceId })
    const path = `/api/v1/competitors/${json.data.id}`
    const changed = await client.patch(path, { domain: null, aliases: [] })
    expect(changed.json.data).toMatchObject({ name: 'Globex', domain: null, aliases: [] })
    expect((await client.get(path)).json).toEqual(changed.json)
    expect((await client.get('/api/v1/competitors')).json.data).toEqual([changed.json.data])
    expect((await client.delete(path)).status).toBe(200)
    expect((await client.get('/api/v1/competitors')).json.meta.total).toBe(0)
  })

  test('are warned of when their names mean other things', async () => {
    await nameBrand({ name: 'Google', aliases: ['Alphabet'] })
    expect(codes((await rival('monday')).json)).toEqual(['ordinary_word'])
    expect(codes((await rival('LI')).json)).toEqual(['too_short'])
    expect(codes((await rival('東')).json)).toEqual(['not_a_name'])
    expect(codes((await rival('google')).json)).toEqual(['same_as_other_brand'])
    expect(codes((await rival('Google Analytics')).json)).toEqual([])
    const box = { aliases: [{ text: 'box', case_sensitive: true }, 'Analytics'] }
    expect((await rival('Box', box)).json.data.warnings).toMatchObject([
      { term: 'Analytics', code: 'within_other_brand' },
    ])
  })

  test('have one name each', async () => {
    await rival('Globex')
    const { json } = await rival('Initech')
    expect(await rival('Globex')).toMatchObject({ status: 409, json: { field: 'name' } })
    const path = `/api/v1/competitors/${json.data.id}`
    expect((await client.patch(path, { name: 'Globex' })).status).toBe(409)
    expect((await client.patch(path, { name: 'Initech' })).status).toBe(200)
  })

  test('are a hundred at most', async () => {
    for (let nth = 0; nth < 100; nth++) await rival(`Rival ${nth}`)
    const { status, json } = await rival('One more')
    expect({ status, field: json.field }).toEqual({ status: 400, field: 'name' })
    expect((await client.get('/api/v1/competitors')).json.meta.total).toBe(100)
  })

  test.each([
    ['name', {}],
    ['name', { name: ' ' }],
    ['domain', { name: 'a', domain: 'localhost' }],
    ['domain', { name: 'a', domain: 'http://x.com' }],
    ['aliases.0', { name: 'a', aliases: [{ case_sensitive: true }] }],
    ['aliases.0', { name: 'a', aliases: [''] }],
    ['aliases', { name: 'a', aliases: Array.from({ length: 51 }, (_, nth) => `a${nth}`) }],
  ])('with a bad %s are refused', async (field, body) => {
    const { status, json } = await client.post('/api/v1/competitors', body)
    expect({ status, field: json.field }).toEqual({ status: 400, field })
  })
})

test('keys need a plan with tracking, people do not', async () => {
  const core = await app.seed.tenant({ email: 'core@example.com', plan: 'core' })
  const byKey = await app.as(core.key()).get('/api/v1/prompts')
  expect(byKey).toMatchObject({ status: 403, json: { code: 'plan_feature_required' } })
  expect(byKey.json).toMatchObject({ feature: 'tracking', error: byKey.json.message })
  const person = await tokenOf(app, core)
  expect((await person.get('/api/v1/competitors')).status).toBe(200)
})

test('a brand keeps what makes its names count', async () => {
  const aliases = ['Acme Ltd', { text: 'ACM', case_sensitive: true }]
  await nameBrand({ name: 'Acme', aliases })
  const { json } = await client.get(`/api/v1/workspaces/${tenant.workspaceId}`)
  expect(json.data.brand).toEqual({ name: 'Acme', aliases, negative_aliases: [], domains: [] })
  const branded = async (text: string) => (await ask(text)).json.data.kind
  expect(await branded('Is ACM good?')).toBe('branded')
  expect(await branded('Is acm good?')).toBe('unbranded')
})
