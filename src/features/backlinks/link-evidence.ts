import { attributeOf, type HtmlElement, isElement } from './html-page'
import {
  collapse,
  type FoundLink,
  type PageFacts,
  piecesOf,
  type Region,
  resolveHref,
  textOf,
} from './page-facts'
import { MATCH_LEVELS, type MatchLevel, matchOf, type Target } from './target'

export type AnchorKind = 'text' | 'image' | 'label' | 'empty'

/** A link to the target, with what can be shown of it. */
export type LinkEvidence = {
  url: string
  /** As the page has it. */
  href: string
  level: MatchLevel
  /** Lower case, in the order of the source. */
  rel: string[]
  /** No `nofollow`, `ugc` or `sponsored`; null where it cannot be known. */
  follow: boolean | null
  anchor: string
  anchorKind: AnchorKind
  region: Region
  hidden: boolean
  /** What a reader sees in front of it and behind it, at most 80 characters each. */
  before: string
  after: string
}

/** Most links to one target that are kept of a page. */
export const EVIDENCE_MAX = 50
const ANCHOR_MAX = 512
const CONTEXT_MAX = 80
/** Pieces of text that are looked through for a context, and how much of each. */
const PIECES_MAX = 200
const PIECE_MAX = 400
const QUALIFYING = ['nofollow', 'ugc', 'sponsored']

/** Tokens of `rel`, apart by spaces or, as Google takes them too, commas. */
export const relOf = (element: HtmlElement): string[] =>
  (attributeOf(element, 'rel') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((token) => token !== '')

export const isFollowed = (rel: readonly string[]): boolean =>
  !rel.some((token) => QUALIFYING.includes(token))

function imageTextOf(element: HtmlElement): string {
  const waiting = [element]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const alt = node.tagName === 'img' ? collapse(attributeOf(node, 'alt') ?? '') : ''
    if (alt !== '') return alt
    for (const child of node.childNodes.toReversed()) if (isElement(child)) waiting.push(child)
  }
  return ''
}

/** What a reader clicks on: text, else the text of a picture, else a label, else nothing. */
export function anchorOf(element: HtmlElement): { anchor: string; anchorKind: AnchorKind } {
  const attribute = (name: string): string => collapse(attributeOf(element, name) ?? '')
  const candidates: [string, AnchorKind][] = [
    [textOf(element, ANCHOR_MAX * 4), 'text'],
    [element.tagName === 'area' ? attribute('alt') : imageTextOf(element), 'image'],
    [attribute('aria-label') || attribute('title'), 'label'],
  ]
  const [anchor, anchorKind] = candidates.find(([text]) => text !== '') ?? ['', 'empty' as const]
  return { anchor: anchor.slice(0, ANCHOR_MAX).toWellFormed(), anchorKind }
}

/** The words before and behind a link; none where the page's text was cut in front of it. */
function contextOf({ element, at }: FoundLink, pieces: PageFacts['pieces']) {
  let [before, after] = ['', '']
  if (at === null) return { before, after }
  const end = at + piecesOf(element)
  for (let from = at - 1; from >= Math.max(0, at - PIECES_MAX); from--) {
    before = `${pieces[from]?.slice(-PIECE_MAX)}${before}`
    if (collapse(before).length >= CONTEXT_MAX) break
  }
  for (const piece of pieces.slice(end, end + PIECES_MAX)) {
    after += piece.slice(0, PIECE_MAX)
    if (collapse(after).length >= CONTEXT_MAX) break
  }
  return {
    before: collapse(before).slice(-CONTEXT_MAX).toWellFormed(),
    after: collapse(after).slice(0, CONTEXT_MAX).toWellFormed(),
  }
}

/** A link of a page as evidence of `level`. */
export function evidenceOf(
  link: FoundLink,
  url: URL,
  level: MatchLevel,
  pieces: PageFacts['pieces'],
): LinkEvidence {
  const { href, region, hidden, element } = link
  const rel = relOf(element)
  const place = { region, hidden, ...contextOf(link, pieces) }
  return {
    url: url.href,
    href,
    level,
    rel,
    follow: isFollowed(rel),
    ...anchorOf(element),
    ...place,
  }
}

/** Best match first, then what is followed, then the main part of the page, then its order. */
function rank(link: LinkEvidence): number {
  const level = MATCH_LEVELS.indexOf(link.level)
  const place = link.region === 'main' ? 0 : link.region === 'body' ? 1 : 2
  return level * 100 + (link.follow === true ? 0 : 10) + place
}

/** All links of a page to the target, the one that counts first. */
export function linksTo(facts: PageFacts, target: Target): LinkEvidence[] {
  const found: LinkEvidence[] = []
  for (const link of facts.links) {
    const url = resolveHref(link.href, facts.baseUrl)
    const level = url && matchOf(target, url)
    if (url && level) found.push(evidenceOf(link, url, level, facts.pieces))
    if (found.length >= EVIDENCE_MAX) break
  }
  return found.toSorted((a, b) => rank(a) - rank(b))
}

const SHORTENERS = new Set([
  ...['bit.ly', 't.co', 'tinyurl.com', 'ow.ly', 'buff.ly', 'is.gd', 'rebrand.ly', 'goo.gl'],
  ...['lnkd.in', 'amzn.to', 'cutt.ly', 't.ly', 'shorturl.at', 'rb.gy', 'dub.sh', 'dub.co'],
])

/** Ways out of a site; the words of the first may be its own pages as well. */
const REDIRECTING_PATH =
  /^\/(out|go|goto|redirect|redir|r|away|link|links|visit|click|exit|track)(\/.|$)/i
const LEADING_OUT = /^\/(out|go|goto|redirect|redir|away|exit)(\/.|$)/i

function namesTarget(url: URL, target: Target): boolean {
  return [...url.searchParams.values()].some((value) => {
    const isUrl = /^https?:\/\//i.test(value) && URL.canParse(value)
    return isUrl && matchOf(target, new URL(value)) !== null
  })
}

/** A link that may lead elsewhere by a redirect. */
export type Redirector = {
  link: FoundLink
  url: URL
  /** Whether its query holds an address of the target. */
  namesTarget: boolean
  /** Whether it can hardly be anything else than a redirector. */
  isCertain: boolean
}

/** Links that may lead to the target by a redirect, most promising first. */
export function redirectorsOf(
  { links, baseUrl }: PageFacts,
  target: Target,
  pageUrl: string,
): Redirector[] {
  const pageHost = new URL(pageUrl).host
  const found = new Map<string, Redirector>()
  for (const link of links) {
    const url = resolveHref(link.href, baseUrl)
    if (!url || found.has(url.href)) continue
    const named = namesTarget(url, target)
    const isShort = SHORTENERS.has(url.hostname) && url.pathname.length > 1
    const isOut = url.host === pageHost && REDIRECTING_PATH.test(url.pathname)
    const isCertain = named || isShort || (isOut && LEADING_OUT.test(url.pathname))
    if (isCertain || isOut) found.set(url.href, { link, url, namesTarget: named, isCertain })
  }
  const promise = (one: Redirector): number => Number(one.namesTarget) * 2 + Number(one.isCertain)
  return [...found.values()].toSorted((a, b) => promise(b) - promise(a))
}
