import { mayFetch } from '../../../core/robots'
import { SCAN_TOKEN } from '../fetcher'
import { pageUrl, pathOf, sameSiteAs } from '../page-url'
import {
  type Finding,
  finding,
  findingsOf,
  type HtmlPage,
  htmlPages,
  indexablePages,
  inlinks,
  isNoindex,
  type SiteView,
} from '../site-view'
import type { Check } from './check'
import { bySite } from './proof'

const LATER = /^([2-9]|[1-9]\d{1,3})$/
const PARAMETERS = ['page', 'paged'] as const

/**
 * Where the series of a numbered page may begin, when the address is one of a later page:
 * `/shoes?page=2`, `/blog/page/2`. Undefined for every other address.
 */
export function beginningsOf(url: string): string[] | undefined {
  if (!/page/i.test(url)) return undefined
  const spelled = (change: (address: URL) => void): string => {
    const address = new URL(url)
    change(address)
    return pageUrl(address.href) ?? address.href
  }
  const { pathname, searchParams } = new URL(url)
  for (const name of PARAMETERS) {
    if (!LATER.test(searchParams.get(name) ?? '')) continue
    return [
      spelled((address) => address.searchParams.delete(name)),
      spelled((address) => address.searchParams.set(name, '1')),
    ]
  }
  const [, base = '', number = '', slash = ''] = /^(.*)\/page\/(\d+)(\/?)$/.exec(pathname) ?? []
  if (!LATER.test(number)) return undefined
  return [`${base}/`, base, `${base}/page/1${slash}`].map((path) =>
    spelled((address) => {
      address.pathname = path
    }),
  )
}

/** What keeps a later page of a list from being found, though it leads to what no earlier one does. */
function hiddenPages(site: SiteView): Finding[] {
  const isOurs = sameSiteAs(site.start)
  const indexable = new Map(indexablePages(site).map((page) => [page.url, page]))
  return findingsOf(site, htmlPages(site), (page) => {
    const beginnings = beginningsOf(page.url)
    const first = beginnings?.map((url) => indexable.get(url)).find((known) => known !== undefined)
    const fault = beginnings && faultOf(page, beginnings)
    if (!beginnings || !first || !fault) return undefined
    const isOfSeries = (url: string): boolean =>
      beginnings.includes(url) || beginningsOf(url)?.[0] === beginnings[0]
    const known = new Set(first.facts.links.map(({ url }) => url))
    const links = page.facts.links.map(({ url }) => url)
    const isPaged = links.some((url) => url !== page.url && isOfSeries(url))
    const leadsOn = links.some((url) => isOurs(url) && !known.has(url) && !isOfSeries(url))
    return isPaged && leadsOn ? fault : undefined
  })
}

/** Why a later page is not indexed: it says so, or gives the beginning of its series for itself. */
function faultOf(page: HtmlPage, beginnings: readonly string[]): string | undefined {
  if (isNoindex(page)) return 'noindex'
  const [canonical = '', other] = page.facts.canonicals
  return other === undefined && beginnings.includes(canonical)
    ? `canonical: ${canonical}`
    : undefined
}

/** Pages whose next one only their head names, which no crawler follows. */
function brokenChains(site: SiteView): Finding[] {
  // While pages are unread, a link to it may stand on one of them.
  if (!site.complete) return []
  const isOurs = sameSiteAs(site.start)
  const reached = new Set([...site.pages.values()].flatMap(({ redirect }) => redirect?.to ?? []))
  const isReached = (url: string): boolean => reached.has(url) || inlinks(site, url).length > 0
  return htmlPages(site).flatMap((page) => {
    const { next, isShell } = page.facts
    if (next === null || isShell || isNoindex(page) || !isOurs(next)) return []
    const isNumbered = beginningsOf(next) !== undefined && next !== page.url
    const isOpen = mayFetch(site.robots.robots, SCAN_TOKEN, pathOf(next)).allowed
    const isLed = [next, next.replace(/\/$/, ''), `${next}/`].some(isReached)
    // What the sitemap lists and nothing links to is told as such.
    if (!isNumbered || !isOpen || isLed || site.pages.get(next)?.inSitemap) return []
    return [finding(site, page.url, `no link leads to the next page, ${next}`)]
  })
}

export const paginationChecks = {
  pagination: {
    group: 'structure',
    provenBy: bySite,
    severity: 'note',
    effort: 'M',
    title: 'Later pages of lists are kept from search engines',
    why: 'What stands on them alone is hardly found.',
    howToFix:
      'Let each page of a list name itself as its original, without noindex, and link to the next one.',
    find(site) {
      const found = new Map<string, Finding>()
      for (const one of [...hiddenPages(site), ...brokenChains(site)])
        if (!found.has(one.url)) found.set(one.url, one)
      return [...found.values()]
    },
  },
} satisfies Record<string, Check>
