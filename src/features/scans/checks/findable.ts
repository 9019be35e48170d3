import { mayFetch } from '../../../core/robots'
import {
  finding,
  findingsOf,
  htmlPages,
  isNoindex,
  type ScannedPage,
  type SiteView,
} from '../site-view'
import type { Check } from './check'
import { byAnswer, byLinkedPage, byListing, byPage, byRobots, bySite, bySurvey } from './proof'

/** The token of the crawler by which pages are found. */
const SEARCH = 'googlebot'

const pathOf = (url: string): string => {
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** Where the start page ends, after its redirects. */
function home(site: SiteView): ScannedPage | undefined {
  const seen = new Set<string>()
  let page = site.pages.get(site.start)
  while (page?.redirect && !seen.has(page.url)) {
    seen.add(page.url)
    page = site.pages.get(page.redirect.to)
  }
  return page
}

/** Addresses of the sitemap that `evidenceOf` says something about. */
const listed = (site: SiteView, evidenceOf: (page: ScannedPage) => string | undefined) =>
  [...site.pages.values()].flatMap((page) => {
    const evidence = page.inSitemap ? evidenceOf(page) : undefined
    return evidence === undefined ? [] : [finding(site, page.url, evidence)]
  })

export const findableChecks = {
  home_unreachable: {
    group: 'findable',
    provenBy: byAnswer,
    severity: 'critical',
    effort: 'M',
    title: 'The start page cannot be opened',
    why: 'Nobody finds a site whose start page does not answer.',
    howToFix: 'Make the start page answer with status 200.',
    find(site) {
      const page = home(site)
      // That we may not ask says nothing of what others see.
      if (page?.status === 200 || page?.failure === 'robots') return []
      // A website that moved to another one is open there.
      const isLeft = page === undefined && site.pages.get(site.start)?.redirect
      if (isLeft) return []
      const seen = page?.status ?? page?.failure ?? 'no answer'
      return [finding(site, site.start, String(seen))]
    },
  },
  robots_block_site: {
    group: 'findable',
    provenBy: byRobots,
    severity: 'critical',
    effort: 'S',
    title: 'robots.txt keeps search engines out',
    why: 'A start page that may not be fetched is not shown in results.',
    howToFix: 'Remove the rule from robots.txt, or make robots.txt answer.',
    find(site) {
      const verdict = mayFetch(site.robots.robots, SEARCH, pathOf(site.start))
      // Where nothing answers at all, that is what is wrong.
      const isSilent = site.robots.reason === 'robots_unreachable' && !home(site)?.status
      if (verdict.allowed || isSilent) return []
      const url = new URL('/robots.txt', site.start).href
      return [finding(site, url, site.robots.reason ?? `line ${verdict.line}: ${verdict.rule}`)]
    },
  },
  noindex: {
    group: 'findable',
    provenBy: byLinkedPage,
    severity: 'warning',
    effort: 'S',
    title: 'Pages ask not to be indexed',
    why: 'A page with noindex never appears in results, although pages lead to it.',
    howToFix: 'Remove noindex where the page should be found; else leave it out of the sitemap.',
    find: (site) =>
      findingsOf(site, htmlPages(site), (page) =>
        isNoindex(page) && page.depth !== null
          ? `robots: ${page.facts.robots.join(', ')}`
          : undefined,
      ),
  },
  canonical_elsewhere: {
    group: 'findable',
    provenBy: byPage,
    severity: 'warning',
    effort: 'S',
    title: 'Pages name a page of another site as their original',
    why: 'Such a page is likely indexed under the other address.',
    howToFix: 'Let each page name itself, or the page of this site that it repeats.',
    find: (site) =>
      findingsOf(site, htmlPages(site), (page) => {
        const [canonical, other] = page.facts.canonicals
        if (canonical === undefined || other !== undefined) return undefined
        const isOther = new URL(canonical).hostname !== new URL(page.url).hostname
        return isOther && !site.pages.has(canonical) ? canonical : undefined
      }),
  },
  canonical_broken: {
    group: 'findable',
    provenBy: bySite,
    severity: 'warning',
    effort: 'S',
    title: 'Pages name an original that is not there',
    why: 'A canonical address that fails, moves on or is not to be indexed is passed over.',
    howToFix: 'Name an address that answers with 200 and may be indexed.',
    find: (site) =>
      findingsOf(site, htmlPages(site), (page) => {
        const target = site.pages.get(page.facts.canonicals[0] ?? '')
        if (!target || target.url === page.url || page.facts.canonicals.length > 1) return undefined
        if (target.redirect) return `${target.url} moves to ${target.redirect.to}`
        if (target.status !== null && target.status >= 400) return `${target.url}: ${target.status}`
        return target.facts?.robots.includes('noindex') ? `${target.url}: noindex` : undefined
      }),
  },
  canonical_conflict: {
    group: 'findable',
    provenBy: byPage,
    severity: 'warning',
    effort: 'S',
    title: 'Pages name several originals',
    why: 'Of contradicting canonical addresses none counts.',
    howToFix: 'Leave one canonical address in the page or its headers.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.canonicals.length > 1 ? facts.canonicals.join(' and ') : undefined,
      ),
  },
  missing_answers_ok: {
    group: 'findable',
    provenBy: (site) => site.missingAnswersOk === false,
    severity: 'warning',
    effort: 'M',
    title: 'The site answers 200 for pages that do not exist',
    why: 'Search engines keep asking for what is not there, and broken links stay unseen.',
    howToFix: 'Answer with status 404 for addresses that do not exist.',
    find(site) {
      if (site.missingAnswersOk !== true) return []
      const like = [...site.pages.values()].filter((page) => page.looksMissing)
      if (like.length === 0) return [finding(site, site.start, 'a made-up address answers 200')]
      return like.map((page) =>
        finding(site, page.url, 'reads like the answer for what is missing'),
      )
    },
  },
  sitemap_missing: {
    group: 'findable',
    provenBy: bySurvey,
    severity: 'note',
    effort: 'S',
    title: 'There is no sitemap',
    why: 'A sitemap tells search engines of pages that few links lead to.',
    howToFix: 'Publish /sitemap.xml and name it in robots.txt.',
    find: (site) =>
      site.sitemaps.length > 0 || !site.isSurveyed || site.robots.kind === 'disallow_all'
        ? []
        : [finding(site, new URL('/sitemap.xml', site.start).href, 'no sitemap was found')],
  },
  sitemap_invalid: {
    group: 'findable',
    provenBy: bySurvey,
    severity: 'warning',
    effort: 'S',
    title: 'A sitemap cannot be read as it should',
    why: 'What cannot be read lists nothing.',
    howToFix: 'Publish XML by sitemaps.org, with at most 50 000 absolute addresses a file.',
    find: (site) =>
      site.sitemaps
        .filter(({ kind, warnings }) => kind === 'invalid' || warnings.length > 0)
        .map(({ url, warnings }) => finding(site, url, warnings.join(', '))),
  },
  sitemap_noindex: {
    group: 'findable',
    provenBy: byListing,
    severity: 'warning',
    effort: 'S',
    title: 'The sitemap lists pages that ask not to be indexed',
    why: 'The two say the opposite of each other.',
    howToFix: 'Remove noindex from the page, or the page from the sitemap.',
    find: (site) =>
      listed(site, ({ facts }) => (facts?.robots.includes('noindex') ? 'noindex' : undefined)),
  },
  sitemap_redirect: {
    group: 'findable',
    provenBy: byListing,
    severity: 'note',
    effort: 'S',
    title: 'The sitemap lists addresses that have moved',
    why: 'A sitemap should name the address that answers.',
    howToFix: 'List the address that it leads to.',
    find: (site) => listed(site, ({ redirect }) => redirect?.to),
  },
  sitemap_broken: {
    group: 'findable',
    provenBy: byListing,
    severity: 'warning',
    effort: 'S',
    title: 'The sitemap lists pages that do not exist',
    why: 'Addresses that fail make a sitemap less believed.',
    howToFix: 'Remove them from the sitemap, or bring the pages back.',
    find: (site) =>
      listed(site, ({ status, looksMissing }) => {
        if (looksMissing) return 'reads like the answer for what is missing'
        return status !== null && status >= 400 && status !== 429 && status !== 503
          ? String(status)
          : undefined
      }),
  },
  sitemap_blocked: {
    group: 'findable',
    provenBy: byListing,
    severity: 'warning',
    effort: 'S',
    title: 'The sitemap lists pages that robots.txt forbids',
    why: 'The two say the opposite of each other.',
    howToFix: 'Allow the page in robots.txt, or remove it from the sitemap.',
    find: (site) =>
      listed(site, ({ url }) => {
        const verdict = mayFetch(site.robots.robots, SEARCH, pathOf(url))
        return verdict.allowed ? undefined : (verdict.rule ?? undefined)
      }),
  },
} satisfies Record<string, Check>
