import type { ScannedPage } from './site-view'

/** By its last step, the page that stands for another; itself where nothing leads on. */
export type Clusters = ReadonlyMap<string, string>

/**
 * Which page stands for which. A redirect stands for its target, a page for its one canonical where
 * that was fetched and exists, and of pages with one body the one in the sitemap, then the shorter
 * address. A circle is stood for by the first of its addresses. Independent of the pages' order;
 * whoever stands for another stands for itself.
 */
export function canonicalClusters(pages: Iterable<ScannedPage>): Clusters {
  const known = new Map([...pages].map((page) => [page.url, page]))
  const leaders = new Map([...known.keys()].map((url) => [url, follow(url, known)]))
  const byBody = new Map<string, ScannedPage>()
  for (const url of new Set(leaders.values())) {
    const page = known.get(url)
    if (!page?.facts || page.hash === null) continue
    const rival = byBody.get(page.hash)
    if (!rival || isBetter(page, rival)) byBody.set(page.hash, page)
  }
  return new Map(
    [...leaders].map(([url, leader]) => {
      const page = known.get(leader)
      const twin = page?.facts && page.hash !== null ? byBody.get(page.hash) : undefined
      return [url, twin?.url ?? leader]
    }),
  )
}

function next(page: ScannedPage, known: ReadonlyMap<string, ScannedPage>): string | undefined {
  if (page.redirect) return known.has(page.redirect.to) ? page.redirect.to : undefined
  const [canonical, other] = page.facts?.canonicals ?? []
  if (canonical === undefined || other !== undefined || canonical === page.url) return undefined
  const target = known.get(canonical)
  return target && (target.facts !== null || target.redirect !== null) ? canonical : undefined
}

function follow(start: string, known: ReadonlyMap<string, ScannedPage>): string {
  const trail: string[] = []
  const seen = new Set<string>()
  let at = start
  for (;;) {
    if (seen.has(at)) return trail.slice(trail.indexOf(at)).toSorted()[0] ?? at
    seen.add(at)
    trail.push(at)
    const page = known.get(at)
    const onward = page && next(page, known)
    if (onward === undefined) return at
    at = onward
  }
}

function isBetter(page: ScannedPage, rival: ScannedPage): boolean {
  if (page.inSitemap !== rival.inSitemap) return page.inSitemap
  if (page.url.length !== rival.url.length) return page.url.length < rival.url.length
  return page.url < rival.url
}
