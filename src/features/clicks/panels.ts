import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import type { ChunkColumn } from './chunk'
import { createKeptClicks } from './kept-clicks'
import { createPanelChunks } from './panel-chunks'
import { createPanelClicks } from './panel-clicks'
import { type Counts, noCounts } from './panel-counts'
import type { ClickFilter } from './panel-filter'
import { createPanelRows, type Owners } from './panel-rows'
import { FIRST_COLUMN, type ScannedClick } from './panel-sink'
import { createPanelTargets, type Target } from './panel-targets'

/** What clicks can be listed by. */
export type Group = ChunkColumn

export type PanelQuery = {
  workspaceNo: number
  /** Only clicks of these links; null for the whole workspace. */
  linkNos: readonly number[] | null
  /** Null for all time. */
  span: Span | null
  filters: readonly ClickFilter[]
}

export type PanelWish = {
  /** Adjoining spans in order, each to be counted. */
  bins?: readonly Span[]
  groups?: readonly Group[]
  /** All links there are to be listed; needed for the group `link`. */
  linkNos?: readonly number[]
}

export type PanelAnswer = {
  totals: Counts
  bins: Counts[]
  /** By the number of a term (0 is unknown), or of a link. */
  groups: Map<Group, Map<number, Counts>>
}

/**
 * Counts of clicks for panels: rollups, the clicks behind their watermark, and chunks of clicks
 * where a span or a combination of filters asks for what no rollup holds. Always exactly what a
 * count of all clicks gives. For the read-only Worker: a question may take many milliseconds.
 */
export function createPanels(db: Database) {
  const rows = createPanelRows(db)
  const clicks = createPanelClicks(db)
  const chunks = createPanelChunks(db)
  const kept = createKeptClicks(db, rows)
  const targetsOf = createPanelTargets(rows, kept)
  const termsOf = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE text IN (SELECT value FROM json_each(?))',
  )
  const textsOf = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE no IN (SELECT value FROM json_each(?))',
  )

  const ownersOf = ({ workspaceNo, linkNos }: PanelQuery): Owners =>
    linkNos === null ? { workspaceNo } : { linkNos }

  /** Hands clicks that are rows over to the targets that have not counted them yet. */
  function scanRows(
    query: PanelQuery,
    targets: readonly Target[],
    part: { span: Span | null; afterId: number; toId?: number },
    isNew: (target: Target, click: ScannedClick) => boolean,
  ): void {
    const columns = [...new Set(targets.flatMap(({ sink: { column } }) => column ?? []))].filter(
      (column) => column !== 'link',
    )
    const places = new Map(columns.map((name, index) => [name as string, FIRST_COLUMN + index]))
    const { workspaceNo, filters } = query
    clicks.scan({ ...part, owners: ownersOf(query), workspaceNo, filters, columns }, (click) => {
      for (const target of targets) if (isNew(target, click)) target.sink.addOne(click, places)
    })
  }

  /** Counts clicks of a span that are rolled up everywhere, for these targets. */
  function scanChunks(query: PanelQuery, span: Span | null, targets: readonly Target[]): void {
    const { workspaceNo, linkNos, filters } = query
    const sinks = targets.map(({ sink }) => sink)
    for (const { fromId, toId } of chunks.scan({ workspaceNo, linkNos, span, filters }, sinks)) {
      scanRows(query, targets, { span, afterId: fromId - 1, toId }, () => true)
    }
  }

  function read(query: PanelQuery, wish: PanelWish): PanelAnswer {
    const answer: PanelAnswer = {
      totals: noCounts(),
      bins: (wish.bins ?? []).map(noCounts),
      groups: new Map((wish.groups ?? []).map((name) => [name, new Map<number, Counts>()])),
    }
    const targets = targetsOf(query, wish, answer)
    for (const { fill } of targets) fill?.()
    scanChunks(
      query,
      query.span,
      targets.filter(({ fill }) => fill === null),
    )
    // Targets of the same resolution have the same edges, which are then read once.
    const edges = new Map(
      targets.flatMap((t) => t.edges.map((e) => [`${e.startMs} ${e.endMs}`, e])),
    )
    for (const edge of edges.values()) {
      scanChunks(
        query,
        edge,
        targets.filter((target) => target.edges.some((other) => isSame(edge, other))),
      )
    }
    countTail(query, targets)
    return answer
  }

  /** Clicks that are not rolled up everywhere yet, and so in no chunk. */
  function countTail(query: PanelQuery, targets: readonly Target[]): void {
    const marks = clicks.readMarks()
    const { span } = query
    scanRows(query, targets, { span, afterId: marks.all }, (target, click) => {
      const [id, at] = click
      if (target.fill === null || (id ?? 0) > target.markOf(marks, click)) return true
      return target.edges.some(({ startMs, endMs }) => (at ?? 0) >= startMs && (at ?? 0) < endMs)
    })
  }

  return {
    /** Counts of a query from one snapshot. Throws `validation_failed` for clicks not kept. */
    read: (query: PanelQuery, wish: PanelWish): PanelAnswer =>
      db.sqlite.transaction(() => read(query, wish))(),

    /** Time of the first click there is, to the day where it is rolled up. */
    firstAt({ workspaceNo, linkNos }: Pick<PanelQuery, 'workspaceNo' | 'linkNos'>) {
      const owners: Owners = linkNos === null ? { workspaceNo } : { linkNos }
      const day = rows.firstDay(owners)
      const { all: afterId } = clicks.readMarks()
      const scan = { owners, workspaceNo, span: null, filters: [], columns: [], afterId }
      return day === undefined ? clicks.firstAt(scan) : day * DAY_MS
    },

    /** Numbers of texts; those that no click has are absent. */
    termsOf: (texts: readonly string[]): Map<string, number> =>
      new Map(termsOf.all(JSON.stringify(texts)).map(({ no, text }) => [text, no])),

    /** Texts of numbers. */
    textsOf: (terms: readonly number[]): Map<number, string> =>
      new Map(textsOf.all(JSON.stringify(terms)).map(({ no, text }) => [no, text])),
  }
}

export type Panels = ReturnType<typeof createPanels>

const DAY_MS = 86_400_000

const isSame = (a: Span, b: Span): boolean => a.startMs === b.startMs && a.endMs === b.endMs
