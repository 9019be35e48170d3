import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  clientOf,
  createDomainWorld,
  type DomainWorld,
  SERVER,
  verified,
} from '../support/domain-world'

const HOST = 'go.client.example'

let world: DomainWorld
let client: Awaited<ReturnType<typeof clientOf>>
beforeEach(async () => {
  world = await createDomainWorld()
  client = await clientOf(world.app)
})
afterEach(() => world[Symbol.asyncDispose]())

const link = (body: object) =>
  client.post('/api/v1/links', { url: 'https://example.com/', ...body })
const locationOf = async (url: string) => {
  const { status, headers } = await world.visit(url)
  return [status, headers.get('location')]
}

describe('a link on a custom domain', () => {
  test('lives there alone, and its shortUrl says so', async () => {
    const domain = await verified(world, client, HOST)
    const { status, json } = await link({ slug: 'promo', domain: domain.id })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({ domain: HOST, shortUrl: `https://${HOST}/promo` })
    expect(await locationOf(`http://${HOST}/promo`)).toEqual([302, 'https://example.com/'])
    expect(await locationOf(`http://${SERVER.host}/promo`)).toEqual([404, null])
  })

  test('is named by the host in any writing, or by the host of the server', async () => {
    await verified(world, client, HOST)
    expect((await link({ domain: 'GO.client.example.' })).json.data.domain).toBe(HOST)
    expect((await link({ domain: SERVER.host })).json.data.domain).toBeNull()
    expect((await link({ domain: null })).json.data.domain).toBeNull()
  })

  test('needs a verified domain of the same workspace, else 404 and nothing is made', async () => {
    const pending = await client.post('/api/v1/domains', { domain: 'new.client.example' })
    const other = await clientOf(world.app)
    const theirs = await verified(world, other, HOST)
    for (const domain of [
      pending.json.data.id,
      'new.client.example',
      theirs.id,
      HOST,
      'x',
      'dom_1',
    ]) {
      const { status, json } = await link({ domain })
      expect([status, json.code, json.field]).toEqual([404, 'not_found', 'domain'])
    }
    expect((await client.get('/api/v1/links')).json.total).toBe(0)
  })

  test('shares its slug with links of other hosts; ?domain= picks, the main host comes first', async () => {
    await verified(world, client, HOST)
    await verified(world, client, 'b.client.example')
    const ids: Record<string, string> = {}
    for (const domain of [HOST, 'b.client.example', SERVER.host]) {
      ids[domain] = (await link({ slug: 'promo', domain })).json.data.id
    }
    expect((await link({ slug: 'promo', domain: HOST })).json.code).toBe('slug_taken')
    const idAt = async (query: string) =>
      (await client.get(`/api/v1/links/promo${query}`)).json.data?.id
    expect(await idAt('')).toBe(ids[SERVER.host])
    for (const domain of Object.keys(ids)) expect(await idAt(`?domain=${domain}`)).toBe(ids[domain])
    const paused = await client.patch(`/api/v1/links/promo?domain=${HOST}`, { isActive: false })
    expect(paused.json.data.id).toBe(ids[HOST])
    expect((await world.visit(`http://${HOST}/promo`)).status).toBe(410)
    await client.delete(`/api/v1/links/promo?domain=${SERVER.host}`)
    expect(await idAt('')).toBe(ids['b.client.example'])
    expect((await client.get('/api/v1/links/promo?domain=no.example')).status).toBe(404)
    expect(await idAt(`?domain=${SERVER.host}`)).toBeUndefined()
  })

  test('keeps its host when its slug changes', async () => {
    await verified(world, client, HOST)
    const { json } = await link({ slug: 'old', domain: HOST })
    await client.patch(`/api/v1/links/${json.data.id}`, { slug: 'new' })
    expect(await locationOf(`http://${HOST}/new`)).toEqual([302, 'https://example.com/'])
    expect((await world.visit(`http://${HOST}/old`)).status).toBe(404)
  })

  test('counts its clicks', async () => {
    await verified(world, client, HOST)
    const { json } = await link({ slug: 'promo', domain: HOST })
    const headers = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0.0.0 Safari/537.36',
    }
    await world.visit(`http://${HOST}/promo`, { headers })
    await world.app.drain()
    expect((await client.get(`/api/v1/links/${json.data.id}`)).json.data.clicks).toBe(1)
  })

  test('is no target of another link, as those of the server are none', async () => {
    await verified(world, client, HOST)
    const refused = await link({ url: `https://${HOST}/promo` })
    expect([refused.status, refused.json.code]).toEqual([400, 'invalid_url'])
    expect((await link({ url: 'https://elsewhere.client.example/promo' })).status).toBe(201)
  })

  test('events carry its short URL', async () => {
    await verified(world, client, HOST)
    await link({ slug: 'promo', domain: HOST })
    const { json } = await client.get('/api/v1/events')
    const made = json.data.find((event: { type: string }) => event.type === 'link.created')
    expect(made.data.shortUrl).toBe(`https://${HOST}/promo`)
  })
})

