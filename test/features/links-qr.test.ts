import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { decode, rasterOf, rasterOfPng } from '../support/qr-reader'
import { made, WIFI } from '../support/typed-links'

let app: TestApp
let key: Client
let link: { id: string; slug: string; shortUrl: string }
let wifi: typeof link
let logo: string
beforeAll(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
  link = await made(key, { url: 'https://example.com/a/long/target' })
  wifi = await made(key, WIFI)
  // A picture of our own making: the code of another link, shrunk.
  const { bytes } = await drawn(`/${link.slug}/qr?format=png&size=128`)
  const png = await new Bun.Image(bytes).resize(64, 64).png().buffer()
  logo = encodeURIComponent(`data:image/png;base64,${png.toString('base64')}`)
})
afterAll(() => app[Symbol.asyncDispose]())

/** Through the door, with the bytes of the body. */
async function drawn(path: string, headers: Record<string, string> = {}) {
  const request = new Request(`http://localhost:3000${path}`, { headers })
  const peer = { requestIP: () => ({ address: '203.0.113.9' }) }
  const response = await app.runtime.handler(request, peer)
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
}

async function read(query: string, of = link): Promise<string | undefined> {
  const { response, bytes } = await drawn(`/${of.slug}/qr?${query}`)
  if (response.status !== 200) return new TextDecoder().decode(bytes)
  const isPng = query.includes('format=png')
  return decode(isPng ? await rasterOfPng(bytes) : await rasterOf(new TextDecoder().decode(bytes)))
}

describe('a decoder reads the short URL', () => {
  const ecc = ['L', 'M', 'Q', 'H']
  const colours = ['', '&fg=%23036&bg=ffffff', '&fg=7a0019&bg=%23fff3c4', '&fg=767676&bg=fff']
  for (const format of ['svg', 'png']) {
    for (const margin of [1, 4, 16]) {
      test(`from ${format} with a margin of ${margin}, at every level and in every colour`, async () => {
        for (const level of ecc) {
          for (const colour of colours) {
            const query = `format=${format}&margin=${margin}&ecc=${level}&size=200${colour}`
            expect([query, await read(query)]).toEqual([query, link.shortUrl])
          }
        }
      }, 120_000)
    }
  }

  test('from PNGs of every size', async () => {
    for (const size of [90, 127, 513, 1024]) {
      expect(await read(`format=png&size=${size}`)).toBe(link.shortUrl)
    }
  })

  test('from PNGs with a logo, at every level asked for', async () => {
    for (const level of ecc) {
      expect(await read(`format=png&size=400&ecc=${level}&logo=${logo}`)).toBe(link.shortUrl)
      expect(await read(`format=svg&ecc=${level}&logo=${logo}`)).toBe(link.shortUrl)
    }
  })

  test('of a typed link, which is its page', async () => {
    expect(wifi.shortUrl).toBe(`http://localhost:3000/l/${wifi.slug}`)
    expect(await read('format=png', wifi)).toBe(wifi.shortUrl)
    expect(await read('format=svg', wifi)).toBe(wifi.shortUrl)
  })
})

