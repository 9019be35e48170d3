import { headerOf } from '../../core/header'
import { shinglesOf } from '../../core/likeness'
import { ROBOTS_BYTES_MAX, type Robots } from '../../core/robots'
import { askForRobots, type RobotsAnswer } from '../../core/robots-answer'
import type { Fetched, Fetcher } from './fetcher'
import { readPageInTurns } from './page-facts'
import type { Certificate } from './site-view'
import { SITEMAP_BYTES_MAX, type Sitemap } from './sitemap'

const SITEMAP_FILES_MAX = 50
const SITEMAP_DEPTH_MAX = 3
const PAGE_BYTES = 3_000_000

/** What is learnt of a site in front of its crawl; kept with the scan, so that it is asked once. */
export type Survey = {
  robots: RobotsAnswer
  /** The text of an earlier answer, to go on with while there is none now. */
  robotsKept: string | null
  httpLeadsToHttps: boolean | null
  certificate: Certificate | null
  /** Null until that is asked. */
  mapped: {
    sitemaps: SitemapFile[]
    /** The text of the answer for a made-up address in shingles; null where that was no 200. */
    missing: number[] | null
    missingAnswersOk: boolean | null
  } | null
}

export type SitemapFile = { url: string; kind: Sitemap['kind']; warnings: string[] }

const header = (answer: Fetched, name: string): string | undefined =>
  answer.failure === null ? headerOf(answer.headers, name) : undefined

/** Where an answer leads, absolute; undefined when it leads nowhere. */
export function locationOf(answer: Fetched, url: string): string | undefined {
  if (answer.failure !== null || answer.status < 300 || answer.status > 399) return undefined
  const location = header(answer, 'location')
  return location !== undefined && URL.canParse(location, url)
    ? new URL(location, url).href
    : undefined
}

export type SurveyDeps = {
  fetch: Fetcher
  paced: () => Promise<void>
  signal: AbortSignal
  nextTurn: () => Promise<void>
  /** Reads a sitemap of whatever size without holding anybody up. */
  readSitemap: (body: Uint8Array) => Promise<Sitemap>
  /** Takes what a file lists. */
  onListed: (urls: readonly string[]) => Promise<void>
}

/** The answer for the site's robots.txt; null where none came. */
export const askRobots = (
  start: string,
  deps: Pick<SurveyDeps, 'fetch' | 'signal'>,
): Promise<RobotsAnswer> =>
  askForRobots(start, async (url) => {
    const answer = await deps.fetch(url, ROBOTS_BYTES_MAX, deps.signal)
    if (answer.failure !== null) return null
    return { ...answer, location: header(answer, 'location') ?? null }
  })

/** Sitemaps that robots.txt names, else those at the usual places; what they list is handed on. */
export async function askSitemaps(
  start: string,
  robots: Robots,
  deps: SurveyDeps,
): Promise<SitemapFile[]> {
  const named = robots.sitemaps
    .filter((url) => URL.canParse(url, start))
    .map((url) => new URL(url, start).href)
  const usual = ['/sitemap.xml', '/sitemap_index.xml'].map((path) => new URL(path, start).href)
  const queue = (named.length > 0 ? named : usual).map((url) => ({ url, depth: 1 }))
  const seen = new Set<string>()
  const files: SitemapFile[] = []
  for (let next = queue.shift(); next && seen.size < SITEMAP_FILES_MAX; next = queue.shift()) {
    const { url, depth } = next
    if (seen.has(url)) continue
    seen.add(url)
    await deps.paced()
    const answer = await deps.fetch(url, SITEMAP_BYTES_MAX, deps.signal)
    const to = locationOf(answer, url)
    if (to !== undefined && depth <= SITEMAP_DEPTH_MAX) queue.unshift({ url: to, depth: depth + 1 })
    if (to !== undefined) continue
    const isThere = answer.failure === null && answer.status === 200
    // Nobody promised a file at a usual place; that there is none has to be answered, though.
    const isDenied = answer.failure === null && answer.status >= 400 && answer.status < 500
    if (isDenied && named.length === 0 && usual.includes(url)) continue
    if (!isThere) {
      files.push({ url, kind: 'invalid', warnings: [answer.failure ?? String(answer.status)] })
      continue
    }
    const { kind, urls, warnings } = await deps.readSitemap(answer.body)
    files.push({ url, kind, warnings: answer.truncated ? [...warnings, 'too_large'] : warnings })
    if (kind === 'urls') await deps.onListed(urls)
    else if (kind === 'index' && depth < SITEMAP_DEPTH_MAX)
      queue.push(...urls.map((child) => ({ url: child, depth: depth + 1 })))
  }
  return files
}

/** Asks for an address that nobody could have made. */
export async function askMissing(start: string, madeUp: string, deps: SurveyDeps) {
  const url = new URL(`/${madeUp}`, start).href
  await deps.paced()
  const answer = await deps.fetch(url, PAGE_BYTES, deps.signal)
  if (answer.failure !== null) return { missing: null, missingAnswersOk: null }
  if (answer.status !== 200) return { missing: null, missingAnswersOk: false }
  const html = new TextDecoder().decode(answer.body)
  const { text } = await readPageInTurns(html, url, answer.headers, deps.nextTurn)
  return { missing: shinglesOf(text), missingAnswersOk: true }
}
