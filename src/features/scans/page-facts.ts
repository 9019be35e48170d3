import { createPageReader } from './page-reader'

export type PageLink = { url: string; nofollow: boolean }
export type PageImage = { url: string; hasAlt: boolean; hasSize: boolean }

/** What one HTML page says of itself. */
export type PageFacts = {
  titles: string[]
  descriptions: string[]
  h1: string[]
  lang: string | null
  /** Absolute, of the head and of `Link` headers, each once. */
  canonicals: string[]
  /** Directives of robots that hold for Google, lower case, each once. */
  robots: string[]
  /** Links of `<a>` and `<area>`, each address once, in the order of the page. */
  links: PageLink[]
  /** The next page of a series, by the head; absolute. */
  next: string | null
  hreflang: { lang: string; url: string }[]
  images: PageImage[]
  /** Scripts, styles, frames and images that a page of https fetches over http. */
  insecure: string[]
  /** `@type` of the JSON-LD, each once. */
  types: string[]
  /** Of the first hundred thousand characters. */
  words: number
  /** Almost no text, scripts and an empty place for them to fill. */
  isShell: boolean
  /** Where a refresh of ten seconds or less leads; absolute. */
  refresh: string | null
}

export type PageHeaders = readonly (readonly [name: string, value: string])[]

/** What is read in one turn of the event loop. */
const PIECE_CHARACTERS = 16_384

/** What a page says of itself, and its visible text, for comparisons. */
export type PageRead = { facts: PageFacts; text: string }

/** Reads a page that was found at `url`, in one go. */
export function readPage(html: string, url: string, headers: PageHeaders): PageRead {
  const page = createPageReader(url)
  const rewriter = new HTMLRewriter()
  page.listen(rewriter)
  rewriter.transform(html)
  return page.facts(headers)
}

/** As {@link readPage}, a piece in each turn, so that a large page holds up nobody. */
export async function readPageInTurns(
  html: string,
  url: string,
  headers: PageHeaders,
  nextTurn: () => Promise<void>,
): Promise<PageRead> {
  if (html.length <= PIECE_CHARACTERS) return readPage(html, url, headers)
  const page = createPageReader(url)
  const rewriter = new HTMLRewriter()
  page.listen(rewriter)
  const encoder = new TextEncoder()
  let at = 0
  const pieces = new ReadableStream({
    async pull(controller) {
      await nextTurn()
      if (at >= html.length) return controller.close()
      controller.enqueue(encoder.encode(html.slice(at, at + PIECE_CHARACTERS)))
      at += PIECE_CHARACTERS
    },
  })
  await rewriter.transform(new Response(pieces)).arrayBuffer()
  await page.resolveAll(nextTurn)
  return page.facts(headers)
}
