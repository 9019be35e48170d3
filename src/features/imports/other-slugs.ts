/** Longest slug, less the number that is put behind it. */
const STEM_LENGTH_MAX = 60
const NUMBERS = [2, 3, 4, 5, 6, 7, 8, 9]

/**
 * Slugs for one that is taken or that is none here, the likest first; undefined, at the end, asks
 * for a random one. `été.html` becomes `ete-html`, then `ete-html-2`.
 */
export function* otherSlugs(
  slug: string,
  isGood: (slug: string) => boolean,
): Generator<string | undefined> {
  const stem = slug
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, STEM_LENGTH_MAX)
  const numbered = stem === '' ? [] : NUMBERS.map((number) => `${stem}-${number}`)
  for (const other of [stem, ...numbered]) if (other !== slug && isGood(other)) yield other
  yield undefined
}
