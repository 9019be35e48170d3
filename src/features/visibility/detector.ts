import { absentNames } from './absence'
import type { Range } from './addresses'
import { kindBefore, SPACELESS } from './characters'
import { echoedNames } from './echo'
import { type Prose, proseOf } from './prose'
import { beginsAt, matchAt, type Pattern, patternsOf, type Term } from './term'

/** Changes with every change of what is found: answers keep the version that read them. */
export const DETECTOR_VERSION = 'det-1'

/** A brand that is looked for, one's own or a competitor's. */
export type Brand = {
  id: string
  terms: readonly Term[]
  /** Names that contain one of the terms and mean somebody else: "Apple Bank". */
  negatives: readonly string[]
  domains: readonly string[]
}

/**
 * `named` counts. `absence` says that the brand was not found, `echo` repeats the question: they
 * are kept as evidence and do not count.
 */
export type SpanKind = 'named' | 'absence' | 'echo'

/** A name in an answer: places are UTF-16 units of the answer as it came. */
export type Span = {
  brand: string
  term: string
  start: number
  end: number
  kind: SpanKind
  /** Found within a script without spaces, where edges of words cannot be seen. */
  cjk: boolean
}

/** An address of a brand that readers see; not a name. */
export type DomainMention = { brand: string; domain: string; start: number; end: number }

export type Detection = { version: string; spans: Span[]; domains: DomainMention[] }

type Candidate = { brand: string; term: Term; pattern: Pattern; isNegative: boolean }
type Found = Range & Candidate

/** A word that a term needs stands so near, in characters. */
const CONTEXT_REACH = 160

export type Detector = ReturnType<typeof createDetector>

/**
 * Looks for brands in answers, by rules alone: a name is its owner's word for the brand and never
 * guessed from a domain. Of names that overlap the longest counts; where two brands go by one name
 * the one given first has it.
 */
export function createDetector(brands: readonly Brand[]) {
  const index = indexOf(
    brands.flatMap(({ id, terms, negatives }) => [
      ...negatives.flatMap((text) => candidatesOf(id, { text }, true)),
      ...terms.flatMap((term) => candidatesOf(id, term, false)),
    ]),
  )
  const hosts = brands.flatMap(({ id, domains }) =>
    domains.map((domain) => ({ brand: id, domain: asciiHost(domain) })),
  )

  return {
    /** Names and addresses of the brands in `answer`, which was given to `prompt`. */
    detect(answer: string, prompt: string): Detection {
      const prose = proseOf(answer)
      const found = namesIn(prose, answer, index)
      const absent = absentNames(prose.text, found)
      const echoed = echoesIn(prose, found, prompt, index)
      const spans = found.map((name): Span => {
        const kind = absent.has(name) ? 'absence' : echoed.has(name) ? 'echo' : 'named'
        const cjk = name.pattern.firstKind === SPACELESS || name.pattern.lastKind === SPACELESS
        const place = prose.original(name.start, name.end)
        return { brand: name.brand, term: name.term.text, ...place, kind, cjk }
      })
      return { version: DETECTOR_VERSION, spans, domains: domainsIn(prose, answer, hosts) }
    },
  }
}

const candidatesOf = (brand: string, term: Term, isNegative: boolean): Candidate[] =>
  patternsOf(term.text).map((pattern) => ({ brand, term, pattern, isNegative }))

/** Candidates by their first character. */
type Index = ReadonlyMap<number, readonly Candidate[]>

function indexOf(candidates: readonly Candidate[]): Index {
  const index = new Map<number, Candidate[]>()
  for (const candidate of candidates) {
    const code = candidate.pattern.steps[0]?.code
    if (code === undefined) continue
    index.set(code, [...(index.get(code) ?? []), candidate])
  }
  return index
}

/** Every name in the text, those of other brands and negative ones competing for its place. */
function namesIn(prose: Prose, answer: string, index: Index): Found[] {
  const all = matchesIn(prose, answer, index)
  const lengthOf = ({ start, end }: Range): number => end - start
  all.sort((a, b) => lengthOf(b) - lengthOf(a) || Number(b.isNegative) - Number(a.isNegative))
  const taken = new Uint8Array(prose.text.length)
  const kept = all.filter(({ start, end }) => {
    // Longer ones came first: none of them can lie between the two ends.
    if (taken[start] || taken[end - 1]) return false
    taken.fill(1, start, end)
    return true
  })
  const names = kept.filter(({ isNegative }) => !isNegative).sort((a, b) => a.start - b.start)
  return inContext(prose.text, names)
}

