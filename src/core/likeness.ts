/** Words in a row that are compared as one. */
const SHINGLE_WORDS = 4
const SHINGLES_MAX = 2_000
/** From here on two texts are taken for the same answer. */
const LIKENESS_LEAST = 0.9

/** A text as the set of its runs of four words, each as a number; sorted, each once. */
export function shinglesOf(text: string): number[] {
  const words = text.toLowerCase().split(/\s+/).slice(0, SHINGLES_MAX)
  const found = new Set<number>()
  for (let at = 0; at <= Math.max(0, words.length - SHINGLE_WORDS); at++) {
    found.add(
      Number(BigInt.asUintN(32, BigInt(Bun.hash(words.slice(at, at + SHINGLE_WORDS).join(' '))))),
    )
  }
  return [...found].toSorted((a, b) => a - b)
}

/** Whether two texts are at least nine tenths the same (Jaccard's index of their shingles). */
export function isAlike(a: readonly number[], b: readonly number[]): boolean {
  const of = new Set(a)
  const shared = b.filter((shingle) => of.has(shingle)).length
  const all = a.length + b.length - shared
  return all > 0 && shared / all >= LIKENESS_LEAST
}
