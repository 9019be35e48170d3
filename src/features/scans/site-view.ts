import type { RobotsRules } from '../../core/robots-answer'
import type { PageFacts } from './page-facts'

/** One address of a site as a scan saw it. A redirect is a page of its own that leads to another. */
export type ScannedPage = {
  url: string
  /** Null where no answer came, or where none was asked for. */
  status: number | null
  /** Why there is nothing to judge: `timeout`, `dns`, `tls`, `robots`, `too_large`, `not_html`, … */
  failure: string | null
  redirect: { to: string; kind: 'permanent' | 'temporary' | 'refresh' } | null
  /** Clicks from the start page; null where no link led here. */
  depth: number | null
  inSitemap: boolean
  /** SHA-256 of the body. */
  hash: string | null
  /** A page answered with 200 that looks like the site's answer for what does not exist. */
  looksMissing: boolean
  /** Of an HTML page in the 200s. */
  facts: PageFacts | null
}

/** What came of an address that pages lead to or show, asked for by its head alone. */
export type Probe = {
  /** A link out of the site, or an image of the site itself. */
  kind: 'link' | 'image'
  status: number | null
  /** Why there is no answer: `no_such_host`, `timeout`, `tls`, … */
  failure: string | null
  /** Of the whole content, as an answer of 200 says; null where none says. */
  bytes: number | null
}

/** How long a certificate held yet when it was seen, and how long it holds in all. */
export type Certificate = { daysLeft: number; days: number }

/** All that a scan saw, which every check reads and none changes. */
export type SiteView = {
  start: string
  pages: ReadonlyMap<string, ScannedPage>
  /** Of the addresses that were asked for; there may be more on the pages. */
  probes: ReadonlyMap<string, Probe>
  robots: RobotsRules
  sitemaps: readonly {
    url: string
    kind: 'urls' | 'index' | 'invalid'
    warnings: readonly string[]
  }[]
  /** Whether sitemaps were asked for at all. */
  isSurveyed: boolean
  /** Whether a made-up address was answered with 200; null where it was not asked. */
  missingAnswersOk: boolean | null
  /** Whether http leads to https; null where it was not asked. */
  httpLeadsToHttps: boolean | null
  /** Of the start page; null where none was seen. */
  certificate: Certificate | null
  /** Whether every known address was fetched; what is absent is only then known to be. */
  complete: boolean
}

/** One thing wrong at one address, what shows it, and up to five pages that lead there. */
export type Finding = { url: string; evidence: string; foundOn: string[] }

const FOUND_ON_MAX = 5

type Addresses = (facts: PageFacts) => readonly { url: string }[]

/** Answers which pages have an address, in the order of the scan; found out once for each site. */
function createMentions(addressesOf: Addresses) {
  const mentionsOf = new WeakMap<SiteView, Map<string, string[]>>()

  function mentionsIn(site: SiteView): Map<string, string[]> {
    const mentions = new Map<string, string[]>()
    for (const page of site.pages.values()) {
      for (const { url } of page.facts ? addressesOf(page.facts) : []) {
        const from = mentions.get(url)
        if (url === page.url || from?.at(-1) === page.url) continue
        if (from) from.push(page.url)
        else mentions.set(url, [page.url])
      }
    }
    return mentions
  }

  return (site: SiteView, url: string): readonly string[] => {
    const known = mentionsOf.get(site) ?? mentionsIn(site)
    mentionsOf.set(site, known)
    return known.get(url) ?? []
  }
}

/** Pages that link to an address, in the order of the scan. */
export const inlinks = createMentions(({ links }) => links)

/** Pages that show an image, in the order of the scan. */
export const shownOn = createMentions(({ images }) => images)

/** A finding with where it was found: on pages that link there, unless it is told. */
export function finding(
  site: SiteView,
  url: string,
  evidence: string,
  pages: readonly string[] = inlinks(site, url),
): Finding {
  return { url, evidence, foundOn: pages.slice(0, FOUND_ON_MAX) }
}

export type HtmlPage = ScannedPage & { facts: PageFacts }

/** Pages of HTML that exist and stay where they are. */
export function htmlPages(site: SiteView): HtmlPage[] {
  return [...site.pages.values()].filter(
    (page): page is HtmlPage => page.facts !== null && !page.looksMissing && page.redirect === null,
  )
}

export const isNoindex = (page: HtmlPage): boolean => page.facts.robots.includes('noindex')

/** Pages that want to be found: not noindex, and canonical by themselves. */
export function indexablePages(site: SiteView): HtmlPage[] {
  return htmlPages(site).filter(
    (page) =>
      !isNoindex(page) && page.facts.canonicals.every((canonical) => canonical === page.url),
  )
}

/** One finding per page that `evidenceOf` says something about. */
export function findingsOf(
  site: SiteView,
  pages: readonly HtmlPage[],
  evidenceOf: (page: HtmlPage) => string | undefined,
): Finding[] {
  return pages.flatMap((page) => {
    const evidence = evidenceOf(page)
    return evidence === undefined ? [] : [finding(site, page.url, evidence)]
  })
}
