/** What a character is to the edges of words. */
export const OTHER = 0
/** Letters, digits, marks and the underscore of scripts that put spaces between words. */
export const WORD = 1
/** Scripts written without spaces: an edge of a word cannot be seen in them. */
export const SPACELESS = 2
/** Written with spaces, but particles follow a word directly. */
export const HANGUL = 3

export type Kind = typeof OTHER | typeof WORD | typeof SPACELESS | typeof HANGUL

const IS_SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc]/u
const IS_HANGUL = /\p{Script=Hangul}/u
const IS_WORD = /[\p{L}\p{N}\p{M}_]/u

function classify(character: string): Kind {
  if (IS_SPACELESS.test(character)) return SPACELESS
  if (IS_HANGUL.test(character)) return HANGUL
  return IS_WORD.test(character) ? WORD : OTHER
}

const UNKNOWN = 255
const kinds = new Uint8Array(0x1_0000).fill(UNKNOWN)

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

/** The kind of a UTF-16 unit that is a character by itself. */
export function kindOf(code: number): Kind {
  const known = kinds[code] ?? UNKNOWN
  if (known !== UNKNOWN) return known as Kind
  const kind = classify(String.fromCharCode(code))
  kinds[code] = kind
  return kind
}

/** The kind of the character that begins at `at`; nothing is there beyond the end. */
export function kindAt(text: string, at: number): Kind {
  const code = text.charCodeAt(at)
  if (Number.isNaN(code)) return OTHER
  return isHigh(code) ? classify(String.fromCodePoint(text.codePointAt(at) ?? 0)) : kindOf(code)
}

/** The kind of the character that ends at `at`. */
export function kindBefore(text: string, at: number): Kind {
  const code = text.charCodeAt(at - 1)
  if (Number.isNaN(code)) return OTHER
  return isLow(code) ? kindAt(text, at - 2) : kindOf(code)
}
