import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import ICAL from 'ical.js'
import jsQR from 'jsqr'
import { vcardOf } from '../../src/features/links/vcard'
import { wifiUri } from '../../src/features/links/wifi'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { rasterOf } from '../support/qr-reader'
import { BROWSER, CARD, made, TEXT, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
const visitor = () => app.as(BROWSER)
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const stored = () =>
  app.services.db.sqlite.query<{ verdict: number }, []>('SELECT verdict FROM clicks').all()

async function clicksOf(id: string): Promise<number> {
  await app.drain()
  return (await key.get(`/api/v1/links/${id}`)).json.data.clicks
}

const policyOf = (headers: Headers): string => headers.get('content-security-policy') ?? ''

describe('/{slug} of a typed link', () => {
  test('redirects to its page uncounted with its query, and the page counts once', async () => {
    const { id, slug } = await made(key, WIFI)
    const answer = await visitor().get(`/${slug}?utm_source=flyer`)
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe(`/l/${slug}?utm_source=flyer`)
    expect(await clicksOf(id)).toBe(0)
    const page = await visitor().get(`/l/${slug}?utm_source=flyer`)
    expect(page.status).toBe(200)
    expect(await clicksOf(id)).toBe(1)
    expect(stored()).toHaveLength(1)
  })

  test('HEAD and prefetches of the page never count as people', async () => {
    const { id, slug } = await made(key, WIFI)
    await visitor().send('HEAD', `/l/${slug}`)
    await visitor().get(`/l/${slug}`, { 'sec-purpose': 'prefetch' })
    expect(await clicksOf(id)).toBe(0)
    expect(stored()).toHaveLength(2)
  })

  test('the page is 503 when its visit cannot be stored', async () => {
    const { slug } = await made(key, WIFI)
    app.services.clicks.recorder.close()
    const page = await visitor().get(`/l/${slug}`)
    expect(page.status).toBe(503)
    expect(page.text).not.toContain('secret123')
    // Its spool is closed for good.
    app = await createTestApp()
  })

  test('a paused one is 410 at every door, a deleted one 404', async () => {
    const { id, slug } = await made(key, CARD)
    const doors = [`/${slug}`, `/l/${slug}`, `/l/${slug}.vcf`, `/${slug}+`]
    await key.patch(`/api/v1/links/${id}`, { isActive: false })
    for (const door of doors) expect((await visitor().get(door)).status).toBe(410)
    await key.delete(`/api/v1/links/${id}`)
    for (const door of [...doors, `/${slug}/qr`]) {
      expect((await visitor().get(door)).status).toBe(404)
    }
    await app.drain()
    expect(stored()).toEqual([])
  })
})

describe('/l/{slug}', () => {
  test('of a Wi-Fi shows network, password and the code that phones join', async () => {
    const payload = {
      ssid: 'a;b,c:"d"\\e',
      encryption: 'WPA',
      password: '<p>;"12"\\&',
      hidden: true,
    }
    const { slug } = await made(key, { kind: 'wifi', payload })
    const { text } = await visitor().get(`/l/${slug}`)
    expect(text).toContain('a;b,c:&quot;d&quot;\\e')
    expect(text).toContain('&lt;p&gt;;&quot;12&quot;\\&amp;</code>')
    expect(text).toContain('data-copy="password"')
    const svg = /<svg.*<\/svg>/s.exec(text)?.[0] ?? ''
    const { data, width, height } = await rasterOf(svg)
    expect(jsQR(data, width, height)?.data).toBe(
      'WIFI:T:WPA;S:a\\;b\\,c\\:\\"d\\"\\\\e;P:<p>\\;\\"12\\"\\\\&;H:true;;',
    )
  })

  test('of a text keeps whitespace and shows markup as it was written', async () => {
    const { slug } = await made(key, TEXT)
    const { text } = await visitor().get(`/l/${slug}`)
    expect(text).toContain(
      '\n\n  two\tspaces\n\n&lt;b&gt;not bold&lt;/b&gt; &amp; &quot;quoted&quot;',
    )
  })

  test('of a card shows it with links and the download', async () => {
    const { slug } = await made(key, CARD)
    const { text } = await visitor().get(`/l/${slug}`)
    expect(text).toContain('href="tel:+442079460958"')
    expect(text).toContain('href="mailto:ada@example.com"')
    expect(text).toContain(`href="/l/${slug}.vcf"`)
    expect(text).toContain('href="https://example.com/ada?a=1,2;3"')
  })

  test('runs no inline script, is private, not indexed and not framed', async () => {
    const { slug } = await made(key, WIFI)
    const { text, headers } = await visitor().get(`/l/${slug}`)
    expect(policyOf(headers)).toContain("default-src 'none'")
    expect(policyOf(headers)).toContain("script-src 'self'")
    expect(policyOf(headers)).not.toContain('unsafe')
    expect(policyOf(headers)).toContain("frame-ancestors 'none'")
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('x-robots-tag')).toBe('noindex')
    expect(text.match(/<script/g)).toHaveLength(1)
    expect(text).not.toMatch(/ on[a-z]+=| style="/)
    const source = /<script type="module" src="([^"]+)"><\/script>/.exec(text)?.[1] ?? ''
    const script = await visitor().get(source)
    expect(script.status).toBe(200)
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? ''
    const hash = new Bun.CryptoHasher('sha256').update(style).digest('base64')
    expect(policyOf(headers)).toContain(`style-src 'sha256-${hash}'`)
    expect(style).toContain('prefers-color-scheme: dark')
    expect(text).toContain('width=device-width')
  })

  test('is 404 for kind url, unknown slugs and impossible names; other methods are 405', async () => {
    const { slug } = await made(key, { url: 'https://example.com' })
    const wifi = await made(key, WIFI)
    const paths = [slug, `${slug}.vcf`, `${wifi.slug}.vcf`, 'nobody', 'nobody.vcf', '%zz', 'a.css']
    for (const path of paths) expect((await visitor().get(`/l/${path}`)).status).toBe(404)
    expect((await app.as().post(`/l/${wifi.slug}`, {})).status).toBe(405)
    await app.drain()
    expect(stored()).toEqual([])
  })
})

