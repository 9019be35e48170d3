import type { BacklinkChecks, CheckResult } from './check-schema'
import { LINK_TYPE_WORDS, REGION_WORDS, VERDICT_WORDS, wordsOf } from './wording'

/** A piece of what is shown: text, as a link where it has an address, or as marked. */
export type Piece = { text: string; href?: string; marked?: true }

/** A page of a check as people are shown it, by the server's markup and by the script alike. */
export type ShownResult = {
  address: Piece
  /** Null while the page is waited for. */
  verdict: { name: string; title: string; meaning: string } | null
  /** Why, in sentences. */
  reasons: string[]
  facts: { term: string; pieces: Piece[] }[]
}

const address = (url: string): Piece =>
  /^https?:\/\//i.test(url) ? { text: url, href: url } : { text: url }

/** A page that has no result yet. */
export const waitingResult = (url: string): ShownResult => ({
  ...{ address: address(url), verdict: null, reasons: [], facts: [] },
})

type Fact = { term: string; pieces: Piece[] } | null

/** Nothing where there is nothing to say. */
const fact = (term: string, ...pieces: (Piece | string | null)[]): Fact => {
  const all = pieces.flatMap((piece) => {
    if (piece === null || piece === '') return []
    return typeof piece === 'string' ? { text: piece } : piece
  })
  return all.length === 0 ? null : { term, pieces: all }
}

function linkFacts(result: CheckResult): Fact[] {
  const { targetUrl, anchorText, contextBefore, contextAfter, targetStatus, region } = result
  if (targetUrl === null) return []
  const words: Piece = anchorText ? { text: anchorText, marked: true } : { text: '(no text)' }
  const rel = result.relAttributes.join(' ')
  const where = region && `${REGION_WORDS[region]}${result.hidden ? ', hidden' : ''}`
  return [
    fact(
      'Leads to',
      address(targetUrl),
      targetStatus === null ? null : `(answers ${targetStatus})`,
    ),
    fact('In its words', contextBefore, words, contextAfter),
    fact('Where', where),
    fact('Marked as', result.linkType && LINK_TYPE_WORDS[result.linkType], rel && `(rel: ${rel})`),
  ]
}

/** A result in words, with its evidence. */
export function shownResult(result: CheckResult): ShownResult {
  const { url, verdict, hasLink, domainFound, canonicalUrl, robotsDirectives } = result
  const isNamed = !hasLink && domainFound
  const facts = [
    ...linkFacts(result),
    result.linkCount > 1 ? fact('Links to the domain', String(result.linkCount)) : null,
    result.redirectChain.length > 0 ? fact('Page moved to', address(result.finalUrl)) : null,
    fact('Status of the page', result.httpStatus === null ? null : String(result.httpStatus)),
    canonicalUrl && canonicalUrl !== url ? fact('Canonical', address(canonicalUrl)) : null,
    fact('Told to robots', robotsDirectives.join(', ')),
  ]
  return {
    address: address(url),
    verdict: { name: verdict, ...VERDICT_WORDS[verdict] },
    reasons: [
      ...(verdict === 'unknown' && hasLink ? ['A link to the domain was seen.'] : []),
      ...result.reasons.map(wordsOf),
      ...(isNamed ? ['The domain is named on the page, but not linked.'] : []),
    ],
    facts: facts.filter((one) => one !== null),
  }
}

/** What came of all pages, in a sentence. */
export function summaryOf({ checked, results }: BacklinkChecks): string {
  const counts = Object.entries(VERDICT_WORDS).flatMap(([verdict, { title }]) => {
    const count = results.filter((result) => result.verdict === verdict).length
    return count === 0 ? [] : [`${count} ${title.toLowerCase()}`]
  })
  return `${checked} page${checked === 1 ? '' : 's'} checked: ${counts.join('; ')}.`
}