function matchesIn({ text, hosts, original }: Prose, answer: string, index: Index): Found[] {
  const isCapital = (at: number): boolean => {
    const { start, end } = original(at, at + 1)
    return /^\p{Lu}/u.test(answer.slice(start, end))
  }
  const found: Found[] = []
  let host = 0
  for (let start = 0; start < text.length; start++) {
    const candidates = index.get(text.charCodeAt(start))
    if (!candidates) continue
    const before = kindBefore(text, start)
    for (const candidate of candidates) {
      if (!beginsAt(before, candidate.pattern.firstKind)) continue
      const end = matchAt(text, start, candidate.pattern, isCapital)
      if (end < 0) continue
      while ((hosts[host]?.end ?? Number.POSITIVE_INFINITY) <= start) host++
      const around = hosts[host]
      // Part of an address is no name, but an address may be one: "Booking.com".
      if (around && around.start < end && (around.start < start || around.end > end)) continue
      const place = original(start, end)
      const isCased = !candidate.term.caseSensitive
      if (isCased || sameCase(answer.slice(place.start, place.end), candidate.term.text)) {
        found.push({ ...candidate, start, end })
      }
    }
  }
  return found
}

function sameCase(found: string, wanted: string): boolean {
  const letters = (text: string): string => text.normalize('NFKC').replace(/[^\p{L}\p{N}]/gu, '')
  return letters(found) === letters(wanted)
}

/** Without the names that need a word nearby which is not there. */
function inContext(text: string, names: readonly Found[]): Found[] {
  const placesOf = new Map<Term, number[]>()
  return names.filter(({ term, start, end }) => {
    if (!term.requireContext?.length) return true
    const places = placesOf.get(term) ?? contextIn(text, term.requireContext)
    placesOf.set(term, places)
    const nearest = firstFrom(places, start - CONTEXT_REACH)
    return nearest !== undefined && nearest <= end + CONTEXT_REACH
  })
}

function contextIn(text: string, words: readonly string[]): number[] {
  const index = indexOf(words.flatMap((word) => candidatesOf('', { text: word }, false)))
  const prose: Prose = {
    text,
    hosts: [],
    addresses: [],
    original: (start, end) => ({ start, end }),
  }
  return matchesIn(prose, text, index).map(({ start }) => start)
}

/** The first of sorted numbers that is not below `least`. */
function firstFrom(sorted: readonly number[], least: number): number | undefined {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < least) low = middle + 1
    else high = middle
  }
  return sorted[low]
}

function echoesIn(
  answer: Prose,
  names: readonly Found[],
  prompt: string,
  index: Index,
): Set<Range> {
  const asked = proseOf(prompt)
  const askedOf = Map.groupBy(namesIn(asked, prompt, index), ({ brand }) => brand)
  const repeated = names.filter(({ brand }) => askedOf.has(brand))
  if (repeated.length === 0) return new Set()
  const texts = { answer: answer.text, prompt: asked.text }
  return echoedNames(texts, repeated, ({ brand }) => askedOf.get(brand) ?? [])
}

/** As the URL standard writes a host, so that `münchen.de` is `xn--mnchen-3ya.de`. */
export function asciiHost(host: string): string {
  if (/^[a-z0-9.-]+$/.test(host)) return host
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname : host.toLowerCase()
}

type BrandHost = { brand: string; domain: string }

function domainsIn(prose: Prose, answer: string, hosts: readonly BrandHost[]): DomainMention[] {
  if (hosts.length === 0) return []
  return prose.addresses.flatMap((address) => {
    const { start, end } = prose.original(address.host.start, address.host.end)
    const seen = asciiHost(answer.slice(start, end))
    return hosts
      .filter(({ domain }) => seen === domain || seen.endsWith(`.${domain}`))
      .map(({ brand }) => ({ brand, domain: seen, start, end }))
  })
}
