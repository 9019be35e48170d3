import { and, asc, desc, eq, gte, lt, ne } from 'drizzle-orm'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import type { ReportSection } from '../reports/service'
import type { RunChange } from './run-figures'
import { rounded } from './score'
import { type RunRow, trackingRuns } from './table'

/** Runs of a time that are looked at: one an hour for a week on one engine. */
const RUNS_MAX = 168

const VERDICTS: Record<RunChange['verdict'], string> = {
  up: 'up',
  down: 'down',
  no_clear_change: 'no clear change',
}

/** How often engines named the brand in a week, by engine, for reports. */
export function createVisibilitySection({ db }: { db: Database }): ReportSection {
  /** The last run with a score on each engine that ended in a time. */
  function latestIn(workspaceId: string, { startMs, endMs }: Span): Map<string, RunRow> {
    const { finishedAt, status, platform } = trackingRuns
    const ended = and(gte(finishedAt, startMs), lt(finishedAt, endMs), ne(status, 'failed'))
    const rows = db.read
      .select()
      .from(trackingRuns)
      .where(and(eq(trackingRuns.workspaceId, workspaceId), ended))
      .orderBy(asc(platform), desc(finishedAt))
      .limit(RUNS_MAX)
      .all()
      .filter(({ figures }) => typeof figures?.visibility.score === 'number')
    return new Map(rows.reverse().map((row) => [row.platform, row]))
  }

  return {
    read({ id }, span, before) {
      const [now, earlier] = [latestIn(id, span), latestIn(id, before)]
      const engines = [...now.keys()].toSorted()
      if (engines.length === 0) return null
      const scoreOf = (row: RunRow | undefined): number | null => {
        const score = row?.figures?.visibility.score ?? null
        return score === null ? null : rounded(score)
      }
      return {
        ...{ key: 'visibility', title: 'Named by AI engines' },
        figures: engines.map((engine) => ({
          label: `% of answers, ${engine}`,
          ...{ value: scoreOf(now.get(engine)) ?? 0, previous: scoreOf(earlier.get(engine)) },
        })),
        items: engines.map((engine) => {
          const row = now.get(engine)
          return {
            label: `${engine}, ${row?.surface}`,
            detail: row ? detailOf(row) : null,
            url: null,
          }
        }),
      }
    },
  }
}

/** The interval, the number of answers and how it moved, in words. */
function detailOf({ figures }: RunRow): string {
  if (!figures) return ''
  const { answer_count, ci_general } = figures.visibility
  const interval = ci_general
    ? `95 %: ${rounded(ci_general.low)} to ${rounded(ci_general.high)}, `
    : ''
  const counted = `${interval}${answer_count} answers`
  const { change } = figures
  if (!change) return counted
  const [delta, low, high] = [change.delta, change.low, change.high].map(rounded)
  return `${counted}; ${VERDICTS[change.verdict]}: ${delta} points (${low} to ${high})`
}
