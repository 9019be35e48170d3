import { headerCanonicals } from '../../core/link-header'
import { type PageFacts, resolveHref } from './page-facts'
import { isSameSite, urlKey } from './target'

export type Canonical = {
  /** The address that the page names as its own; null when it names none. */
  url: string | null
  state: 'none' | 'self' | 'other_page' | 'other_site' | 'conflict'
  /** A declaration in the body, which counts for nothing. */
  ignoredInBody: boolean
}

/** What a page says of its own address, in its head and its headers (RFC 6596). */
export function readCanonical(
  facts: Pick<PageFacts, 'canonicals' | 'baseUrl'>,
  linkHeaders: readonly string[],
  finalUrl: string,
): Canonical {
  const ignoredInBody = facts.canonicals.some(({ inBody }) => inBody)
  const ofPage = facts.canonicals
    .filter(({ inBody }) => !inBody)
    .map(({ href }) => resolveHref(href, facts.baseUrl))
  const ofHeaders = linkHeaders.flatMap(headerCanonicals).map((href) => resolveHref(href, finalUrl))
  const named = [...ofPage, ...ofHeaders].filter((url) => url !== null)
  const [first] = named
  if (first === undefined) return { url: null, state: 'none', ignoredInBody }
  const isOne = new Set(named.map(urlKey)).size === 1
  return { url: first.href, state: isOne ? stateOf(first, finalUrl) : 'conflict', ignoredInBody }
}

function stateOf(canonical: URL, finalUrl: string): Canonical['state'] {
  const page = new URL(finalUrl)
  if (urlKey(canonical) === urlKey(page)) return 'self'
  return isSameSite(canonical.hostname, page.hostname) ? 'other_page' : 'other_site'
}
