import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { made, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const URL_ = 'https://example.com/'
const LATER = '2026-06-01T00:00:00.000Z'
const create = (fields: object) => key.post('/api/v1/links', { url: URL_, ...fields })
const change = (id: string, fields: object) => key.patch(`/api/v1/links/${id}`, fields)
const rule = (conditions: object, url = 'https://example.com/rule') => ({ conditions, url })
const two = [
  { url: 'https://example.com/a', weight: 1 },
  { url: 'https://example.com/b', weight: 3 },
]

const EVERYTHING = {
  startsAt: '2026-04-01T02:00:00+02:00',
  expiresAt: LATER,
  expiredUrl: 'https://example.com/over',
  clickLimit: 50,
  rules: [
    rule({
      country: ['de', 'AT', 'DE'],
      language: ['PT-br'],
      device: ['MOBILE'],
      os: ['macos', 'ios'],
      browser: ['mobile safari'],
      query: { ref: 'x' },
      from: '2026-05-01T00:00:00Z',
      until: '2026-05-02T00:00:00Z',
      percentage: 12.5,
    }),
  ],
  variants: two,
  forwardQuery: true,
  trackConversions: true,
}

const PLAIN = {
  ...{ startsAt: null, expiresAt: null, expiredUrl: null, clickLimit: null },
  ...{ rules: [], variants: [], forwardQuery: false, trackConversions: false },
}

describe('the control of a link', () => {
  test('is shown as it is understood, times in UTC and names in their own spelling', async () => {
    const { id } = await made(key, { url: URL_, ...EVERYTHING })
    const { data } = (await key.get(`/api/v1/links/${id}`)).json
    expect(data).toMatchObject({
      ...EVERYTHING,
      startsAt: '2026-04-01T00:00:00.000Z',
      rules: [
        {
          url: 'https://example.com/rule',
          key: expect.stringMatching(/^[0-9a-f]{12}$/),
          conditions: {
            ...{ country: ['DE', 'AT'], language: ['pt-BR'], device: ['mobile'] },
            ...{ os: ['Mac OS', 'iOS'], browser: ['Mobile Safari'], query: { ref: 'x' } },
            from: '2026-05-01T00:00:00.000Z',
            until: '2026-05-02T00:00:00.000Z',
            percentage: 12.5,
          },
        },
      ],
      variants: two.map((variant) => ({
        ...variant,
        key: expect.stringMatching(/^[0-9a-f]{12}$/),
      })),
    })
  })

  test('is empty for a plain link, and null takes each part away again', async () => {
    expect((await create({})).json.data).toMatchObject(PLAIN)
    const { id } = await made(key, { url: URL_, ...EVERYTHING })
    const nothing = Object.fromEntries(Object.keys(EVERYTHING).map((name) => [name, null]))
    expect((await change(id, nothing)).json.data).toMatchObject(PLAIN)
  })

  test('is set by bulk and upsert too', async () => {
    const operations = [
      { op: 'create', url: URL_, externalId: 'x', variants: two },
      { op: 'create', url: URL_, externalId: 'x', upsert: true, variants: null, clickLimit: 3 },
      { op: 'create', url: URL_, rules: [rule({})] },
    ]
    const { json } = await key.post('/api/v1/links/bulk', { operations })
    expect(json.data.map(({ status }: { status: number }) => status)).toEqual([201, 200, 400])
    expect(json.data[2].error.field).toBe('rules.0.conditions')
    const { data } = (await key.get(`/api/v1/links/${json.data[0].id}`)).json
    expect(data).toMatchObject({ ...PLAIN, clickLimit: 3 })
  })

  test('goes into the history in wire words and comes back by a rollback', async () => {
    const { id } = await made(key, { url: URL_, ...EVERYTHING })
    const before = (await key.get(`/api/v1/links/${id}`)).json.data
    await change(id, { startsAt: null, expiresAt: null, rules: null, variants: [] })
    const [entry] = (await key.get(`/api/v1/links/${id}/history`)).json.data
    expect(entry.changes).toMatchObject({
      startsAt: { before: before.startsAt, after: null },
      rules: { before: before.rules, after: null },
      variants: { before: before.variants, after: null },
    })
    const back = await key.post(`/api/v1/links/${id}/rollback`, { version: 1 })
    for (const name of Object.keys(EVERYTHING)) expect(back.json.data[name]).toEqual(before[name])
  })

  test('nothing changes, and nothing is told, when it is sent again as it is', async () => {
    const { id } = await made(key, { url: URL_, ...EVERYTHING })
    await change(id, EVERYTHING)
    expect((await key.get(`/api/v1/links/${id}/history`)).json.data).toEqual([])
  })

  test('an end that has come since it was set may be sent again', async () => {
    const { id } = await made(key, { url: URL_, expiresAt: LATER })
    app.clock.set('2026-07-01T00:00:00Z')
    expect((await change(id, { expiresAt: LATER, title: 'over' })).status).toBe(200)
    expect((await change(id, { expiresAt: '2026-06-02T00:00:00Z' })).json.field).toBe('expiresAt')
  })

  test('keys of rules and variants stay when order, weights and percentages change', async () => {
    const rules = [rule({ country: ['DE', 'AT'] }), rule({ device: ['mobile'], percentage: 10 })]
    const { id } = await made(key, { url: URL_, rules, variants: two })
    const keysOf = ({ data }: { data: Record<string, { key: string }[]> }, name: string) =>
      data[name]?.map((one) => one.key).toSorted()
    const before = (await key.get(`/api/v1/links/${id}`)).json
    const after = await change(id, {
      rules: [rule({ percentage: 20, device: ['mobile'] }), rule({ country: ['AT', 'DE'] })],
      variants: two.toReversed().map(({ url }) => ({ url, weight: 7 })),
    })
    for (const name of ['rules', 'variants']) {
      expect(keysOf(after.json, name)).toEqual(keysOf(before, name))
    }
  })
})

describe('the plan feature link_rules', () => {
  test('is needed to set control, not to take it away', async () => {
    const { id } = await made(key, { url: URL_, clickLimit: 5, rules: [rule({ os: ['iOS'] })] })
    app.services.db.sqlite.run(`UPDATE plans SET features = '["typed_links"]'`)
    for (const fields of [
      { startsAt: LATER },
      { expiresAt: LATER },
      { expiredUrl: URL_ },
      { clickLimit: 1 },
      { rules: [rule({ os: ['iOS'] })] },
      { variants: two },
    ]) {
      const answer = await create(fields)
      expect([answer.status, answer.json.feature]).toEqual([403, 'link_rules'])
    }
    expect((await change(id, { clickLimit: 6 })).json.code).toBe('plan_feature_required')
    expect((await change(id, { clickLimit: null, rules: [] })).status).toBe(200)
    expect((await key.post(`/api/v1/links/${id}/rollback`, { version: 1 })).status).toBe(403)
    expect((await create({ forwardQuery: true })).status).toBe(201)
  })
})

const REFUSED: readonly [string, object][] = [
  ['startsAt', { startsAt: '2026-04-01' }],
  ['startsAt', { startsAt: '2026-04-01T00:00:00' }],
  ['startsAt', { startsAt: 1_775_000_000_000 }],
  ['expiresAt', { expiresAt: '2026-02-30T00:00:00Z' }],
  ['expiresAt', { expiresAt: '2026-03-10T12:00:00Z' }],
  ['expiresAt', { startsAt: LATER, expiresAt: LATER }],
  ['expiredUrl', { expiredUrl: 'javascript:alert(1)' }],
  ['expiredUrl', { expiredUrl: 'http://localhost:3000/other' }],
  ['clickLimit', { clickLimit: 0 }],
  ['clickLimit', { clickLimit: 1.5 }],
  ['forwardQuery', { forwardQuery: 'yes' }],
  ['rules', { rules: Array.from({ length: 51 }, (_, n) => rule({ query: { n: `${n}` } })) }],
  ['rules.0.conditions', { rules: [rule({})] }],
  ['rules.0.conditions', { rules: [rule({ contry: ['DE'] })] }],
  ['rules.0.conditions', { rules: [{ url: URL_ }] }],
  ['rules.0.url', { rules: [{ conditions: { os: ['iOS'] } }] }],
  ['rules.0.url', { rules: [rule({ os: ['iOS'] }, 'ftp://example.com')] }],
  ['rules.0.url', { rules: [rule({ os: ['iOS'] }, 'http://localhost:3000/x')] }],
  ['rules.1.conditions.country.0', { rules: [rule({ os: ['iOS'] }), rule({ country: ['XX'] })] }],
  ['rules.0.conditions.country.1', { rules: [rule({ country: ['DE', 'UK'] })] }],
  ['rules.0.conditions.country', { rules: [rule({ country: [] })] }],
  ['rules.0.conditions.country', { rules: [rule({ country: 'DE' })] }],
  ['rules.0.conditions.language.0', { rules: [rule({ language: ['de_AT'] })] }],
  ['rules.0.conditions.language.0', { rules: [rule({ language: ['*'] })] }],
  ['rules.0.conditions.language.0', { rules: [rule({ language: ['english'] })] }],
  ['rules.0.conditions.device.0', { rules: [rule({ device: ['phone'] })] }],
  ['rules.0.conditions.os.0', { rules: [rule({ os: ['Windoze'] })] }],
  ['rules.0.conditions.browser.0', { rules: [rule({ browser: ['Netscape 4'] })] }],
  ['rules.0.conditions.query', { rules: [rule({ query: {} })] }],
  ['rules.0.conditions.query.a', { rules: [rule({ query: { a: 1 } })] }],
  ['rules.0.conditions.until', { rules: [rule({ from: LATER, until: LATER })] }],
  ['rules.0.conditions.percentage', { rules: [rule({ percentage: 0 })] }],
  ['rules.0.conditions.percentage', { rules: [rule({ percentage: 100.1 })] }],
  ['rules.0.conditions.until', { startsAt: LATER, rules: [rule({ until: LATER })] }],
  ['rules.0.conditions.from', { expiresAt: LATER, rules: [rule({ from: LATER })] }],
  ['rules.1', { rules: [rule({ os: ['iOS'] }), rule({ os: ['ios'] })] }],
  ['rules.1', { rules: [rule({ os: ['iOS'] }), rule({ os: ['iOS'] }, URL_)] }],
  ['rules.1', { rules: [rule({ language: ['de'] }), rule({ language: ['de-AT'] }, URL_)] }],
  ['rules.1', { rules: [rule({ percentage: 100 }), rule({ country: ['DE'] }, URL_)] }],
  ['variants', { variants: two.slice(1) }],
  ['variants', { variants: Array.from({ length: 11 }, (_, n) => ({ url: URL_ + n, weight: 1 })) }],
  ['variants.1.url', { variants: [two[0], { url: 'HTTPS://EXAMPLE.com/a', weight: 2 }] }],
  ['variants.0.url', { variants: [{ url: '//example.com', weight: 1 }, two[0]] }],
  ['variants.0.weight', { variants: [{ url: URL_, weight: 0 }, two[0]] }],
  ['variants.0.weight', { variants: [{ url: URL_, weight: 10_001 }, two[0]] }],
  ['variants.1.weight', { variants: [two[0], { url: URL_, weight: 0.5 }] }],
]

describe('what makes no sense', () => {
  for (const [field, fields] of REFUSED) {
    test(`is refused at ${field}: ${JSON.stringify(fields).slice(0, 90)}`, async () => {
      const answer = await create(fields)
      expect([answer.status, answer.json.field]).toEqual([400, field])
      expect((await key.get('/api/v1/links')).json.total).toBe(0)
    })
  }

  test('a rule after a share of the same visitors is reached by the rest', async () => {
    const rules = [
      rule({ country: ['DE'], percentage: 50 }),
      rule({ country: ['DE'] }, URL_),
      rule({ country: ['DE', 'AT'] }, URL_),
    ]
    expect((await create({ rules })).status).toBe(201)
  })

  test('a change is judged together with what stays', async () => {
    const { id } = await made(key, { url: URL_, startsAt: '2026-04-01T00:00:00Z', rules: [] })
    expect((await change(id, { expiresAt: '2026-03-31T00:00:00Z' })).json.field).toBe('expiresAt')
    const rules = [rule({ until: '2026-04-02T00:00:00Z' })]
    expect((await change(id, { rules })).status).toBe(200)
    const late = await change(id, { startsAt: '2026-04-02T00:00:00Z' })
    expect([late.status, late.json.field]).toEqual([400, 'startsAt'])
    expect((await key.get(`/api/v1/links/${id}`)).json.data.startsAt).toBe(
      '2026-04-01T00:00:00.000Z',
    )
  })

  test('typed kinds have times and limits, and nothing that needs a target', async () => {
    const { id } = await made(key, { ...WIFI, expiresAt: LATER, expiredUrl: URL_, clickLimit: 2 })
    const aimed = { rules: [rule({ os: ['iOS'] })], variants: two }
    for (const fields of [aimed, { forwardQuery: true }, { trackConversions: true }]) {
      const [field] = Object.keys(fields)
      expect((await key.post('/api/v1/links', { ...WIFI, ...fields })).json.field).toBe(field)
      expect((await change(id, fields)).json.field).toBe(field)
    }
    const none = { rules: [], variants: null, forwardQuery: false }
    expect((await change(id, none)).status).toBe(200)
  })
})
