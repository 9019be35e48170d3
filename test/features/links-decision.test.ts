import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER, CARD, made, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const URL_ = 'https://example.com/'
const OVER = 'https://example.com/over?a=1'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

/** Where a visit is sent, or the status of what it is shown. */
async function visit(path: string, headers: Record<string, string> = {}) {
  const answer = await app.as().get(path, { ...BROWSER, ...headers })
  return answer.headers.get('location') ?? answer.status
}

/** A link with rules that each lead to a target of their number. */
const ruled = (...conditions: object[]) =>
  made(key, {
    url: URL_,
    rules: conditions.map((one, n) => ({ conditions: one, url: `https://example.com/${n + 1}` })),
  })

async function clicks(): Promise<number> {
  await app.drain()
  const { db } = app.services
  return db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n ?? 0
}

describe('a link with a schedule', () => {
  const window = { startsAt: '2026-04-01T00:00:00Z', expiresAt: '2026-05-01T00:00:00Z' }

  test('leads on from its start until before its end, and says why not else', async () => {
    const { slug } = await made(key, { url: URL_, ...window })
    const seen: unknown[] = []
    for (const iso of [
      '2026-03-31T23:59:59.999Z',
      '2026-04-01T00:00:00.000Z',
      '2026-04-30T23:59:59.999Z',
      '2026-05-01T00:00:00.000Z',
    ]) {
      app.clock.set(iso)
      seen.push(await visit(`/${slug}`))
    }
    expect(seen).toEqual([410, URL_, URL_, 410])
    expect((await app.as().get(`/${slug}`)).text).toContain('expired')
    app.clock.set('2026-03-01T00:00:00Z')
    expect((await app.as().get(`/${slug}`)).text).toContain('not begun')
    expect(await clicks()).toBe(2)
  })

  test('is in absolute time: the hour that summer time skips or repeats does not matter', async () => {
    const { slug } = await made(key, {
      url: URL_,
      startsAt: '2026-03-29T02:30:00+01:00',
      expiresAt: '2026-10-25T02:30:00+01:00',
    })
    for (const [iso, seen] of [
      ['2026-03-29T01:29:59Z', 410],
      ['2026-03-29T01:30:00Z', URL_],
      ['2026-10-25T00:30:00Z', URL_],
      ['2026-10-25T01:30:00Z', 410],
    ] as const) {
      app.clock.set(iso)
      expect(await visit(`/${slug}`)).toBe(seen)
    }
  })

  test('sends those who come too early or too late to expiredUrl, uncounted', async () => {
    const { id, slug } = await made(key, { url: URL_, ...window, expiredUrl: OVER })
    for (const iso of ['2026-03-31T00:00:00Z', '2026-05-02T00:00:00Z']) {
      app.clock.set(iso)
      const answer = await app.as().get(`/${slug}`, BROWSER)
      expect([answer.status, answer.headers.get('location')]).toEqual([302, OVER])
      expect(answer.headers.get('cache-control')).toBe('private, no-store')
    }
    await key.patch(`/api/v1/links/${id}`, { startsAt: null, expiresAt: null, isActive: false })
    expect(await visit(`/${slug}`)).toBe(OVER)
    expect(await clicks()).toBe(0)
  })

  test('closes pages, cards and previews as well, not its QR code', async () => {
    const card = await made(key, { ...CARD, ...window })
    const wifi = await made(key, { ...WIFI, ...window, expiredUrl: OVER })
    for (const path of [`/${card.slug}`, `/l/${card.slug}`, `/l/${card.slug}.vcf`]) {
      expect(await visit(path)).toBe(410)
    }
    const preview = await app.as().get(`/${wifi.slug}+`)
    expect([preview.status, preview.text.includes('not begun')]).toEqual([410, true])
    expect(preview.text).not.toContain('MyNet')
    expect(await visit(`/l/${wifi.slug}`)).toBe(OVER)
    expect(await visit(`/${wifi.slug}/qr`)).toBe(200)
    app.clock.set('2026-04-02T00:00:00Z')
    expect(await visit(`/l/${card.slug}.vcf`)).toBe(200)
    expect(await visit(`/l/${wifi.slug}`)).toBe(200)
    expect(await clicks()).toBe(1)
  })

  test('paused comes before all else', async () => {
    const { id, slug } = await made(key, { url: URL_, ...window })
    await key.patch(`/api/v1/links/${id}`, { isActive: false })
    expect((await app.as().get(`/${slug}`)).text).toContain('paused')
  })
})

