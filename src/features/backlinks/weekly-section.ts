import { and, count, desc, eq, gte, lt } from 'drizzle-orm'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import type { ReportSection } from '../reports/service'
import { backlinkChecks, backlinks } from './table'
import { countUsed } from './used'

/** What happened to a backlink, as the week's report calls it; the worst first. */
const TOLD = { lost: 'Lost', recovered: 'Recovered', found: 'New' } as const
type ToldTurn = keyof typeof TOLD
const TURNS = Object.keys(TOLD) as ToldTurn[]

/** Lines of the section. */
const ITEMS_MAX = 20

/** What a week was for the backlinks of a workspace: lost, recovered and new ones. */
export function createBacklinkSection({ db }: { db: Database }): ReportSection {
  const within = (workspaceId: string, turn: ToldTurn, { startMs, endMs }: Span) =>
    and(
      eq(backlinkChecks.workspaceId, workspaceId),
      eq(backlinkChecks.turn, turn),
      gte(backlinkChecks.checkedAt, startMs),
      lt(backlinkChecks.checkedAt, endMs),
    )

  const countOf = (workspaceId: string, turn: ToldTurn, span: Span): number =>
    db.read
      .select({ n: count() })
      .from(backlinkChecks)
      .where(within(workspaceId, turn, span))
      .get()?.n ?? 0

  const itemsOf = (workspaceId: string, turn: ToldTurn, span: Span) =>
    db.read
      .select({ url: backlinks.url })
      .from(backlinkChecks)
      .innerJoin(backlinks, eq(backlinks.no, backlinkChecks.backlinkNo))
      .where(within(workspaceId, turn, span))
      .orderBy(desc(backlinkChecks.checkedAt), desc(backlinkChecks.no))
      .limit(ITEMS_MAX)
      .all()
      .map(({ url }) => ({ label: url.replace(/^https?:\/\//, ''), detail: TOLD[turn], url }))

  return {
    read({ id }, span, previous) {
      const watched = countUsed(db.read, id)
      if (watched === 0) return null
      const told = TURNS.map((turn) => ({
        label: `${TOLD[turn]} backlinks`,
        ...{ value: countOf(id, turn, span), previous: countOf(id, turn, previous) },
      }))
      return {
        ...{ key: 'backlinks', title: 'Backlinks' },
        figures: [...told, { label: 'Backlinks watched', value: watched, previous: null }],
        items: TURNS.flatMap((turn) => itemsOf(id, turn, span)).slice(0, ITEMS_MAX),
      }
    },
  }
}
