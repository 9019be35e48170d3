import type { Database } from '../../platform/database'
import { DIMENSIONS, GRAINS, SCOPES } from './rollup'

export type NamedCount = { name: string; count: number }

/** Clicks (human and duplicate) of a link by what is known of its visitors. */
export type LinkBreakdown = {
  byCountry: NamedCount[]
  byDevice: NamedCount[]
  byReferrer: NamedCount[]
}

const UNKNOWN = 'Unknown'
/** A referrer is whatever a visitor claims: the answer stays readable whatever they claim. */
const NAMES_MAX = 1000

/** What is rolled up for a link, and the clicks after its mark. */
export function createBreakdown(db: Database): (linkNo: number) => LinkBreakdown {
  const rolledTo = db.sqlite.query<{ id: number }, [number]>(
    `SELECT max(rolled_id, coalesce((SELECT rolled_id FROM rollup_marks
       WHERE scope = ${SCOPES.link} AND owner_no = ?), 0)) AS id FROM click_progress`,
  )
  const rolled = db.sqlite.query<NamedCount, [number, number, number]>(
    `SELECT coalesce(text, '${UNKNOWN}') AS name, human + duplicate AS count
     FROM click_rollups LEFT JOIN click_terms ON no = term
     WHERE scope = ${SCOPES.link} AND owner_no = ? AND dimension = ? AND grain = ${GRAINS.all}
       AND bucket = 0 AND human + duplicate > 0
     ORDER BY human + duplicate DESC LIMIT ?`,
  )
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
      ...rolled.all(linkNo, DIMENSIONS[dimension], NAMES_MAX),
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