describe('a custom domain', () => {
  test('serves only links: API, dashboard, documentation and probes are 404 pages there', async () => {
    await verified(world, client, HOST)
    const authorization = `Bearer ${client.tenant.key()}`
    const paths = [
      ...['/', '/api/v1/links', '/api/v1/me', '/api/auth/token', '/api/v1/openapi.json', '/docs'],
      ...['/login', '/app', '/setup', '/healthz', '/readyz', '/metrics', '/assets/style.css'],
      ...['/robots.txt', '/internal/tls-check?domain=x', '/.well-known/x', '/a/b', '/links', '//'],
    ]
    for (const path of paths) {
      for (const authority of [HOST, `${HOST}:8080`, 'GO.client.example', `${HOST}.`]) {
        const answer = await world.visit(`http://${authority}${path}`, {
          headers: { authorization },
        })
        expect([path, answer.status]).toEqual([path, 404])
        expect(answer.headers.get('content-type')).toContain('text/html')
        expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
      }
    }
    const post = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } }
    for (const method of ['POST', 'PATCH', 'DELETE', 'OPTIONS', 'PUT']) {
      const url = `http://${HOST}/api/v1/links`
      const answer = await world.visit(url, {
        ...post,
        method,
        body: '{"url":"https://example.com/"}',
      })
      expect([method, answer.status]).toEqual([method, 404])
    }
    expect((await client.get('/api/v1/links')).json.total).toBe(0)
  })

  test('leads its bare address and unknown ones where its owner wants', async () => {
    const metadata = {
      rootRedirect: 'https://client.example/start',
      notFoundRedirect: 'https://client.example/lost?from=go',
    }
    const { id } = await verified(world, client, HOST, metadata)
    const lost = [302, metadata.notFoundRedirect]
    expect(await locationOf(`http://${HOST}`)).toEqual([302, metadata.rootRedirect])
    expect(await locationOf(`http://${HOST}/?x=1`)).toEqual([302, metadata.rootRedirect])
    for (const path of ['/nobody', '/no-slug.php', '/%zz', '/api/v1/me', '/a/b']) {
      expect([path, ...(await locationOf(`http://${HOST}${path}`))]).toEqual([path, ...lost])
    }
    const { headers } = await world.visit(`http://${HOST}/nobody`)
    expect(headers.get('cache-control')).toBe('private, no-store')
    await client.patch(`/api/v1/domains/${id}`, { rootRedirect: null, notFoundRedirect: null })
    expect(await locationOf(`http://${HOST}/`)).toEqual([404, null])
    expect(await locationOf(`http://${HOST}/nobody`)).toEqual([404, null])
  })

  test('has its title on its plain pages, as text', async () => {
    await verified(world, client, HOST, { title: 'A & B <script>' })
    const page = await (await world.visit(`http://${HOST}/nobody`)).text()
    expect(page).toContain('<h1>A &amp; B &lt;script&gt;</h1>')
    expect(page).not.toContain('<script')
  })

  test('serves nothing of its own before it is verified', async () => {
    await client.post('/api/v1/domains', { domain: HOST, title: 'Not yet' })
    await link({ slug: 'promo' })
    expect(await locationOf(`http://${HOST}/promo`)).toEqual([302, 'https://example.com/'])
    expect(await (await world.visit(`http://${HOST}/nobody`)).text()).not.toContain('Not yet')
  })

  test('does not serve the links of the main host', async () => {
    await link({ slug: 'promo' })
    await verified(world, client, HOST)
    expect((await world.visit(`http://${HOST}/promo`)).status).toBe(404)
    expect((await world.visit('http://any.other.example/promo')).status).toBe(302)
  })

  test('serves again what it served when its deleted workspace is restored', async () => {
    const metadata = { rootRedirect: 'https://client.example/start' }
    await verified(world, client, HOST, metadata)
    await link({ slug: 'promo', domain: HOST })
    const { runtime, services } = world.app
    const hide = (at: number | null) => {
      const { workspaceId } = client.tenant
      services.db.sqlite.run('UPDATE workspaces SET deleted_at = ? WHERE id = ?', [at, workspaceId])
      services.hotLinks.clear()
      services.domains.reload()
    }
    const tls = async () =>
      (await world.visit(`http://127.0.0.1:3000/internal/tls-check?domain=${HOST}`)).status
    hide(1)
    expect(await locationOf(`http://${HOST}/`)).toEqual([404, null])
    expect((await world.visit(`http://${HOST}/promo`)).status).toBe(404)
    expect(await tls()).toBe(404)
    hide(null)
    expect(await locationOf(`http://${HOST}/`)).toEqual([302, metadata.rootRedirect])
    expect((await world.visit(`http://${HOST}/promo`)).status).toBe(302)
    expect(await tls()).toBe(200)
    hide(1)
    await runtime.services.loops.run('workspaces.purge')
    const rows = services.db.sqlite
      .query<{ n: number }, []>('SELECT count(*) AS n FROM domains')
      .get()
    expect(rows?.n).toBe(0)
    const other = await clientOf(world.app)
    expect((await other.post('/api/v1/domains', { domain: HOST })).status).toBe(201)
  })

  test('is known after a restart, without a question to DNS', async () => {
    await verified(world, client, HOST)
    const asked = world.dns.asked.length
    world.app.services.domains.reload()
    expect((await world.visit(`http://${HOST}/api/v1/me`)).status).toBe(404)
    expect(world.dns.asked).toHaveLength(asked)
  })
})

describe('GET /internal/tls-check', () => {
  const ask = async (query: string) =>
    (await world.visit(`http://127.0.0.1:3000/internal/tls-check${query}`)).status

  test('is 200 for verified domains only, and 404 for everything else', async () => {
    await client.post('/api/v1/domains', { domain: 'new.client.example' })
    expect(await ask(`?domain=${HOST}`)).toBe(404)
    const { id } = await verified(world, client, HOST)
    expect(await ask(`?domain=${HOST}`)).toBe(200)
    expect(await ask('?domain=GO.CLIENT.EXAMPLE')).toBe(200)
    for (const query of [
      ...[
        '',
        '?',
        '?domain=',
        '?domain=%00',
        '?domain=%zz',
        `?domain=x.${HOST}`,
        '?domain=client.example',
      ],
      ...[
        '?domain=new.client.example',
        `?domain=${SERVER.host}`,
        `?host=${HOST}`,
        `?domain=${HOST}/x`,
      ],
      `?domain=${'a'.repeat(5_000)}`,
    ]) {
      expect([query, await ask(query)]).toEqual([query, 404])
    }
    await client.delete(`/api/v1/domains/${id}`)
    expect(await ask(`?domain=${HOST}`)).toBe(404)
  })
})
