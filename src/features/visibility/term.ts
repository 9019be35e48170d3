import { HANGUL, type Kind, kindAt, kindBefore, OTHER, SPACELESS, WORD } from './characters'
import { foldText } from './folded-text'

/** A name by which a brand goes, as its owner gave it. */
export type Term = {
  text: string
  /** Counts only in this case, such as "LI" but not "li". */
  caseSensitive?: boolean | undefined
  /** Counts only near one of these words, such as "boards" near "monday". */
  requireContext?: readonly string[] | undefined
}

/** What may stand between two characters of a name. */
const GAP = { none: 0, any: 1, capital: 2, needed: 3 } as const
type Gap = (typeof GAP)[keyof typeof GAP]

type Step = { code: number; gap: Gap; isOptional: boolean }

/** A way in which a name is written. */
export type Pattern = {
  steps: readonly Step[]
  firstKind: Kind
  lastKind: Kind
}

/** Fewer characters are no name in a script without spaces: they are within other words. */
const SPACELESS_LENGTH_MIN = 2

/**
 * The ways in which a name is written: spaces, hyphens and dots between its words may change or be
 * left out, `&` may be `and`, and a capital within a word may begin a word ("DemandIQ", "Demand
 * IQ"). None where the text is no name.
 */
export function patternsOf(text: string): Pattern[] {
  const { text: folded, original } = foldText(text.trim())
  const isUpper = (at: number): boolean => {
    const { start, end } = original(at, at + 1)
    return /^\p{Lu}/u.test(text.trim().slice(start, end))
  }
  const words = folded.split(/(&)|[\s.-]+/).filter((word) => word !== undefined && word !== '')
  const variants = [stepsOf(folded, isUpper)]
  if (words.includes('&') || words.includes('and')) variants.push(swapped(words))
  return variants.flatMap((steps) => {
    const spelt = String.fromCharCode(...steps.map(({ code }) => code))
    const [firstKind, lastKind] = [kindAt(spelt, 0), kindBefore(spelt, spelt.length)]
    const isSpaceless = firstKind === SPACELESS || lastKind === SPACELESS
    const isTooShort = steps.length < (isSpaceless ? SPACELESS_LENGTH_MIN : 1)
    return isTooShort ? [] : [{ steps, firstKind, lastKind }]
  })
}

const SEPARATOR = /[\s.-]/

function stepsOf(folded: string, isUpper: (at: number) => boolean): Step[] {
  const steps: Step[] = []
  let gap: Gap = GAP.none
  for (let at = 0; at < folded.length; at++) {
    const character = folded[at] ?? ''
    // A dot in front belongs to the name, as in ".NET".
    if (SEPARATOR.test(character) && !(steps.length === 0 && character === '.')) {
      gap = steps.length === 0 ? GAP.none : GAP.any
      continue
    }
    if (character === '&' && steps.length > 0) gap = GAP.any
    if (gap === GAP.none && beginsWord(folded, at, isUpper)) gap = GAP.capital
    if (gap === GAP.none && /^\d{2}/.test(folded.slice(at)) && endsInLetters(folded, at)) {
      gap = GAP.any
    }
    steps.push({ code: folded.charCodeAt(at), gap, isOptional: character === "'" })
    gap = character === '&' ? GAP.any : GAP.none
  }
  return steps
}

/** A capital after two small letters or more, with another letter behind it. */
function beginsWord(folded: string, at: number, isUpper: (at: number) => boolean): boolean {
  const isLetter = (place: number): boolean => /^\p{L}$/u.test(folded[place] ?? '')
  if (at < 2 || !isUpper(at) || isUpper(at - 1)) return false
  return isLetter(at - 1) && isLetter(at - 2) && isLetter(at + 1)
}

const endsInLetters = (folded: string, at: number): boolean =>
  /\p{L}{3}$/u.test(folded.slice(Math.max(0, at - 3), at))

/** With `and` for `&` and the other way round. */
function swapped(words: readonly string[]): Step[] {
  return words.flatMap((word, nth) => {
    const other = word === '&' ? 'and' : word === 'and' ? '&' : word
    const wasSign = word === '&' || words[nth - 1] === '&'
    const gap = nth === 0 ? GAP.none : wasSign ? GAP.needed : GAP.any
    return other.split('').map((character, at): Step => {
      const code = character.charCodeAt(0)
      return { code, gap: at === 0 ? gap : GAP.none, isOptional: character === "'" }
    })
  })
}

/** Spaces that stand for one: those of markup around a word included, not a blank line. */
const SPACES_MAX = 4

function gapEnd(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code === 0x2d || code === 0x2e) return at + 1
  let end = at
  let lines = 0
  while (end - at < SPACES_MAX && /\s/.test(text[end] ?? '')) {
    if (text[end] === '\n' && ++lines > 1) break
    end++
  }
  return end
}

/**
 * Where `pattern` ends when it begins at `from`, or -1; a possessive may follow. `isCapital` tells
 * whether the original has a capital at a place.
 */
export function matchAt(
  text: string,
  from: number,
  { steps, lastKind }: Pattern,
  isCapital: (at: number) => boolean,
): number {
  let at = from
  for (const { code, gap, isOptional } of steps) {
    if (gap !== GAP.none) {
      const next = gapEnd(text, at)
      if (gap === GAP.needed && next === at) return -1
      // "Open AI" may be OpenAI; "an open AI model" and "linked in a chain" are words.
      const isSplit = gap === GAP.capital && next > at
      if (isSplit && !(isCapital(from) && isCapital(next))) return -1
      at = next
    }
    if (text.charCodeAt(at) === code) at++
    else if (!isOptional) return -1
  }
  return endsWord(text, at, lastKind) ? at : -1
}

/** Whether a name may begin between a character and what stands before it. */
export function beginsAt(before: Kind, first: Kind): boolean {
  if (before === WORD) return first === SPACELESS
  return before !== HANGUL || first !== HANGUL
}

// After a name in Hangul: particles, and forms of the copula.
const PARTICLE =
  /(?:은|는|이|가|을|를|의|에|와|과|도|로|으로|에서|에게|까지|부터|만|보다|처럼|이나|나|라는|이라는|입니다|이다|인|에는|에서는|이며|이고|란|이란|하고)(?!\p{Script=Hangul})/uy

function endsWord(text: string, at: number, last: Kind): boolean {
  const next = kindAt(text, at)
  if (next === OTHER || next === SPACELESS || last === SPACELESS) return true
  if (next === HANGUL) {
    PARTICLE.lastIndex = at
    return last !== HANGUL || PARTICLE.test(text)
  }
  // The possessive of a plural: "the Acmes' plan".
  return text[at] === 's' && text[at + 1] === "'" && kindAt(text, at + 2) === OTHER
}
