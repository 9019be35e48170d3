import { type Address, type BareHost, bareHosts, fullAddresses, type Range } from './addresses'
import { kindAt, kindBefore, WORD } from './characters'
import { type FoldedText, foldText } from './folded-text'

/** What people read of an answer, folded; as long as the folded text, with blanks in the gaps. */
export type Prose = Pick<FoldedText, 'original'> & {
  text: string
  /** Host names that stand in the text: a name within one is not a name, but the whole may be. */
  hosts: BareHost[]
  /** All addresses that a reader sees, those blanked included, in the order of the text. */
  addresses: Address[]
}

/** Longest target of a Markdown link. */
const TARGET_MAX = 2048

/** Prepares an answer for looking for names. Time grows with its length, whatever is in it. */
export function proseOf(answer: string): Prose {
  const { text: folded, original } = foldText(answer)
  const withoutFences = blank(folded, fences(folded))
  const withoutLinks = blank(withoutFences, linkParts(withoutFences))
  const full = fullAddresses(withoutLinks)
  const marked = blank(withoutLinks, full)
  const text = marked.replace(CITATIONS, blanks).replaceAll('*', ' ').replace(/_+/g, emphasis)
  const found = bareHosts(text, ({ start, end }) => {
    const place = original(start, end)
    const word = answer.slice(place.start, place.end)
    return /^\p{Lu}\p{Ll}+$/u.test(word)
  })
  const inText = found.filter(({ isEmail, hasPath }) => !isEmail && !hasPath)
  const elsewhere = found.filter(({ isEmail, hasPath }) => isEmail || hasPath)
  const seen = [...full, ...found.filter(({ isEmail }) => !isEmail)]
  return {
    ...{ text: blank(text, elsewhere), original, hosts: inText },
    addresses: seen.sort((a, b) => a.start - b.start),
  }
}

// `[1]`, `[2, 3]`, `[^4]`, `【4:0†source】` and the private characters that some engines leave.
const CITATIONS =
  /\[\^?\d{1,3}(?:\s?[,-]\s?\d{1,3}){0,20}\]|【[^【】\n]{0,80}†[^【】\n]{0,80}】|【[\d:]{1,12}】|\ue200[^\ue201\n]{0,200}\ue201/g

const blanks = (text: string): string => ' '.repeat(text.length)

/** Underscores at the edge of a word are emphasis; within one they belong to it. */
function emphasis(run: string, at: number, text: string): string {
  const isWithin = kindBefore(text, at) === WORD && kindAt(text, at + run.length) === WORD
  return isWithin ? run : blanks(run)
}

/** `text` with blanks at `ranges`, which come in order and may overlap. */
function blank(text: string, ranges: readonly Range[]): string {
  if (ranges.length === 0) return text
  const parts: string[] = []
  let at = 0
  for (const { start, end } of ranges) {
    if (end <= at) continue
    const from = Math.max(start, at)
    parts.push(text.slice(at, from), ' '.repeat(end - from))
    at = end
  }
  parts.push(text.slice(at))
  return parts.join('')
}

/** Fenced code (CommonMark 4.5); a fence that nobody closes reaches to the end. */
function fences(text: string): Range[] {
  const ranges: Range[] = []
  let open: { start: number; mark: string } | undefined
  for (const { 0: line, 1: mark = '', index } of text.matchAll(/^ {0,3}(`{3,}|~{3,})[^\n]*$/gm)) {
    if (!open) {
      open = { start: index, mark }
    } else if (mark.startsWith(open.mark) && line.trim() === mark) {
      ranges.push({ start: open.start, end: index + line.length })
      open = undefined
    }
  }
  if (open) ranges.push({ start: open.start, end: text.length })
  return ranges
}

/** The parts of Markdown links that nobody reads: brackets and target, not the label. */
function linkParts(text: string): Range[] {
  const ranges: Range[] = []
  const open: number[] = []
  const [closing, nesting, newLine] = [nextOf(text, ')'), nextOf(text, '('), nextOf(text, '\n')]
  const brackets = /\[|\](\()?/g
  for (let found = brackets.exec(text); found; found = brackets.exec(text)) {
    if (found[0] === '[') {
      open.push(found.index)
      continue
    }
    const label = open.pop()
    if (label === undefined || found[1] === undefined) continue
    const from = found.index + 2
    let end = closing(from)
    if (nesting(from) < end) end = closing(end + 1)
    if (end > from + TARGET_MAX || newLine(from) < end) continue
    ranges.push({ start: label, end: label + 1 }, { start: found.index, end: end + 1 })
    brackets.lastIndex = end + 1
  }
  // Of nested labels the outer bracket comes first in the text, but is known last.
  return ranges.sort((a, b) => a.start - b.start)
}

/** Where `character` comes next at or after a place; asked with growing places it reads once. */
function nextOf(text: string, character: string): (from: number) => number {
  let at = -1
  return (from) => {
    if (at < from) {
      const next = text.indexOf(character, from)
      at = next < 0 ? Number.POSITIVE_INFINITY : next
    }
    return at
  }
}
