import type { Database } from '../../platform/database'
import { DIMENSIONS, GRAINS, SCOPES } from './dimension'
import { type Counts, figuresOf } from './panel-counts'
import { addPage } from './rollup-page'
import type { Verdict } from './verdict'

export type NamedCount = { name: string; count: number }

/** Clicks (human and duplicate) of a link by what is known of its visitors. */
export type LinkBreakdown = {
  byCountry: NamedCount[]
  byDevice: NamedCount[]
  byReferrer: NamedCount[]
}

const UNKNOWN = 'Unknown'
const COUNTED: readonly Verdict[] = ['human', 'duplicate']
/** A referrer is whatever a visitor claims: the answer stays readable whatever they claim. */
const NAMES_MAX = 1000

/** What is rolled up for a link, and the clicks after its mark. */
export function createBreakdown(db: Database): (linkNo: number) => LinkBreakdown {
  const rolledTo = db.sqlite.query<{ id: number }, [number]>(
    `SELECT max(rolled_id, coalesce((SELECT rolled_id FROM rollup_marks
       WHERE scope = ${SCOPES.link} AND owner_no = ?), 0)) AS id FROM click_progress`,
  )
  const pages = db.sqlite.query<{ page: number; cells: Uint8Array }, [number, number]>(
    `SELECT page, cells FROM rollup_pages
     WHERE scope = ${SCOPES.link} AND owner_no = ? AND dimension = ? AND grain = ${GRAINS.all}
       AND bucket = 0`,
  )
  const texts = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE no IN (SELECT value FROM json_each(?))',
  )

  /** The largest of what is rolled up. */
  function rolled(linkNo: number, dimension: number): NamedCount[] {
    const sums = new Map<number, Counts>()
    for (const { page, cells } of pages.all(linkNo, dimension)) addPage(sums, cells, page)
    const largest = [...sums]
      .map(([no, counts]) => ({ no, count: figuresOf(counts, COUNTED).clicks }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count)
      .slice(0, NAMES_MAX)
    const known = texts.all(JSON.stringify(largest.map(({ no }) => no)))
    const names = new Map(known.map(({ no, text }) => [no, text]))
    return largest.map(({ no, count }) => ({ name: names.get(no) ?? UNKNOWN, count }))
  }

  const tailBy = (column: 'country' | 'device' | 'referrer') =>
    db.sqlite.query<NamedCount, [number, number]>(
      `SELECT coalesce(text, '${UNKNOWN}') AS name, count(*) AS count
       FROM clicks LEFT JOIN click_terms ON no = ${column}
       WHERE link_no = ? AND clicks.id > ? AND verdict <= 1 GROUP BY ${column}`,
    )
  const tails = {
    country: tailBy('country'),
    device: tailBy('device'),
    referrer: tailBy('referrer'),
  }

  function counts(linkNo: number, mark: number, dimension: keyof typeof tails): NamedCount[] {
    const sums = new Map<string, number>()
    for (const { name, count } of [
      ...rolled(linkNo, DIMENSIONS[dimension]),
      ...tails[dimension].all(linkNo, mark),
    ]) {
      sums.set(name, (sums.get(name) ?? 0) + count)
    }
    return [...sums]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
      .slice(0, NAMES_MAX)
  }

  return (linkNo) => {
    // One snapshot: the Worker may roll up between two statements.
    return db.sqlite.transaction(() => {
      const mark = rolledTo.get(linkNo)?.id ?? 0
      return {
        byCountry: counts(linkNo, mark, 'country'),
        byDevice: counts(linkNo, mark, 'device'),
        byReferrer: counts(linkNo, mark, 'referrer'),
      }
    })()
  }
}
