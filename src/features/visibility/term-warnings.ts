import { kindAt, SPACELESS } from './characters'
import { foldText } from './folded-text'
import { ORDINARY_WORDS } from './ordinary-words'
import { patternsOf, type Term } from './term'

/** Why a name may be found where the brand is not meant. */
export type TermWarning = {
  term: string
  code: 'not_a_name' | 'too_short' | 'ordinary_word' | 'within_other_brand' | 'same_as_other_brand'
  message: string
}

/** A name of fewer characters is often an abbreviation of something else. */
const LENGTH_MIN = 3

const fold = (text: string): string => foldText(text).text.trim()
const wordsOf = (text: string): string[] =>
  fold(text)
    .split(/[\s.&-]+/)
    .filter(Boolean)

/**
 * What is ambiguous about the names of a brand, beside those of others that are tracked. Nothing
 * is refused: an owner may know better, or ask for a case or for a word nearby.
 */
export function warningsOf(
  terms: readonly Term[],
  others: readonly { name: string; terms: readonly Term[] }[],
): TermWarning[] {
  return terms.flatMap((term) => [...warningsOfForm(term), ...warningsBeside(term, others)])
}

function warningsOfForm({ text, caseSensitive, requireContext }: Term): TermWarning[] {
  const quoted = `"${text}"`
  if (patternsOf(text).length === 0) {
    const message = `${quoted} cannot be told from parts of other words, and is never counted.`
    return [{ term: text, code: 'not_a_name', message }]
  }
  if (requireContext?.length) return []
  const folded = fold(text)
  const isSpaceless = kindAt(folded, 0) === SPACELESS
  if (!isSpaceless && folded.replace(/[^\p{L}\p{N}]/gu, '').length < LENGTH_MIN && !caseSensitive) {
    const message = `${quoted} has fewer than ${LENGTH_MIN} letters: ask for its case, or for a word nearby.`
    return [{ term: text, code: 'too_short', message }]
  }
  if (ORDINARY_WORDS.has(folded) && !caseSensitive) {
    const message = `${quoted} is an ordinary word: ask for its case, or for a word nearby.`
    return [{ term: text, code: 'ordinary_word', message }]
  }
  return []
}

function warningsBeside(
  { text }: Term,
  others: readonly { name: string; terms: readonly Term[] }[],
): TermWarning[] {
  const own = wordsOf(text)
  return others.flatMap(({ name, terms }): TermWarning[] =>
    terms.flatMap((other): TermWarning[] => {
      const theirs = wordsOf(other.text)
      if (theirs.join('') === own.join('')) {
        const message = `"${text}" is also a name of ${name}: answers with it count for one of the two.`
        return [{ term: text, code: 'same_as_other_brand', message }]
      }
      const isWithin = theirs.some((_, at) => own.every((word, nth) => theirs[at + nth] === word))
      if (!isWithin) return []
      const message = `"${text}" is part of "${other.text}", a name of ${name}, which counts where both fit.`
      return [{ term: text, code: 'within_other_brand', message }]
    }),
  )
}