describe('/l/{slug}.vcf', () => {
  test('is a vCard 4.0 that a parser reads back exactly', async () => {
    const { id, slug } = await made(key, CARD)
    const answer = await visitor().get(`/l/${slug}.vcf`)
    expect(answer.headers.get('content-type')).toBe('text/vcard; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toContain(
      'attachment; filename="Ada Lovelace',
    )
    const card = new ICAL.Component(ICAL.parse(answer.text))
    const value = (name: string) => card.getFirstPropertyValue(name)
    const { payload } = CARD
    expect(value('version')).toBe('4.0')
    expect(value('fn')).toBe('Ada Lovelace; Countess, of')
    expect(value('n')).toEqual(['Lovelace; Countess, of', 'Ada', '', '', ''])
    expect([value('org')].flat()).toEqual([payload.organization])
    expect(value('title')).toBe(payload.title)
    expect(card.getAllProperties('email').map((p) => p.getFirstValue())).toEqual(payload.email)
    expect(value('tel')).toBe(payload.phone)
    expect(value('url')).toBe(payload.url)
    expect(value('adr')).toEqual(['', '', payload.address, '', '', '', ''])
    expect(value('note')).toBe(payload.note)
    expect(await clicksOf(id)).toBe(0)
  })

  test('has lines of at most 75 octets, ended by CRLF, folded between characters', () => {
    const note = 'ä漢👩‍👩‍👧;,\\'.repeat(60)
    const text = vcardOf({ firstName: 'A', lastName: 'B', note })
    const lines = text.split('\r\n')
    expect(lines.at(-1)).toBe('')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    for (const line of lines) {
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
      expect(line.isWellFormed()).toBe(true)
    }
    const card = new ICAL.Component(ICAL.parse(text))
    expect(card.getFirstPropertyValue('note')).toBe(note)
  })
})

test('a Wi-Fi text leaves out the password of an open network and H of a visible one', () => {
  expect(wifiUri({ ssid: 'Café', encryption: 'nopass' })).toBe('WIFI:T:nopass;S:Café;;')
  expect(wifiUri({ ssid: 'A', encryption: 'WEP', password: '12345' })).toBe(
    'WIFI:T:WEP;S:A;P:12345;;',
  )
})

describe('/{slug}+', () => {
  test('shows host, full address as text and the day, counts nothing, is not indexed', async () => {
    const url = 'https://shop.example.com/a?q="<script>alert(1)</script>"&b=1'
    const { id, slug, createdAt } = await made(key, { url })
    for (const path of [`/${slug}+`, `/${slug}%2B`, `/${slug}+?utm_source=x`]) {
      const { status, text, headers } = await visitor().get(path)
      expect(status).toBe(200)
      expect(text).toContain('<strong>shop.example.com</strong>')
      expect(text).toContain('https://shop.example.com/a?q=%22%3Cscript%3Ealert(1)')
      expect(text).not.toContain('<script>')
      expect(text).toContain(createdAt.slice(0, 10))
      expect(headers.get('x-robots-tag')).toBe('noindex')
      expect(policyOf(headers)).toContain("default-src 'none'")
    }
    expect(await clicksOf(id)).toBe(0)
    expect(stored()).toEqual([])
  })

  test('of a typed link tells its kind of content, no secrets', async () => {
    const { slug } = await made(key, WIFI)
    const { status, text } = await visitor().get(`/${slug}+`)
    expect(status).toBe(200)
    expect(text).toContain('Wi-Fi MyNet')
    expect(text).not.toContain('secret123')
  })

  test('of nothing is 404', async () => {
    for (const path of ['/nobody+', '/+', '/++', '/api+', '/a.b+']) {
      expect((await visitor().get(path)).status).toBe(404)
    }
  })
})
