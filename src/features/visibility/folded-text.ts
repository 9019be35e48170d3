/**
 * Text as names are compared in: NFKC, lower case, one kind of quote and dash, and no accents on
 * Latin, Greek and Cyrillic letters, with a way back to where each character came from.
 */
export type FoldedText = {
  text: string
  /** Where the characters from `start` to `end` of the folded text are in the original. */
  original(start: number, end: number): { start: number; end: number }
}

/** More marks than this on one letter are no language (UAX #15, Stream-Safe Text Format). */
const MARKS_MAX = 30
/** Longer compatibility forms, such as a whole Arabic phrase in one character, are kept as they are. */
const FORM_LENGTH_MAX = 8

const ASCII = /^[\0-\x7f]*$/
const MARK = /\p{M}/u
const ACCENTED_SCRIPT = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u
const INVISIBLE =
  /^[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ae\u00a9\u2117\u2120\u2122]/
// Numbers of footnotes, which NFKC would turn into digits of the word before them.
const FOOTNOTE = /^[\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2460-\u24ff\u2776-\u2793]/
const QUOTE = /^[\u00b4\u02b9\u02bc\u2018\u2019\u201b\u2032\uff07]/
const DASH = /^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d\u30fb\u00b7]/

const forms = new Map<string, string>()
const FORMS_MAX = 100_000
/** Those of single characters, by their code. */
const formsByCode = new Array<string | undefined>(0x1_0000)

function formOf(cluster: string): string {
  if (INVISIBLE.test(cluster)) return ''
  if (FOOTNOTE.test(cluster)) return ' '
  if (QUOTE.test(cluster)) return "'"
  if (DASH.test(cluster)) return '-'
  const composed = cluster.normalize('NFKC')
  if (composed.length > FORM_LENGTH_MAX) return cluster
  const lower = composed.toLowerCase()
  if (!ACCENTED_SCRIPT.test(lower)) return lower
  const bare = lower.normalize('NFD').replace(/\p{Mn}/gu, '')
  return bare.replaceAll('ß', 'ss').replaceAll('ς', 'σ')
}

function folded(cluster: string): string {
  const known = forms.get(cluster)
  if (known !== undefined) return known
  const form = formOf(cluster)
  if (forms.size < FORMS_MAX) forms.set(cluster, form)
  return form
}

const [NO_MARK, IS_MARK] = [1, 2]
/** Whether a character is a mark, by its code; 0 where nobody has asked yet. */
const marks = new Uint8Array(0x1_0000)

function isMark(code: number): boolean {
  // Also not a number, beyond the end.
  if (!(code >= 0x300)) return false
  if (marks[code] === 0) marks[code] = MARK.test(String.fromCharCode(code)) ? IS_MARK : NO_MARK
  return marks[code] === IS_MARK
}

/** Folds text of any language. Time grows with its length, whatever is in it. */
export function foldText(original: string): FoldedText {
  if (ASCII.test(original)) {
    return { text: original.toLowerCase(), original: (start, end) => ({ start, end }) }
  }
  const { units, starts } = foldClusters(original)
  return {
    text: new TextDecoder('utf-16le').decode(units),
    original(start, end) {
      const from = starts[start] ?? original.length
      const lastStart = starts[end - 1] ?? from
      let after = end
      while (after < starts.length && starts[after] === lastStart) after++
      return { start: from, end: starts[after] ?? original.length }
    },
  }
}

function foldClusters(original: string): { units: Uint16Array; starts: Uint32Array } {
  let units = new Uint16Array(original.length + 64)
  let starts = new Uint32Array(units.length)
  let length = 0
  const put = (code: number, start: number): void => {
    if (length === units.length) {
      const [moreUnits, moreStarts] = [new Uint16Array(length * 2), new Uint32Array(length * 2)]
      moreUnits.set(units)
      moreStarts.set(starts)
      units = moreUnits
      starts = moreStarts
    }
    units[length] = code
    starts[length++] = start
  }
  for (let at = 0; at < original.length; ) {
    const code = original.charCodeAt(at)
    if (code < 0x80 && !isMark(original.charCodeAt(at + 1))) {
      put(code >= 0x41 && code <= 0x5a ? code + 32 : code, at++)
      continue
    }
    const baseEnd = at + ((original.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
    let end = baseEnd
    while (isMark(original.charCodeAt(end))) end++
    const isSingle = end === at + 1
    const known = isSingle ? formsByCode[code] : undefined
    const form = known ?? folded(original.slice(at, Math.min(end, baseEnd + MARKS_MAX)))
    if (isSingle) formsByCode[code] = form
    for (let nth = 0; nth < form.length; nth++) put(form.charCodeAt(nth), at)
    at = end
  }
  return { units: units.subarray(0, length), starts: starts.subarray(0, length) }
}
