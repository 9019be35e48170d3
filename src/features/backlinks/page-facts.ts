import { refreshTarget } from '../../core/refresh'
import type { MetaRobots } from '../../core/robots-directives'
import {
  attributeOf,
  type HtmlDocument,
  type HtmlElement,
  type HtmlNode,
  isElement,
} from './html-page'

/** Where on its page something stands. */
export const REGIONS = ['nav', 'header', 'footer', 'aside', 'main', 'body'] as const
export type Region = (typeof REGIONS)[number]

export type FoundLink = {
  element: HtmlElement
  /** As written, trimmed. */
  href: string
  region: Region
  /** By its own or an outer `hidden` or inline style; style sheets are not evaluated. */
  hidden: boolean
  /** How many {@link PageFacts.pieces} stand before it; null where the text was cut before. */
  at: number | null
}

/** What a page has that a verdict may rest on. */
export type PageFacts = {
  title: string
  /** The text of the first `<h1>`. */
  heading: string
  lang: string | null
  /** What relative addresses start from. */
  baseUrl: string
  links: FoundLink[]
  /** Links of which there were more than are kept. */
  linksCut: boolean
  robots: (MetaRobots & { inBody: boolean })[]
  canonicals: { href: string; inBody: boolean }[]
  /** Where a refresh of ten seconds or less leads, as written. */
  refresh: string | null
  frames: string[]
  /** All that a reader sees, cut. */
  text: string
  /** The same as it stands, in pieces: one for each text, and a space where a block begins or ends. */
  pieces: readonly string[]
  /** The raw insides of `<noscript>`. */
  noscript: string
  scripts: number
  elements: number
  /** Whether it has the empty root that scripts fill. */
  emptyRoot: boolean
  passwordField: boolean
}

const LINKS_MAX = 20_000
const TEXT_MAX = 200_000
/** Longest address that is read; servers refuse half of it. */
const HREF_MAX = 16_384
const METAS_MAX = 50
const META_MAX = 4_096
const UNSEEN = new Set(['script', 'style', 'noscript', 'template', 'iframe', 'textarea', 'title'])
const ROOT_IDS = /^(root|app|__next|__nuxt|___gatsby|svelte)$/i

/** WHATWG HTML: surrounding spaces go, tabs and line ends go everywhere. */
const tidyHref = (href: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: URLs may be padded with them.
  href.replace(/[\t\n\r]/g, '').replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '')

/** An http(s) address as the page means it; null for what is none. */
export function resolveHref(href: string, baseUrl: string): URL | null {
  if (href.length > HREF_MAX) return null
  const url = URL.parse(tidyHref(href), baseUrl)
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null
}

type Place = { inHead: boolean; region: Region; hidden: boolean; seen: boolean }

const OUTSIDE: Place = { inHead: false, region: 'body', hidden: false, seen: true }

const hides = (element: HtmlElement): boolean =>
  attributeOf(element, 'hidden') !== undefined ||
  /(display\s*:\s*none|visibility\s*:\s*hidden)/i.test(attributeOf(element, 'style') ?? '')

/** Tags that change what is inside of them. */
const PLACES = new Set<string>(['head', ...REGIONS, ...UNSEEN])

/** The place inside of an element; the same as around it for almost all. */
function within(element: HtmlElement, around: Place): Place {
  const { tagName } = element
  const hidden = around.hidden || (element.attrs.length > 0 && hides(element))
  if (hidden === around.hidden && !PLACES.has(tagName)) return around
  return {
    inHead: around.inHead || tagName === 'head',
    region: REGIONS.find((region) => region === tagName) ?? around.region,
    hidden,
    seen: around.seen && !UNSEEN.has(tagName),
  }
}

/** Elements of a line: all others part the words before and in them. */
const INLINE = new Set([
  ...[
    'a',
    'abbr',
    'acronym',
    'b',
    'bdi',
    'bdo',
    'big',
    'cite',
    'code',
    'data',
    'dfn',
    'em',
    'font',
  ],
  ...[
    'i',
    'img',
    'ins',
    'kbd',
    'label',
    'mark',
    'q',
    's',
    'samp',
    'small',
    'span',
    'strong',
    'sub',
  ],
  ...['sup', 'time', 'tt', 'u', 'var', 'wbr'],
])

const GAP: HtmlNode = { nodeName: '#text', parentNode: null, value: ' ' }

/** Puts the children of an element on a stack, the first on top, between gaps if it is a block. */
function stackChildren({ tagName, childNodes }: HtmlElement, stack: HtmlNode[]): void {
  const isBlock = !INLINE.has(tagName)
  if (isBlock) stack.push(GAP)
  for (let index = childNodes.length - 1; index >= 0; index--) {
    const child = childNodes[index]
    if (child) stack.push(child)
  }
  if (isBlock) stack.push(GAP)
}

/** Visits everything but the insides of templates, in the order of the page, without recursion. */
function walk(document: HtmlDocument, visit: (node: HtmlNode, place: Place) => void): void {
  const waiting = document.childNodes.toReversed()
  /** What is around each that waits. */
  const places: Place[] = waiting.map(() => OUTSIDE)
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const around = places.pop() ?? OUTSIDE
    const place = isElement(node) ? within(node, around) : around
    visit(node, place)
    if (isElement(node)) stackChildren(node, waiting)
    while (places.length < waiting.length) places.push(place)
  }
}

