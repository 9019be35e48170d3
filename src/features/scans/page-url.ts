import { remembered } from '../../core/remembered'
import { isTrackingParameter } from '../../core/tracking-parameter'
import { normaliseHost, URL_LENGTH_MAX } from '../../core/url'

const SESSION = /^(phpsessid|jsessionid|sid|sessionid|session_id|cfid|cftoken)$/i
const FILES =
  /\.(avif|bmp|css|csv|docx?|eot|exe|gif|gz|ico|iso|jpe?g|js|json|m4a|mjs|mov|mp3|mp4|msi|ogg|otf|pdf|png|pptx?|rar|svg|tar|tgz|ttf|wasm|wav|webm|webp|woff2?|xlsx?|xml|zip)$/i

/**
 * The one spelling under which a page is known and fetched: no fragment, no parameters that only
 * track or hold a session, the query in order. Undefined for what is no http(s) address.
 */
export function pageUrl(href: string, base?: string): string | undefined {
  const url = href.length > URL_LENGTH_MAX ? null : URL.parse(href, base)
  if (url === null) return undefined
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  if (url.username !== '' || url.password !== '') return undefined
  url.hash = ''
  url.pathname = url.pathname.replace(/;jsessionid=[^/]*/i, '')
  if (url.search !== '') {
    for (const name of [...url.searchParams.keys()]) {
      if (isTrackingParameter(name) || SESSION.test(name)) url.searchParams.delete(name)
    }
    url.searchParams.sort()
  }
  return url.href.endsWith('?') ? url.href.slice(0, -1) : url.href
}

/**
 * Whether addresses that {@link pageUrl} spelled belong to one crawl with `start`: the same host and
 * port, `www.` or not.
 */
export function sameSiteAs(start: string): (url: string) => boolean {
  const site = siteOf(start)
  const judge = remembered(ORIGINS_MAX, (origin) => siteOf(origin) === site)
  return (url) => judge(url.slice(0, pathStart(url)))
}

const ORIGINS_MAX = 1_000

/** http and https of a host are one site on their usual ports; another port is another site. */
function siteOf(text: string): string {
  const { hostname, port } = new URL(text)
  return `${normaliseHost(hostname).replace(/^www\./, '')}:${port}`
}

/** Where the path begins in an address that {@link pageUrl} spelled. */
const pathStart = (url: string): number => url.indexOf('/', 'https://'.length)

/** Path and query of an address that {@link pageUrl} spelled. */
export const pathOf = (url: string): string => url.slice(pathStart(url))

/** Whether a path names a file that is no page, by its extension. */
export function namesFile(url: string): boolean {
  return FILES.test(pathOf(url).replace(/\?.*$/s, ''))
}

/**
 * Whether a path looks made by a machine without end: one piece three times over, or days and
 * months of a calendar far from `nowMs`.
 */
export function isTrap(url: string, nowMs: number): boolean {
  const whole = pathOf(url)
  const pieces = whole
    .replace(/\?.*$/s, '')
    .split('/')
    .filter((piece) => piece !== '')
  if (pieces.length > 20) return true
  const counts = new Map<string, number>()
  for (const piece of pieces) counts.set(piece, (counts.get(piece) ?? 0) + 1)
  if ([...counts.values()].some((count) => count >= 3)) return true
  const dated = /(?:^|[/=-])(\d{4})[-/](?:0?[1-9]|1[0-2])(?=[/&-]|$)/.exec(whole)
  if (!dated || !/calendar|event|month|day|date/i.test(url)) return false
  return Math.abs(Number(dated[1]) - new Date(nowMs).getUTCFullYear()) > 2
}
