import type { CheckKey } from '../../src/features/scans/checks/catalogue'
import { anchors, type SiteReply, words } from './site-server'

/** A page of the fixture site, before anything is wrong with it. */
export type FixturePage = {
  title: string
  description: string
  head: string
  headings: string
  body: string
  links: string[]
  lang: string
}

/** The whole fixture site; faults change it. */
export type FixtureSite = {
  origin: string
  pages: Map<string, FixturePage>
  /** What answers in the place of a page. */
  replies: Map<string, SiteReply>
  listed: Set<string>
  robots: string[]
  sitemaps: string[]
  navigation: string[]
  isOrganized: boolean
}

const CHILDREN = 8
const NAVIGATION = ['/', '/privacy', '/contact']

/** A page of its own in every respect. */
export function pageAt(path: string): FixturePage {
  const name = path === '/' ? 'home' : path.slice(1)
  return {
    title: `The page of ${name}`,
    description: `What there is to know of ${name}`,
    headings: `<h1>Of ${name}</h1>`,
    ...{ head: '', body: words(`${name.replace(/\W/g, '')}x`), links: [], lang: ' lang="en"' },
  }
}

export const numbered = (n: number): string => `/page-${n}`

/** A site of `count` pages in good order, as a tree of a few clicks. */
export function healthySite(origin: string, count: number): FixtureSite {
  const pages = new Map(NAVIGATION.map((path) => [path, pageAt(path)]))
  const numbers = count - NAVIGATION.length
  for (let n = 1; n <= numbers; n++) pages.set(numbered(n), pageAt(numbered(n)))
  const below = (n: number): string[] =>
    Array.from({ length: CHILDREN }, (_, k) => CHILDREN * n + k + 1)
      .filter((child) => child <= numbers)
      .map(numbered)
  for (let n = 0; n <= numbers; n++) {
    const page = pages.get(n === 0 ? '/' : numbered(n))
    page?.links.push(...below(n))
  }
  return {
    ...{ origin, pages, replies: new Map(), listed: new Set(pages.keys()) },
    ...{ robots: [], sitemaps: ['/sitemap.xml'], navigation: NAVIGATION, isOrganized: true },
  }
}

function render(site: FixtureSite, path: string, page: FixturePage): string {
  const { title, description, head, headings, body, links, lang } = page
  const organization =
    path === '/' && site.isOrganized
      ? '<script type="application/ld+json">{"@type":"Organization"}</script>'
      : ''
  const described = description === '' ? '' : `<meta name="description" content="${description}">`
  const titled = title === '' ? '' : `<title>${title}</title>`
  return `<!doctype html><html${lang}><head>${titled}${described}${head}${organization}</head><body>${headings}${anchors(...(links.includes('none') ? [] : [...site.navigation, ...links]))}<p>${body}</p></body></html>`
}

/** What the site answers for a path. */
export function answerOf(site: FixtureSite, path: string): SiteReply {
  if (path === '/robots.txt') {
    const sitemaps = site.sitemaps.map((file) => `Sitemap: ${site.origin}${file}`)
    return { body: ['User-agent: *', 'Allow: /', ...site.robots, ...sitemaps].join('\n') }
  }
  if (path === '/sitemap.xml') {
    const urls = [...site.listed].map((listed) => `<url><loc>${site.origin}${listed}</loc></url>`)
    return { body: `<urlset>${urls.join('')}</urlset>` }
  }
  const page = site.pages.get(path)
  return site.replies.get(path) ?? (page && render(site, path, page))
}

/** Something wrong that is planted in a site, and what has to be found of it by each check. */
export type Fault = {
  plant: (site: FixtureSite) => void
  found: Partial<Record<CheckKey, string[]>>
}

const change =
  (n: number, with_: Partial<FixturePage> | ((page: FixturePage) => Partial<FixturePage>)) =>
  ({ pages }: FixtureSite): void => {
    const page = pages.get(numbered(n))
    if (!page) throw new Error(`There is no page ${n}.`)
    Object.assign(page, typeof with_ === 'function' ? with_(page) : with_)
  }

const link = (n: number, ...paths: string[]) =>
  change(n, ({ links }) => ({ links: [...links, ...paths] }))

const moved = (to: string, status: number): SiteReply => ({ status, headers: { location: to } })