describe('the picture', () => {
  test('has the size asked for, and a palette of two colours', async () => {
    const { response, bytes } = await drawn(`/${link.slug}/qr?format=png&size=333`)
    expect(response.headers.get('content-type')).toBe('image/png')
    const { width, height } = await new Bun.Image(bytes).metadata()
    expect([width, height]).toEqual([333, 333])
    expect([...bytes.subarray(24, 26)]).toEqual([1, 3])
    const svg = await drawn(`/${link.slug}/qr?size=333`)
    expect(svg.response.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
    expect(svg.response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(new TextDecoder().decode(svg.bytes)).toContain('width="333" height="333"')
  })

  test('is at least of level Q with a logo', async () => {
    const sideOf = async (query: string): Promise<number> => {
      const { bytes } = await drawn(`/${link.slug}/qr?margin=1&${query}`)
      return Number(/viewBox="0 0 (\d+)/.exec(new TextDecoder().decode(bytes))?.[1])
    }
    expect(await sideOf(`ecc=L&logo=${logo}`)).toBe(await sideOf('ecc=Q'))
    expect(await sideOf(`ecc=H&logo=${logo}`)).toBe(await sideOf('ecc=H'))
    expect(await sideOf('ecc=L')).toBeLessThan(await sideOf('ecc=Q'))
  })

  test('is cacheable: the same ETag answers 304, another wish another ETag', async () => {
    const path = `/${link.slug}/qr?format=png`
    const { response } = await drawn(path)
    const etag = response.headers.get('etag') ?? ''
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    const again = await drawn(path, { 'if-none-match': `"x", W/${etag}` })
    expect([again.response.status, again.bytes.length]).toEqual([304, 0])
    expect((await drawn(`${path}&margin=1`)).response.headers.get('etag')).not.toBe(etag)
    expect((await drawn(path, { 'if-none-match': '"x"' })).response.status).toBe(200)
  })

  test('counts nothing', async () => {
    await app.drain()
    const { json } = await key.get(`/api/v1/links/${link.id}`)
    expect(json.data.clicks).toBe(0)
  })

  test('is the same behind the API with links:read, by id and by slug', async () => {
    const { text } = await app.as().get(`/${link.slug}/qr`)
    const reader = app.as(app.seed.owner().key('links:read'))
    for (const name of [link.id, link.slug]) {
      const answer = await reader.get(`/api/v1/links/${name}/qr`)
      expect(answer.text).toBe(text)
      expect(answer.headers.get('cache-control')).toBe('private, max-age=300')
    }
    const stranger = app.as((await app.seed.tenant()).key())
    expect((await stranger.get(`/api/v1/links/${link.id}/qr`)).status).toBe(404)
  })
})

const SVG = encodeURIComponent(`data:image/svg+xml;base64,${btoa('<svg/>')}`)
const LIE = encodeURIComponent(`data:image/png;base64,${btoa('<svg onload="alert(1)"/>')}`)
const LARGE = encodeURIComponent(`data:image/png;base64,${'A'.repeat(89_000)}`)

describe('what cannot be drawn or read is 400 with its field:', () => {
  const refused: [string, string][] = [
    ['format=gif', 'format'],
    ...['size=63', 'size=2049', 'size=abc', 'size=1.5'].map((q): [string, string] => [q, 'size']),
    ...['margin=0', 'margin=17', 'margin=x'].map((q): [string, string] => [q, 'margin']),
    ['format=png&size=64', 'size'],
    ['ecc=X', 'ecc'],
    ['fg=red', 'fg'],
    ['bg=%23ff', 'bg'],
    ['fg=000"/><script>', 'fg'],
    ['fg=fff&bg=000', 'fg'],
    ['fg=fff', 'fg'],
    ['fg=8c8c8c&bg=fff', 'fg'],
    [`logo=${SVG}`, 'logo'],
    [`logo=${LIE}`, 'logo'],
    [`logo=${LARGE}`, 'logo'],
    ['logo=file:///etc/passwd', 'logo'],
    ['logo=https://example.com/logo.png', 'logo'],
  ]
  for (const [query, field] of refused) {
    test(query.slice(0, 60), async () => {
      const answer = await app.as().get(`/${link.slug}/qr?${query}`)
      expect([answer.status, answer.json?.field]).toEqual([400, field])
    })
  }

  test('unknown links are 404', async () => {
    for (const path of ['/nobody/qr', '/a.b/qr', '/%zz/qr']) {
      expect((await app.as().get(path)).status).toBe(404)
    }
  })
})

describe('a logo from another host', () => {
  test('is fetched once, with a key, and drawn', async () => {
    const picture = Buffer.from(decodeURIComponent(logo).split(',')[1] ?? '', 'base64')
    let asked = 0
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch() {
        asked += 1
        return new Response(picture, { headers: { 'content-type': 'image/png' } })
      },
    })
    const url = encodeURIComponent(`http://127.0.0.1:${server.port}/logo.png`)
    for (let n = 0; n < 2; n++) {
      const answer = await key.get(`/api/v1/links/${link.id}/qr?logo=${url}`)
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('data:image/png;base64,')
      expect(answer.text).not.toContain('127.0.0.1')
    }
    expect(asked).toBe(1)
  })

  test('that is internal, missing, too large or no picture is 400', async () => {
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        const { pathname } = new URL(request.url)
        if (pathname === '/large') return new Response(new Uint8Array(70_000))
        if (pathname === '/page') return new Response('<html>')
        return new Response(null, { status: 302, headers: { location: '/page' } })
      },
    })
    const own = `http://127.0.0.1:${server.port}`
    const urls = [
      `${own}/large`,
      `${own}/page`,
      `${own}/moved`,
      'http://169.254.169.254/x',
      'https://10.0.0.1/',
    ]
    for (const url of urls) {
      const path = `/api/v1/links/${link.id}/qr?logo=${encodeURIComponent(url)}`
      const { status, json } = await key.get(path)
      expect([url, status, json?.field]).toEqual([url, 400, 'logo'])
    }
  })
})
