import { and, desc, eq, isNotNull, ne } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Database, Tx } from '../../platform/database'
import type { EngineInfo, Engines } from '../engines/service'
import { type Panel, warningsOfOwn } from './panel'
import { type Break, breaksBetween } from './score'
import { type RunRow, trackingRuns } from './table'
import type { TermWarning } from './term-warnings'

export type SummaryDeps = {
  db: Database
  engines: Engines
  panelNow: (tx: Tx, workspaceId: string) => Panel
}

/** Ended runs of an engine that make its line. */
const TREND_MAX = 50

/** A run of the line, and what it does not share with the one before. */
export type TrendPoint = { run: RunRow; breaks: Break[] }

export type EngineSummary = Pick<EngineInfo, 'surface' | 'status'> & {
  platform: string
  /** Oldest first. */
  trend: TrendPoint[]
}

/** The latest runs of all engines as one, by the formula of the score: the mean of their cells. */
export type Together = {
  score: number | null
  answers: number
  mentions: number
  engines: number
  rivals: { id: string; name: string; score: number | null; mentions: number }[]
}

export type Summary = {
  /** Null until the workspace has named its brand. */
  brand: string | null
  warnings: TermWarning[]
  engines: EngineSummary[]
  together: Together
}

/** How often the brand is named now, against whom, and how that came to be. */
export function createSummary({ db, engines, panelNow }: SummaryDeps) {
  function trendOf(workspaceId: string, platform: string): TrendPoint[] {
    const ended = and(
      ...[eq(trackingRuns.workspaceId, workspaceId), eq(trackingRuns.platform, platform)],
      ...[isNotNull(trackingRuns.finishedAt), ne(trackingRuns.status, 'failed')],
    )
    const runs = db.read
      .select()
      .from(trackingRuns)
      .where(ended)
      .orderBy(desc(trackingRuns.finishedAt))
      .limit(TREND_MAX)
      .all()
      .reverse()
    return runs.map((run, nth) => {
      const previous = runs[nth - 1]
      return { run, breaks: previous ? breaksBetween(previous.versions, run.versions) : [] }
    })
  }

  return function summary({ workspaceId }: Principal): Summary {
    const panel = panelNow(db.read, workspaceId)
    const lines = engines.list().map(({ name, surface, status }) => ({
      ...{ platform: name, surface, status, trend: trendOf(workspaceId, name) },
    }))
    const latest = lines.flatMap(({ trend }) => trend.at(-1)?.run ?? [])
    return {
      brand: panel.own?.terms[0]?.text ?? null,
      warnings: warningsOfOwn(panel),
      ...{ engines: lines, together: togetherOf(latest) },
    }
  }
}

function togetherOf(latest: readonly RunRow[]): Together {
  const parts = latest.flatMap(({ figures }) => (figures?.visibility.score == null ? [] : figures))
  const cells = parts.reduce((sum, { visibility }) => sum + visibility.cell_count, 0)
  const meanOf = (scoreOf: (part: (typeof parts)[number]) => number): number | null =>
    cells === 0
      ? null
      : parts.reduce((sum, part) => sum + scoreOf(part) * part.visibility.cell_count, 0) / cells
  const names = new Map(parts.flatMap(({ rivals }) => rivals.map(({ id, name }) => [id, name])))
  const rivals = [...names].map(([id, name]) => {
    const found = parts.map((part) => part.rivals.find((rival) => rival.id === id))
    // Not looked for in all of them: no figure for all.
    const score = found.includes(undefined)
      ? null
      : meanOf((part) => part.rivals.find((rival) => rival.id === id)?.score ?? 0)
    return { id, name, score, mentions: found.reduce((sum, one) => sum + (one?.mentions ?? 0), 0) }
  })
  return {
    score: meanOf(({ visibility }) => visibility.score ?? 0),
    answers: parts.reduce((sum, { visibility }) => sum + visibility.answer_count, 0),
    mentions: parts.reduce((sum, { visibility }) => sum + visibility.mention_count, 0),
    ...{ engines: parts.length, rivals },
  }
}