/** Another page that page `n` leads to, unlisted. */
const add =
  (n: number, path: string, with_: Partial<FixturePage> = {}) =>
  (site: FixtureSite): void => {
    site.pages.set(path, { ...pageAt(path), ...with_ })
    link(n, path)(site)
  }

const reply =
  (path: string, answer: SiteReply) =>
  ({ replies }: FixtureSite): void =>
    void replies.set(path, answer)

/** A link of page `n` to another website, of a name as long as our own, and what it answers there. */
const elsewhere = (n: number, path: string, answer: SiteReply) => (site: FixtureSite) => {
  link(n, site.origin.replace('acme', 'away') + path)(site)
  reply(path, answer)(site)
}

const list =
  (...paths: string[]) =>
  ({ listed }: FixtureSite): void => {
    for (const path of paths) listed.add(path)
  }

const all =
  (...steps: ((site: FixtureSite) => void)[]) =>
  (site: FixtureSite): void => {
    for (const step of steps) step(site)
  }

const alternates = (versions: Record<string, number>): Partial<FixturePage> => ({
  head: Object.entries(versions)
    .map(([lang, n]) => `<link rel="alternate" hreflang="${lang}" href="${numbered(n)}">`)
    .join(''),
})

const at = (...numbers: number[]): string[] => numbers.map(numbered)

