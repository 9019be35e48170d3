import type { Range } from './addresses'
import { type Kind, kindAt, OTHER, SPACELESS } from './characters'

/** A restated question shares so many words with it in a row, and half of all it has. */
const WORDS_MIN = 4
const WORDS_ENOUGH = 30
const SHARE_MIN = 0.5
/** Shorter questions have nothing to restate but the name. */
const PROMPT_WORDS_MIN = 3
/** Places of a name in a question that are compared with. */
const PLACES_MAX = 8

/** Words as far as they can be told apart: in scripts without spaces, characters. */
type Words = { text: string; starts: readonly number[]; ends: readonly number[] }

function wordsOf(text: string): Words {
  const [starts, ends]: [number[], number[]] = [[], []]
  let last: Kind = OTHER
  for (let at = 0; at < text.length; at++) {
    const kind = kindAt(text, at)
    if (kind !== last || kind === SPACELESS) {
      if (last !== OTHER) ends.push(at)
      if (kind !== OTHER) starts.push(at)
    }
    last = kind
  }
  if (last !== OTHER) ends.push(text.length)
  return { text, starts, ends }
}

/** The first word that ends after `place`. */
function wordAt({ ends }: Words, place: number): number {
  let [low, high] = [0, ends.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) <= place) low = middle + 1
    else high = middle
  }
  return low
}

const wordOf = ({ text, starts, ends }: Words, nth: number): string | undefined =>
  starts[nth] === undefined ? undefined : text.slice(starts[nth], ends[nth])

/** How many words two texts share in a row from two places on, up to `most`. */
function shared(
  mine: Words,
  theirs: Words,
  [at, place]: readonly [number, number],
  { step, most }: { step: 1 | -1; most: number },
): number {
  let count = 0
  while (count < most) {
    const word = wordOf(mine, at + step * count)
    if (word === undefined || word !== wordOf(theirs, place + step * count)) break
    count++
  }
  return count
}

/**
 * The names of an answer that only repeat the question, "The best alternatives to X are …": they
 * stand in as many of its words, in its order. `askedOf` tells where the question has the brand.
 */
export function echoedNames<Name extends Range>(
  { answer, prompt }: { answer: string; prompt: string },
  names: readonly Name[],
  askedOf: (name: Name) => readonly Range[],
): Set<Range> {
  const theirs = wordsOf(prompt)
  const count = theirs.starts.length
  if (count < PROMPT_WORDS_MIN) return new Set()
  const half = Math.min(Math.ceil(count * SHARE_MIN), WORDS_ENOUGH)
  const most = Math.max(Math.min(WORDS_MIN, count), half)
  const mine = wordsOf(answer)
  const isRestated = (name: Name): boolean => {
    const [first, last] = [wordAt(mine, name.start), wordAt(mine, name.end - 1)]
    return askedOf(name)
      .slice(0, PLACES_MAX)
      .some(({ start, end }) => {
        const [from, to] = [wordAt(theirs, start), wordAt(theirs, end - 1)]
        const before = shared(mine, theirs, [first - 1, from - 1], { step: -1, most })
        const behind = shared(mine, theirs, [last + 1, to + 1], { step: 1, most })
        return before + (to - from + 1) + behind >= most
      })
  }
  return new Set(names.filter(isRestated))
}