describe('rules', () => {
  test('the first that holds decides, every condition of it has to', async () => {
    const { slug } = await ruled(
      { os: ['iOS'], query: { a: '1' } },
      { os: ['iOS', 'Android'] },
      { query: { a: '1' } },
    )
    expect(await visit(`/${slug}`)).toBe(URL_)
    expect(await visit(`/${slug}?a=1`)).toBe('https://example.com/3')
    expect(await visit(`/${slug}?a=1`, { 'user-agent': IPHONE })).toBe('https://example.com/1')
    expect(await visit(`/${slug}?a=2`, { 'user-agent': IPHONE })).toBe('https://example.com/2')
  })

  test('device, os and browser go by the User-Agent as the analytics show it', async () => {
    const device = await ruled({ device: ['Desktop'] }, { browser: ['mobile safari'] })
    expect(await visit(`/${device.slug}`)).toBe('https://example.com/1')
    expect(await visit(`/${device.slug}`, { 'user-agent': IPHONE })).toBe('https://example.com/2')
    expect(await visit(`/${device.slug}`, { 'user-agent': 'x' })).toBe(URL_)
  })

  test('the country goes by the address', async () => {
    const { slug } = await ruled({ country: ['US'] })
    const { handler } = app.runtime
    const from = async (address: string) => {
      const request = new Request(`http://localhost:3000/${slug}`, { headers: BROWSER })
      const answer = await handler(request, { requestIP: () => ({ address }) })
      return answer.headers.get('location')
    }
    expect(await from('8.8.8.8')).toBe('https://example.com/1')
    expect(await from('10.0.0.1')).toBe(URL_)
  })

  test('the language is what the visitor prefers, by quality and not by place', async () => {
    const { slug } = await ruled({ language: ['de'] }, { language: ['pt-BR', 'en'] })
    const speaking = (language: string) => visit(`/${slug}`, { 'accept-language': language })
    expect(await speaking('de-AT,de;q=0.9,en;q=0.8')).toBe('https://example.com/1')
    expect(await speaking('fr;q=0.5, DE-CH ; q=0.7')).toBe('https://example.com/1')
    expect(await speaking('pt-br')).toBe('https://example.com/2')
    expect(await speaking('pt')).toBe(URL_)
    expect(await speaking('fr,de;q=0.9')).toBe(URL_)
    expect(await speaking('den')).toBe(URL_)
    expect(await speaking('en,de')).toBe('https://example.com/1')
    expect(await speaking('*')).toBe(URL_)
    expect(await speaking('de;q=0')).toBe(URL_)
    expect(await visit(`/${slug}`)).toBe(URL_)
  })

  test('a hostile Accept-Language or query is read to a bound, and answered', async () => {
    const { slug } = await ruled({ language: ['de'] }, { query: { z: '1' } })
    for (const hostile of [
      `${'x-'.repeat(5000)}de`,
      `${',;q=0.5'.repeat(1500)},de`,
      'de;q=1.0001,'.repeat(900),
      ';;;;,,,,q=;de',
      `${'a;'.repeat(5000)}`,
    ]) {
      expect(await visit(`/${slug}`, { 'accept-language': hostile })).toBe(URL_)
    }
    expect(await visit(`/${slug}?${'a=%zz&'.repeat(11_000)}z=1`)).toBe(URL_)
    expect(await visit(`/${slug}?%=%&z=1&${'y'.repeat(65_536)}`)).toBe('https://example.com/2')
  })

  test('times are half-open', async () => {
    const { slug } = await ruled({ from: '2026-04-01T00:00:00Z', until: '2026-04-02T00:00:00Z' })
    const seen: unknown[] = []
    for (const iso of [
      '2026-03-31T23:59:59.999Z',
      '2026-04-01T00:00:00Z',
      '2026-04-02T00:00:00Z',
    ]) {
      app.clock.set(iso)
      seen.push(await visit(`/${slug}`))
    }
    expect(seen).toEqual([URL_, 'https://example.com/1', URL_])
  })

  test('a parameter has exactly its value, decoded, any of those given', async () => {
    const { slug } = await ruled({ query: { 'a b': 'ü&' } })
    expect(await visit(`/${slug}?a+b=%C3%BC%26`)).toBe('https://example.com/1')
    expect(await visit(`/${slug}?a%20b=1&a%20b=%C3%BC%26`)).toBe('https://example.com/1')
    expect(await visit(`/${slug}?a+b=%C3%BC%26x`)).toBe(URL_)
    expect(await visit(`/${slug}?A+B=%C3%BC%26`)).toBe(URL_)
  })

  test("carry the link's own campaign, which the click then has", async () => {
    const { slug } = await made(key, {
      url: URL_,
      utm: { source: 'mail' },
      rules: [{ conditions: { os: ['Windows'] }, url: 'https://example.com/1?utm_medium=own' }],
    })
    expect(await visit(`/${slug}`)).toBe('https://example.com/1?utm_medium=own&utm_source=mail')
    await app.drain()
    const texts = app.services.db.sqlite
      .query('SELECT text FROM clicks JOIN click_terms ON no IN (utm_source, utm_medium)')
      .values()
    expect(texts.flat().toSorted()).toEqual(['mail', 'own'])
  })
})