/** One fault for each check that a site of http on one host can fail; page 73 lies at depth 3. */
export const FAULTS: readonly Fault[] = [
  { plant: link(10, '/gone'), found: { internal_broken: ['/gone'] } },
  {
    plant: all(link(11, '/boom'), reply('/boom', { status: 500 })),
    found: { server_error: ['/boom'] },
  },
  {
    plant: all(
      link(12, '/chain'),
      reply('/chain', moved('/chain-2', 301)),
      reply('/chain-2', moved('/page-1', 301)),
    ),
    found: { redirect_chain: ['/chain'] },
  },
  {
    plant: all(
      link(13, '/loop'),
      reply('/loop', moved('/loop-2', 301)),
      reply('/loop-2', moved('/loop', 301)),
    ),
    found: { redirect_loop: ['/loop', '/loop-2'] },
  },
  {
    plant: all(link(14, '/for-now'), reply('/for-now', moved('/page-2', 302))),
    found: { temporary_redirect: ['/for-now'] },
  },
  { plant: change(15, { title: '' }), found: { title_missing: at(15) } },
  {
    plant: all(change(16, { title: 'Twice the same' }), change(17, { title: 'Twice the same' })),
    found: { title_duplicate: at(16, 17) },
  },
  { plant: change(18, { title: 'Short' }), found: { title_short: at(18) } },
  { plant: change(19, { title: 'Long '.repeat(20) }), found: { title_long: at(19) } },
  { plant: change(20, { description: '' }), found: { description_missing: at(20) } },
  {
    plant: all(change(21, { description: 'Of both' }), change(22, { description: 'Of both' })),
    found: { description_duplicate: at(21, 22) },
  },
  { plant: change(23, { headings: '' }), found: { h1_missing: at(23) } },
  { plant: change(24, { headings: '<h1>One</h1><h1>Two</h1>' }), found: { h1_multiple: at(24) } },
  {
    plant: change(25, { head: '<meta name="robots" content="noindex">' }),
    found: { noindex: at(25), sitemap_noindex: at(25) },
  },
  {
    plant: change(26, { head: '<link rel="canonical" href="https://other.example/">' }),
    found: { canonical_elsewhere: at(26) },
  },
  {
    plant: all(change(27, { head: '<link rel="canonical" href="/gone-2">' }), link(27, '/gone-2')),
    found: { canonical_broken: at(27), internal_broken: ['/gone-2'] },
  },
  {
    plant: change(28, {
      head: '<link rel="canonical" href="/page-28"><link rel="canonical" href="/page-29">',
    }),
    found: { canonical_conflict: at(28) },
  },
  {
    plant: all(list('/moved'), reply('/moved', moved('/page-3', 301))),
    found: { sitemap_redirect: ['/moved'] },
  },
  { plant: list('/lost'), found: { sitemap_broken: ['/lost'] } },
  {
    plant: all(({ robots }) => void robots.push('Disallow: /hidden'), list('/hidden/page')),
    found: { sitemap_blocked: ['/hidden/page'] },
  },
  {
    plant: (site) => {
      site.pages.set('/orphan', pageAt('/orphan'))
      site.listed.add('/orphan')
    },
    found: { orphan: ['/orphan'] },
  },
  {
    plant: all(add(73, '/deep-4'), ({ pages }) => {
      pages.set('/deep-5', pageAt('/deep-5'))
      pages.get('/deep-4')?.links.push('/deep-5')
    }),
    found: { deep: ['/deep-5'] },
  },
  { plant: add(30, '/dead-end', { links: ['none'] }), found: { dead_end: ['/dead-end'] } },
  { plant: change(31, { body: 'Few words.' }), found: { thin: at(31) } },
  {
    plant: all(
      add(32, '/twin-a', { ...pageAt('/twin'), links: ['/page-1'] }),
      add(32, '/twin-b', { ...pageAt('/twin'), links: ['/page-1'] }),
    ),
    found: {
      duplicate_content: ['/twin-b'],
      title_duplicate: ['/twin-a', '/twin-b'],
      description_duplicate: ['/twin-a', '/twin-b'],
    },
  },
  { plant: change(33, { lang: '' }), found: { lang_missing: at(33) } },
  {
    plant: change(34, alternates({ en: 34, de: 35, 'x-default': 34 })),
    found: { hreflang_no_return: at(34) },
  },
  {
    plant: all(
      change(36, alternates({ en: 37 })),
      change(37, alternates({ en: 37, de: 36, 'x-default': 37 })),
    ),
    found: { hreflang_no_self: at(36) },
  },
  {
    plant: all(
      change(38, alternates({ en: 38, de: 39 })),
      change(39, alternates({ en: 38, de: 39, 'x-default': 38 })),
    ),
    found: { hreflang_no_default: at(38) },
  },
  {
    plant: change(40, ({ body }) => ({ body: `<img src="/a.png" width="1" height="1">${body}` })),
    found: { alt_missing: at(40) },
  },
  {
    plant: change(41, ({ body }) => ({ body: `<img src="/a.png" alt="">${body}` })),
    found: { image_size_missing: at(41) },
  },
  {
    plant: all(
      change(43, ({ body }) => ({
        body: `<img src="/huge.jpg" alt="" width="1" height="1">${body}`,
      })),
      reply('/huge.jpg', { headers: { 'content-length': '600000' }, body: Buffer.alloc(600_000) }),
    ),
    found: { image_huge: ['/huge.jpg'] },
  },
  {
    plant: all(
      elsewhere(44, '/gone-there', { status: 410 }),
      elsewhere(45, '/walled-there', { status: 403 }),
      elsewhere(46, '/paused-there', { status: 503 }),
      elsewhere(47, '/there', { body: 'Here I am.' }),
    ),
    found: { external_broken: ['/gone-there'] },
  },
  {
    plant: all(
      add(1, '/list', { links: ['/list/page/2', '/list/page/3'] }),
      add(1, '/list/page/2', {
        ...{ head: '<link rel="canonical" href="/list">', links: ['/list', '/page-48'] },
      }),
      add(1, '/list/page/3', {
        ...{ head: '<meta name="robots" content="noindex">', links: ['/list', '/page-49'] },
      }),
      add(1, '/tail', { head: '<link rel="next" href="/tail/page/2">' }),
    ),
    found: { pagination: ['/list/page/2', '/list/page/3', '/tail'], noindex: ['/list/page/3'] },
  },
  {
    plant: add(42, '/app', {
      body: '<div id="root"></div><script src="/app.js"></script>',
      headings: '<h1>App</h1>',
    }),
    found: { scripts_only: ['/app'] },
  },
  {
    plant: ({ robots }) => void robots.push('User-agent: GPTBot', 'Disallow: /'),
    found: { ai_crawlers_refused: ['/robots.txt'] },
  },
  {
    plant: (site) => {
      site.navigation = ['/']
      for (const path of ['/privacy', '/contact']) {
        site.pages.delete(path)
        site.listed.delete(path)
      }
    },
    found: { privacy_missing: ['/'], contact_missing: ['/'] },
  },
  {
    plant: (site) => {
      site.isOrganized = false
    },
    found: { organization_missing: ['/'] },
  },
]

/** What all these faults come to: addresses by check. */
export function foundOf(faults: readonly Fault[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { found: one } of faults) {
    for (const [check, paths] of Object.entries(one))
      found.set(check, [...(found.get(check) ?? []), ...paths].toSorted())
  }
  return found
}
