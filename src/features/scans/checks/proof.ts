import { inlinks, type Probe, type ScannedPage, type SiteView, shownOn } from '../site-view'

/** Answers that say nothing of what the page is: a wall, a pause, a fault of the server. */
const isUndecided = (status: number): boolean =>
  status >= 500 || [401, 403, 406, 407, 429].includes(status)

/** Whether a scan saw what an address is now: a page, a redirect, or that there is nothing. */
export function isSeen({ status, failure }: ScannedPage): boolean {
  return status !== null && !isUndecided(status) && (failure === null || failure === 'not_html')
}

const whole = new WeakMap<SiteView, boolean>()

/** Whether a scan knows that no more addresses exist than those it saw. */
function isWhole(site: SiteView): boolean {
  const known = whole.get(site)
  if (known !== undefined) return known
  const isRead = ({ status, failure }: ScannedPage): boolean =>
    failure === 'robots' || (status !== null && status < 500 && status !== 429)
  const found = site.complete && [...site.pages.values()].every(isRead)
  whole.set(site, found)
  return found
}

/**
 * Whether a scan that did not find a fault at `url` proves that it is not there any more. `known`
 * are all addresses at which the check had found it. What a scan did not look at proves nothing.
 */
export type Proof = (site: SiteView, url: string, known: readonly string[]) => boolean

/** Of what one page says of itself: the page was seen, or is known to be gone. */
export const byPage: Proof = (site, url) => {
  const page = site.pages.get(url)
  return page ? isSeen(page) : isWhole(site)
}

const together = new WeakMap<SiteView, WeakMap<readonly string[], boolean>>()

/** Of what pages have in common: each of them was seen, or is known to be gone. */
export const byAllPages: Proof = (site, _url, known) => {
  const judged = together.get(site) ?? new WeakMap<readonly string[], boolean>()
  together.set(site, judged)
  const proven = judged.get(known) ?? known.every((url) => byPage(site, url, known))
  judged.set(known, proven)
  return proven
}

/** Of what addresses answer: it exists now, or nothing leads to it any more. */
export const byAnswer: Proof = (site, url) => {
  const page = site.pages.get(url)
  if (!page) return isWhole(site)
  return isSeen(page) && ((page.status ?? 0) < 400 || isWhole(site))
}

/** Of what only the whole site shows: everything was read, and what the fault was at was seen. */
export const bySite: Proof = (site, url) => {
  const page = site.pages.get(url)
  return site.complete && (page === undefined || isSeen(page) || page.failure === 'robots')
}

/** Of a page that pages lead to: one that only the sitemap names was not looked for in earnest. */
export const byLinkedPage: Proof = (site, url, known) =>
  site.pages.get(url)?.depth == null ? bySite(site, url, known) : byPage(site, url, known)

/** Of pages that sitemaps list: every file could be read, and the page was seen. */
export const byListing: Proof = (site, url, known) =>
  site.isSurveyed &&
  site.sitemaps.every(({ kind }) => kind !== 'invalid') &&
  byPage(site, url, known)

/** Whether an address certainly leads nowhere; whatever else is no page leaves that open. */
export const isGone = ({ status, failure }: Probe): boolean =>
  status === 404 || status === 410 || failure === 'no_such_host'

/** Of what an address answers that is asked for by its head: it told, or no page has it any more. */
export const byProbe: Proof = (site, url) => {
  const probe = site.probes.get(url)
  if (!probe) return isWhole(site) && inlinks(site, url).length + shownOn(site, url).length === 0
  const isAnswered = probe.status !== null && probe.status < 400
  return probe.kind === 'link' ? isAnswered : probe.bytes !== null || isGone(probe)
}

/** Of robots.txt: it answered. */
export const byRobots: Proof = ({ robots }) => robots.kind !== 'disallow_all'

/** Of what is asked in front of every crawl. */
export const bySurvey: Proof = ({ isSurveyed }) => isSurveyed
