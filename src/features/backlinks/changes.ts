import type { Check } from './checker'

/** A field of the evidence that is not what it was. */
export type Change = { field: string; before: string | null; after: string | null }

const FIELDS = {
  verdict: (check) => check.verdict,
  target: (check) => check.links[0]?.url ?? null,
  rel: (check) => check.links[0]?.rel.toSorted().join(' ') ?? null,
  anchor: (check) => check.links[0]?.anchor ?? null,
  region: (check) => check.links[0]?.region ?? null,
  canonical: (check) => check.canonical.url,
  robots: (check) => check.directives.applied.toSorted().join(', '),
  status: (check) => (check.status === null ? null : String(check.status)),
  final_url: (check) => check.finalUrl,
  redirects: (check) => check.chain.map(({ url, kind }) => `${kind} ${url}`).join(' | '),
  indexable: (check) => String(check.indexable),
} satisfies Record<string, (check: Check) => string | null>

/** What is compared of a link from check to check. */
export type Facts = Record<keyof typeof FIELDS, string | null>

const NAMES = Object.keys(FIELDS) as (keyof Facts)[]

/** What a check says of a link; null unless it saw one. */
export function factsOf(check: Check): Facts | null {
  if (check.present !== true) return null
  return Object.fromEntries(NAMES.map((name) => [name, FIELDS[name](check)])) as Facts
}

/** What changed between two times that a link was seen. */
export function changesBetween(before: Facts, after: Facts): Change[] {
  return NAMES.flatMap((field) => {
    const [was = null, is] = [before[field], after[field]]
    return was === is ? [] : [{ field, before: was, after: is }]
  })
}
