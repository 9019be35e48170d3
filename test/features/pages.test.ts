import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { ASSET_NAMES } from '../../src/dashboard/assets'
import { projectPagesRoutes } from '../../src/dashboard/project-routes'
import { landingRoutes, notFoundPage } from '../../src/dashboard/routes'
import { BACKLINK_WORDS } from '../../src/features/backlinks/wording'

const PAGES = [
  ...['/', '/setup', '/login', '/account', '/verify', '/reset', '/invite', '/signup'],
  ...['/projects', '/projects/proj_1/actions', '/projects/proj_1/backlinks'],
]

const pagesAt = (publicUrl: string) => {
  const version = '9.8.7'
  return new Elysia()
    .use(landingRoutes({ publicUrl: () => publicUrl, version }))
    .use(projectPagesRoutes({ version, backlinkWords: BACKLINK_WORDS }))
}
const app = pagesAt('https://go.example.com')
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }))

describe('pages', () => {
  test.each(PAGES)(
    '%s is a whole page that loads from here alone and is kept nowhere',
    async (path) => {
      const answer = await get(path)
      const html = await answer.text()
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
          "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(html).toStartWith('<!doctype html>')
      expect(html).toEndWith('</html>\n')
      expect(html).not.toContain('{{')
      expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script>|(src|href)="(https?:)?\/\//)
    },
  )

  test.each(PAGES)('every file that %s loads exists and may be kept for good', async (path) => {
    const html = await (await get(path)).text()
    const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
      ([, file]) => file ?? '',
    )
    expect(files.length).toBeGreaterThanOrEqual(3)
    for (const file of files) {
      const answer = await get(file)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test.each(PAGES)('every control of %s has a label and every reference a target', async (path) => {
    const html = await (await get(path)).text()
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, list] of html.matchAll(/\saria-(?:describedby|labelledby)="([^"]+)"/g)) {
      for (const id of list?.split(' ') ?? []) expect(ids).toContain(id)
    }
    const labelled = [...html.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id)
    for (const id of labelled) expect(ids).toContain(id)
    for (const [control, id] of html.matchAll(/<(?:input|select)[^>]*\sid="([^"]+)"[^>]*>/g)) {
      expect(labelled, control).toContain(id)
    }
  })

  test('a form whose script did not load never puts a password into an address', async () => {
    for (const path of PAGES) {
      const html = await (await get(path)).text()
      for (const [form] of html.matchAll(/<form[^>]*>/g)) expect(form).toContain('method="post"')
    }
  })

  test('the landing page says where the server is, escaped, and which version runs', async () => {
    const html = await (await get('/')).text()
    expect(html).toContain("curl -sS 'https://go.example.com/api/v1/links'")
    expect(html).toContain('Linkstead 9.8.7')
    const hostile = await pagesAt('https://x.example/"><script>').handle(
      new Request('http://localhost/'),
    )
    expect(await hostile.text()).toContain('https://x.example/&quot;&gt;&lt;script&gt;/promo')
  })

  test('the account page offers every scope and every event', async () => {
    const html = await (await get('/account')).text()
    expect(html).toContain('name="scopes" value="links:write"')
    expect(html).toContain('name="events" value="link.clicked"')
    expect(html).not.toContain('value="webhook.test"')
  })

  test('an invitation opens with its token in the path too', async () => {
    const answer = await get('/invite/abc')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(await answer.text()).toBe(await (await get('/invite')).text())
  })

  test('a project opens with its actions, and no page of it names it', async () => {
    const answer = await get('/projects/proj_1')
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('/projects/proj_1/actions')
    const odd = await get('/projects/%2F%2Felsewhere.example')
    expect(odd.headers.get('location')).toBe('/projects/%2F%2Felsewhere.example/actions')
    const one = await (await get('/projects/proj_1/actions')).text()
    expect(one).toBe(await (await get('/projects/proj_2/actions')).text())
  })

  test('the page of nothing is a 404 with a way home', async () => {
    const answer = notFoundPage()
    expect(answer.status).toBe(404)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toContain('<a class="button" href="/">')
  })
})

describe('assets', () => {
  test('modules name the modules they import under the same version', async () => {
    const html = await (await get('/account')).text()
    const version = html.match(/account\.js\?v=([\w-]+)"/)?.[1] ?? ''
    const source = await (await get(`/assets/account.js?v=${version}`)).text()
    const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, name]) => name)
    expect(imports).toContain(`./api.js?v=${version}`)
    for (const name of imports) expect(name).toEndWith(`.js?v=${version}`)
  })

  test('under another version they are kept for minutes only', async () => {
    const answer = await get('/assets/account.js?v=old')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  test('they are compressed for whoever reads gzip', async () => {
    const plain = await (await get('/assets/style.css')).text()
    const answer = await get('/assets/style.css', { 'accept-encoding': 'br, gzip' })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(answer.headers.get('vary')).toBe('Accept-Encoding')
    const unpacked = Bun.gunzipSync(await answer.arrayBuffer())
    expect(new TextDecoder().decode(unpacked)).toBe(plain)
  })

  test('no script makes markup of text', async () => {
    const scripts = ASSET_NAMES.filter((name) => name.endsWith('.js'))
    expect(scripts).toContain('actions.js')
    for (const name of scripts) {
      const source = await (await get(`/assets/${name}`)).text()
      expect(source).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(/,
      )
    }
  })

  test('the icon is there, and robots read what is public alone', async () => {
    expect((await get('/favicon.ico')).headers.get('content-type')).toBe('image/svg+xml')
    expect((await get('/assets/icon.svg')).status).toBe(200)
    expect(await (await get('/robots.txt')).text()).toBe(
      'User-agent: *\nAllow: /$\nAllow: /directories-coverage$\nAllow: /tools/backlink-check$\nDisallow: /\n',
    )
  })
})
