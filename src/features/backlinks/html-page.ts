import { type DefaultTreeAdapterTypes, Parser } from 'parse5'

export type HtmlDocument = DefaultTreeAdapterTypes.Document
export type HtmlElement = DefaultTreeAdapterTypes.Element
export type HtmlNode = DefaultTreeAdapterTypes.ChildNode

export type ParsedHtml = {
  document: HtmlDocument
  /** False when the page is built to be hard to read, and only its beginning was. */
  complete: boolean
}

const CHUNK_CHARACTERS = 16_384
// Browsers stop at 512 elements within each other; pages that people wrote have a tenth of that.
const DEPTH_MAX = 512
const ATTRIBUTES_MAX = 1_000

/** How many attributes the tag has that is just being read. */
function attributesUnderWay(tokenizer: object): number {
  const token: unknown = Reflect.get(tokenizer, 'currentToken')
  const attributes: unknown = token && typeof token === 'object' ? Reflect.get(token, 'attrs') : []
  return Array.isArray(attributes) ? attributes.length : 0
}

/**
 * Reads a page as browsers do (WHATWG HTML §13), with scripting on. In pieces, each in a turn of
 * its own, so that a large page holds up nobody; stops where the work would grow with the square
 * of the size: elements nested too deep, or a tag without end.
 */
export async function parseHtml(html: string, nextTurn: () => Promise<void>): Promise<ParsedHtml> {
  const parser = new Parser<DefaultTreeAdapterTypes.DefaultTreeAdapterMap>()
  for (let at = 0; at < html.length; at += CHUNK_CHARACTERS) {
    if (at > 0) await nextTurn()
    parser.tokenizer.write(html.slice(at, at + CHUNK_CHARACTERS), false)
    const isHostile =
      parser.openElements.stackTop > DEPTH_MAX ||
      attributesUnderWay(parser.tokenizer) > ATTRIBUTES_MAX
    if (isHostile) return { document: parser.document, complete: false }
  }
  parser.tokenizer.write('', true)
  return { document: parser.document, complete: true }
}

export const attributeOf = (element: HtmlElement, name: string): string | undefined =>
  element.attrs.find((attribute) => attribute.name === name && !attribute.prefix)?.value

export const isElement = (node: HtmlNode): node is HtmlElement => 'tagName' in node
