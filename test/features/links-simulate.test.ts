import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER, made, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const URL_ = 'https://example.com/'
const ask = (id: string, visit: object = {}) => key.post(`/api/v1/links/${id}/simulate`, visit)
const simulated = async (id: string, visit: object = {}) => (await ask(id, visit)).json.data

describe('POST /links/{id}/simulate', () => {
  test('a plain link leads to its url', async () => {
    const { id } = await made(key, { url: 'https://example.com' })
    expect(await simulated(id)).toEqual({
      ...{ outcome: 'redirect', target: URL_, rule: null, variant: null },
      reason: 'The link leads to its url.',
    })
  })

  test('names the rule that decides and what of it holds', async () => {
    const { id, rules } = await made(key, {
      url: URL_,
      forwardQuery: true,
      rules: [
        { conditions: { country: ['AT'] }, url: 'https://example.com/at' },
        {
          conditions: {
            ...{ country: ['DE', 'CH'], language: ['de'], device: ['mobile'], os: ['iOS'] },
            ...{ browser: ['Mobile Safari'], query: { a: '1' }, from: '2026-04-01T00:00:00Z' },
          },
          url: 'https://example.com/de',
        },
      ],
    })
    const visit = {
      ...{ country: 'ch', language: 'fr;q=0.1,de-CH', device: 'Mobile', os: 'ios' },
      ...{ browser: 'mobile safari', query: { a: '1', b: ' ' }, at: '2026-04-01T02:00:00+02:00' },
    }
    expect(await simulated(id, visit)).toEqual({
      ...{ outcome: 'redirect', rule: rules[1].key, variant: null },
      target: 'https://example.com/de?a=1&b=+',
      reason:
        'Rule 2 is the first that holds: country is DE or CH, language is de, device is mobile, os is iOS, browser is Mobile Safari, the query has a=1, it is not before 2026-04-01T00:00:00.000Z.',
    })
    for (const other of [
      ...[{ country: 'DE' }, { query: 'a=2' }, { at: '2026-03-31T23:59:59Z' }],
      ...[{ language: 'fr' }, { device: 'tablet' }, { os: 'Android' }, { browser: 'Chrome' }],
    ]) {
      const { rule, reason } = await simulated(id, { ...visit, ...other })
      const isSame = 'country' in other
      expect(rule).toBe(isSame ? rules[1].key : null)
      expect(reason.startsWith('No rule holds.')).toBe(!isSame)
    }
  })

  test('is the redirect: a visit with the same facts goes the same way', async () => {
    const { id, slug } = await made(key, {
      url: URL_,
      forwardQuery: true,
      rules: [
        { conditions: { language: ['de'], query: { a: '1' } }, url: 'https://example.com/1' },
        { conditions: { os: ['Windows'], query: { b: '2' } }, url: 'https://example.com/2?b=3' },
      ],
    })
    for (const [query, language] of [
      ['', 'en'],
      ['a=1&c=%20', 'de-AT'],
      ['b=2&a=1', 'en,de'],
      ['b=2', 'en'],
    ] as const) {
      const headers = { ...BROWSER, 'accept-language': language }
      const answer = await app.as().get(`/${slug}?${query}`, headers)
      const { target } = await simulated(id, { query, language, os: 'Windows' })
      expect(answer.headers.get('location')).toBe(target)
    }
  })

  test('draws for a named visitor, always the same, and says the weights', async () => {
    const { id, variants } = await made(key, {
      url: URL_,
      rules: [{ conditions: { percentage: 50 }, url: 'https://example.com/rule' }],
      variants: [
        { url: 'https://example.com/a', weight: 1 },
        { url: 'https://example.com/b', weight: 3 },
      ],
    })
    const targets = new Map<string, number>()
    for (let n = 0; n < 60; n++) {
      const { target, reason, variant } = await simulated(id, { visitor: `v${n}` })
      expect((await simulated(id, { visitor: `v${n}` })).target).toBe(target)
      targets.set(target, (targets.get(target) ?? 0) + 1)
      if (target.endsWith('rule')) expect(reason).toContain('among its 50 %')
      else {
        expect(reason).toStartWith('Rule 1 holds for 50 % of such visitors, not for this one.')
        const place = target.endsWith('a') ? 0 : 1
        expect(variant).toBe(variants[place].key)
        expect(reason).toContain(`weight ${[1, 3][place]} of 4`)
      }
      expect(reason).not.toContain('Send visitor')
    }
    expect([...targets.keys()].toSorted()).toHaveLength(3)
    await key.patch(`/api/v1/links/${id}`, { rules: null })
    const nobody = await simulated(id)
    expect(nobody.reason).toContain('Send visitor')
    expect(nobody.variant).not.toBeNull()
  })

  test('says when and why it is closed, and where to instead', async () => {
    const { id } = await made(key, {
      url: URL_,
      startsAt: '2026-04-01T00:00:00Z',
      expiresAt: '2026-05-01T00:00:00Z',
    })
    const early = { outcome: 'closed', target: null, rule: null, variant: null }
    expect(await simulated(id)).toEqual({
      ...early,
      reason:
        'This link has not begun before 2026-04-01T00:00:00.000Z. Visitors see a page that says so (410).',
    })
    expect((await simulated(id, { at: '2026-04-30T23:59:59Z' })).outcome).toBe('redirect')
    const over = await simulated(id, { at: '2026-05-01T00:00:00Z' })
    expect(over.reason).toContain('it ended at 2026-05-01')
    await key.patch(`/api/v1/links/${id}`, { isActive: false, expiredUrl: 'https://example.com/x' })
    const paused = await simulated(id)
    expect(paused.target).toBe('https://example.com/x')
    expect(paused.reason).toBe('This link is paused. Visitors are sent to its expiredUrl.')
  })

  test('a link whose clicks have reached its limit is used up', async () => {
    const { id, slug } = await made(key, { url: URL_, clickLimit: 1 })
    expect((await simulated(id)).outcome).toBe('redirect')
    await app.as().get(`/${slug}`, BROWSER)
    await app.drain()
    const { outcome, reason } = await simulated(id)
    expect([outcome, reason.includes('its limit is 1 click')]).toEqual(['closed', true])
  })

  test('a typed link shows its page', async () => {
    const { id, shortUrl } = await made(key, WIFI)
    const { outcome, target } = await simulated(id)
    expect([outcome, target]).toEqual(['page', shortUrl])
  })

  test('counts nothing', async () => {
    const { id } = await made(key, { url: URL_ })
    for (let n = 0; n < 3; n++) await ask(id)
    await app.drain()
    expect((await key.get(`/api/v1/links/${id}`)).json.data.clicks).toBe(0)
  })

  test('refuses what it could not tell apart', async () => {
    const { id } = await made(key, { url: URL_ })
    for (const [field, visit] of [
      ['country', { country: 'Germany' }],
      ['device', { device: 'phone' }],
      ['os', { os: 'Windoze' }],
      ['browser', { browser: 7 }],
      ['language', { language: 'x'.repeat(1001) }],
      ['query', { query: ['a'] }],
      ['at', { at: 'now' }],
      ['visitor', { visitor: 'x'.repeat(501) }],
    ] as const) {
      const answer = await ask(id, visit)
      expect([answer.status, answer.json.field]).toEqual([400, field])
    }
    expect((await ask('nobody')).status).toBe(404)
  })

  test('needs to read links only', async () => {
    const { id } = await made(key, { url: URL_ })
    const reader = app.as(app.seed.owner().key('links:read'))
    expect((await reader.post(`/api/v1/links/${id}/simulate`, {})).status).toBe(200)
  })
})
