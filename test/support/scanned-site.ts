import { robotsOf } from '../../src/core/robots-answer'
import type { PageFacts } from '../../src/features/scans/page-facts'
import type { Probe, ScannedPage, SiteView } from '../../src/features/scans/site-view'

export const START = 'https://acme.example/'

/** A path of the fixture site as an address; whole addresses stay. */
export const at = (path: string): string => new URL(path, START).href

const FACTS: PageFacts = {
  ...{
    titles: ['A title of a fitting length'],
    descriptions: ['What it is about'],
    h1: ['Heading'],
  },
  ...{
    lang: 'en',
    canonicals: [],
    robots: [],
    links: [],
    next: null,
    hreflang: [],
    images: [],
    insecure: [],
  },
  ...{ types: [], words: 300, isShell: false, refresh: null },
}

export const linksTo = (...paths: string[]): PageFacts['links'] =>
  paths.map((path) => ({ url: at(path), nofollow: false }))

type PageOf = Partial<Omit<ScannedPage, 'facts'>> & { facts?: Partial<PageFacts> | null }

/** A healthy page at `path`, but for what is given. */
export function page(path: string, { facts, ...more }: PageOf = {}): ScannedPage {
  const url = at(path)
  return {
    ...{ url, status: 200, failure: null, redirect: null, depth: 1, inSitemap: true },
    ...{ hash: `hash of ${url}`, looksMissing: false },
    facts:
      facts === null
        ? null
        : {
            ...FACTS,
            titles: [`The page that is at ${path}`],
            descriptions: [`About ${path}`],
            ...facts,
          },
    ...more,
  }
}

/** An address that leads to another. */
export const redirect = (path: string, to: string, kind: 'permanent' | 'temporary' = 'permanent') =>
  page(path, {
    status: kind === 'permanent' ? 301 : 302,
    facts: null,
    hash: null,
    inSitemap: false,
    redirect: { to: at(to), kind },
  })

/** An address that was answered with an error. */
export const broken = (path: string, status: number) =>
  page(path, { status, facts: null, hash: null, inSitemap: false })

/** What came of an address that was asked for by its head; of a link unless told. */
export const probe = (status: number | null, more: Partial<Probe> = {}): Probe => ({
  ...{ kind: 'link', status, failure: null, bytes: null },
  ...more,
})

/** A site of these pages, all else in order. */
export function site(pages: ScannedPage[], more: Partial<SiteView> = {}): SiteView {
  return {
    start: START,
    pages: new Map(pages.map((one) => [one.url, one])),
    probes: new Map(),
    robots: robotsOf({ status: 200, text: 'User-agent: *\nDisallow: /private' }),
    sitemaps: [{ url: at('/sitemap.xml'), kind: 'urls', warnings: [] }],
    ...{ missingAnswersOk: false, isSurveyed: true, httpLeadsToHttps: true, complete: true },
    certificate: { daysLeft: 60, days: 90 },
    ...more,
  }
}
