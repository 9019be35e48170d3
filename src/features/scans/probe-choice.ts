import { mayFetch } from '../../core/robots'
import { SCAN_TOKEN } from './fetcher'
import { pathOf, sameSiteAs } from './page-url'
import { htmlPages, type Probe, type SiteView } from './site-view'

export const LINKS_MAX = 200
export const IMAGES_MAX = 100

export type ProbeTarget = { url: string; kind: Probe['kind'] }

/** The addresses that most pages have, those that came first among equals. */
function mostUsed(addresses: Iterable<readonly string[]>, most: number): string[] {
  const counts = new Map<string, number>()
  for (const urls of addresses)
    for (const url of new Set(urls)) counts.set(url, (counts.get(url) ?? 0) + 1)
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([url]) => url)
}

/**
 * What of a site's pages is to be asked for by its head: images of the site itself that its
 * robots.txt leaves open, and links to other sites. Those are not asked for their robots.txt: one
 * look at an address that a page names is what a reader does who follows it, and no crawl.
 */
export function chooseProbes(site: SiteView): ProbeTarget[] {
  const isOurs = sameSiteAs(site.start)
  const isOpen = (url: string): boolean =>
    isOurs(url) && mayFetch(site.robots.robots, SCAN_TOKEN, pathOf(url)).allowed
  const facts = htmlPages(site).map((page) => page.facts)
  const images = facts.map((one) => one.images.map(({ url }) => url).filter(isOpen))
  const links = facts.map((one) => one.links.map(({ url }) => url).filter((url) => !isOurs(url)))
  return [
    ...mostUsed(images, IMAGES_MAX).map((url) => ({ url, kind: 'image' as const })),
    ...mostUsed(links, LINKS_MAX).map((url) => ({ url, kind: 'link' as const })),
  ]
}
