import type { KeptAnswer } from './answer'
import { asciiHost, type Detection } from './detector'
import { OWN_BRAND, type RunBrands } from './panel'

/** What an answer says of the brand: each kept by itself, none of them is the score. */
export type Signals = {
  mentioned: boolean
  occurrences: number
  /** 1 + how many other tracked brands are named before it; null when it is not named. */
  position: number | null
  /** Its number in an ordered list; null when it is first named elsewhere. */
  listIndex: number | null
  /** Whether an own page is among the cited sources; null where the engine does not tell them. */
  cited: boolean | null
  /** Whether an own page was found, yet not cited; null where the engine does not tell. */
  retrieved: boolean | null
  domainMentioned: boolean
  /** Ids of the competitors that it names, in the order in which they come. */
  rivals: string[]
}

export function signalsOf(
  { text, cited, retrieved }: Pick<KeptAnswer, 'text' | 'cited' | 'retrieved'>,
  { spans, domains }: Detection,
  { own }: RunBrands,
): Signals {
  const named = spans.filter(({ kind }) => kind === 'named')
  const order = [...new Set(named.map(({ brand }) => brand))]
  const [first] = named.filter(({ brand }) => brand === OWN_BRAND)
  const hosts = own.domains.map(asciiHost)
  const isOwn = ({ host }: { host: string | null }): boolean =>
    host !== null && hosts.some((mine) => isWithin(host, mine))
  const isCited = cited?.some(isOwn) ?? null
  return {
    mentioned: first !== undefined,
    occurrences: named.filter(({ brand }) => brand === OWN_BRAND).length,
    position: first ? order.indexOf(OWN_BRAND) + 1 : null,
    listIndex: first ? listIndexAt(text, first.start) : null,
    cited: isCited,
    retrieved: retrieved ? retrieved.some(isOwn) && !isCited : null,
    domainMentioned: domains.some(({ brand }) => brand === OWN_BRAND),
    rivals: order.filter((brand) => brand !== OWN_BRAND),
  }
}

/** A host with or without `www.`, or one below it. */
function isWithin(host: string, mine: string): boolean {
  const bare = mine.replace(/^www\./, '')
  return host === bare || host.endsWith(`.${bare}`)
}

function listIndexAt(text: string, place: number): number | null {
  const line = text.slice(text.lastIndexOf('\n', place - 1) + 1, place)
  const number = /^\s{0,8}(?:[*_#]{0,4}\s?)?(\d{1,3})[.)]\s/.exec(line)?.[1]
  return number === undefined ? null : Number(number)
}