/** The raw text within an element, without what only scripts and styles are made of. */
export function textOf(element: HtmlElement, most = 2_000): string {
  const parts: string[] = []
  let length = 0
  const waiting: HtmlNode[] = [element]
  for (let node = waiting.pop(); node && length < most; node = waiting.pop()) {
    if (node.nodeName === '#text' && 'value' in node) {
      parts.push(node.value)
      length += node.value.length
    } else if (isElement(node) && (node === element || !UNSEEN.has(node.tagName))) {
      stackChildren(node, waiting)
    }
  }
  return collapse(parts.join(''))
}

/** How many of the page's {@link PageFacts.pieces} are an element's own. */
export function piecesOf(element: HtmlElement): number {
  let count = 0
  const waiting: HtmlNode[] = [element]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.nodeName === '#text') count++
    else if (isElement(node) && !UNSEEN.has(node.tagName)) {
      stackChildren(node, waiting)
    }
  }
  return count
}

/** One space for any white space, in the composed form. */
export const collapse = (text: string): string => text.replace(/\s+/g, ' ').trim().normalize('NFC')

const hrefOf = (element: HtmlElement): string | undefined =>
  attributeOf(element, 'href') ??
  element.attrs.find(({ name, prefix }) => prefix === 'xlink' && name === 'href')?.value

const isLink = ({ tagName }: HtmlElement): boolean => tagName === 'a' || tagName === 'area'

function hasNoContent(element: HtmlElement): boolean {
  return element.childNodes.every((node) => !isElement(node)) && textOf(element, 50) === ''
}

type Draft = PageFacts & { pieces: string[]; textLength: number; base: string | null }

function noteHead(draft: Draft, element: HtmlElement, { inHead }: Place): void {
  const { tagName } = element
  if (tagName === 'meta') {
    const content = (attributeOf(element, 'content') ?? '').slice(0, META_MAX)
    const name = attributeOf(element, 'name')?.trim().toLowerCase() ?? ''
    const isForBots = name === 'robots' || (name.length < 50 && name.endsWith('bot'))
    if (isForBots && draft.robots.length < METAS_MAX)
      draft.robots.push({ name, content, inBody: !inHead })
    const isRefresh = attributeOf(element, 'http-equiv')?.trim().toLowerCase() === 'refresh'
    if (isRefresh) draft.refresh ??= refreshTarget(content)
  } else if (tagName === 'base') {
    draft.base ??= attributeOf(element, 'href') ?? null
  } else if (tagName === 'link') {
    const rel = (attributeOf(element, 'rel') ?? '').toLowerCase().split(/\s+/)
    const href = attributeOf(element, 'href') ?? ''
    if (rel.includes('canonical') && href.trim() !== '') {
      draft.canonicals.push({ href, inBody: !inHead })
    }
  } else if (tagName === 'title' && inHead) {
    draft.title ||= textOf(element)
  }
}

function noteBody(draft: Draft, element: HtmlElement, place: Place): void {
  const { tagName } = element
  if (isLink(element)) {
    const href = hrefOf(element)
    if (href === undefined || href.length > HREF_MAX || tidyHref(href) === '') return
    draft.linksCut ||= draft.links.length >= LINKS_MAX
    if (draft.links.length < LINKS_MAX) {
      const { region, hidden } = place
      const at = draft.textLength < TEXT_MAX ? draft.pieces.length : null
      draft.links.push({ element, href, region, hidden, at })
    }
  } else if (tagName === 'h1') {
    draft.heading ||= textOf(element)
  } else if (tagName === 'script') {
    draft.scripts++
  } else if (tagName === 'noscript') {
    draft.noscript += rawText(element)
  } else if (tagName === 'iframe' || tagName === 'frame') {
    const source = attributeOf(element, 'src')
    if (source && draft.frames.length < 50) draft.frames.push(source)
  } else if (tagName === 'input') {
    draft.passwordField ||= attributeOf(element, 'type')?.toLowerCase() === 'password'
  } else if (ROOT_IDS.test(attributeOf(element, 'id') ?? '')) {
    draft.emptyRoot ||= hasNoContent(element)
  } else if (tagName === 'html') {
    draft.lang = attributeOf(element, 'lang') ?? null
  }
}

const rawText = (element: HtmlElement): string =>
  element.childNodes.map((node) => ('value' in node ? node.value : '')).join('')

const emptyDraft = (): Draft => ({
  ...{ title: '', heading: '', lang: null, baseUrl: '', links: [], linksCut: false, robots: [] },
  ...{ canonicals: [], refresh: null, frames: [], text: '', noscript: '', scripts: 0, elements: 0 },
  ...{ emptyRoot: false, passwordField: false, pieces: [], textLength: 0, base: null },
})

/** What stands on a page that was read from `finalUrl`. */
export function readPageFacts(document: HtmlDocument, finalUrl: string): PageFacts {
  const draft = emptyDraft()
  walk(document, (node, place) => {
    if (isElement(node)) {
      draft.elements++
      noteHead(draft, node, place)
      noteBody(draft, node, place)
    } else if (node.nodeName === '#text' && 'value' in node && place.seen) {
      if (draft.textLength >= TEXT_MAX) return
      draft.pieces.push(node.value)
      draft.textLength += node.value.length
    }
  })
  const { textLength: _length, base, ...facts } = draft
  const baseUrl = base === null ? null : resolveHref(base, finalUrl)
  return {
    ...facts,
    baseUrl: baseUrl?.href ?? finalUrl,
    text: collapse(draft.pieces.join('').slice(0, TEXT_MAX)),
  }
}