describe('forwardQuery', () => {
  const to = async (target: string, query: string) => {
    const { slug } = await made(key, { url: target, forwardQuery: true })
    return visit(`/${slug}${query}`)
  }

  test("puts the visit's parameters behind the target's own, byte for byte", async () => {
    expect(await to('https://example.com/p?a=1#top', '?b=%2f+x&c&d=%C3%BC')).toBe(
      'https://example.com/p?a=1&b=%2f+x&c&d=%C3%BC#top',
    )
    expect(await to('https://example.com/p', '')).toBe('https://example.com/p')
    expect(await to('https://example.com/p#f', '?a')).toBe('https://example.com/p?a#f')
  })

  test("a name of the target stays the target's, however it is written", async () => {
    expect(await to('https://example.com/?a%20b=1', '?a+b=2&%61%20b=3&c=4&c=5')).toBe(
      'https://example.com/?a%20b=1&c=4&c=5',
    )
  })

  test('never takes a click id from a visitor, nor lets a query lead elsewhere', async () => {
    expect(await to('https://example.com/p', '?ls_id=clk_x&ls%5Fid=y&z=1')).toBe(
      'https://example.com/p?z=1',
    )
    expect(await to('https://example.com/p', '?@evil.example/&//evil.example&\\evil')).toMatch(
      /^https:\/\/example\.com\/p\?/,
    )
  })

  test('a query of 64 kB is cut between parameters, not forwarded whole', async () => {
    const location = String(await to('https://example.com/p', `?${'abc=def&'.repeat(8_192)}`))
    expect(location.length).toBeLessThanOrEqual(8_192)
    expect(location).toMatch(/^https:\/\/example\.com\/p\?(abc=def&)+abc=def$/)
    expect(await to('https://example.com/p', `?${'a'.repeat(65_536)}`)).toBe(
      'https://example.com/p',
    )
  })

  test('without it the query stays behind, and rules and variants forward as well', async () => {
    const plain = await made(key, { url: 'https://example.com/p?a=1', forwardQuery: false })
    expect(await visit(`/${plain.slug}?b=2`)).toBe('https://example.com/p?a=1')
    const { slug } = await made(key, {
      url: URL_,
      forwardQuery: true,
      rules: [{ conditions: { query: { r: '1' } }, url: 'https://example.com/r?x=1' }],
    })
    expect(await visit(`/${slug}?r=1&x=2`)).toBe('https://example.com/r?x=1&r=1')
  })
})

describe('the preview of a link with several targets', () => {
  test('names each of them', async () => {
    const { slug } = await ruled({ os: ['iOS'] })
    const { text } = await app.as().get(`/${slug}+`)
    expect(text).toContain('https://example.com/1')
    expect(text).toContain('<code>https://example.com/</code>')
  })
})
