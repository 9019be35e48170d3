/**
 * One entry of a file as it stands there: values by their names in {@link nameKey}'s form, or what
 * is wrong with it. `line` is where it ends in CSV, and its place from 1 in other formats.
 */
export type SourceRecord =
  | {
      line: number
      values: ReadonlyMap<string, unknown>
      /** Names that the file has more than once, so that nobody knows which is meant. */
      twice: ReadonlySet<string>
      problem?: undefined
    }
  | { line: number; problem: string }

/** One spelling of `Long URL`, `long_url` and `longUrl`. */
export const nameKey = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

const NOTHING_TWICE: ReadonlySet<string> = new Set()

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** An object as a record; members of its objects go by both names: `meta.maxVisits`. */
export function recordOfObject(object: unknown, line: number): SourceRecord {
  if (!isObject(object)) return { line, problem: 'The entry is not an object.' }
  const values = new Map<string, unknown>()
  for (const [name, value] of Object.entries(object)) {
    values.set(nameKey(name), value)
    if (!isObject(value)) continue
    for (const [inner, member] of Object.entries(value)) values.set(nameKey(name + inner), member)
  }
  return { line, values, twice: NOTHING_TWICE }
}

/** Where answers of APIs keep their lists. */
const LISTS = ['links', 'data', 'shortUrls', 'urls'] as const

/** The entries of what may be a page of an API's answer, or an entry itself. */
export function entriesIn(value: unknown): unknown[] {
  if (!isObject(value)) return [value]
  for (const name of LISTS) {
    const list = value[name]
    if (Array.isArray(list)) return list
    if (name === 'shortUrls' && isObject(list)) return entriesIn(list)
    if (name === 'links' && isObject(list)) return Object.values(list)
  }
  return [value]
}
