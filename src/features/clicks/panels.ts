import { type AppError, invalid } from '../../core/errors'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { createPanelClicks, LINKS_BY_INDEX_MAX, type ScannedClick } from './panel-clicks'
import { addClick, addCounts, type Counts, countsOf, noCounts } from './panel-counts'
import { areWholeDays, coverOf, indexOfBin } from './panel-cover'
import { type ClickFilter, isSparse, rowsOf, shownRowsOf } from './panel-filter'
import { createPanelRows, type Owners, quarterRange, resolutionOf } from './panel-rows'
import { type Dimension, SCOPES } from './rollup'

/** What clicks can be listed by. */
export type Group = Exclude<Dimension, 'total'> | 'link'

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

/** One thing to count, and how single clicks add to it. */
type Target = {
  owners: Owners
  dimension: Dimension
  span: Span | null
  /** Reads what rollups hold. */
  fill(): void
  add(click: ScannedClick, columns: ReadonlyMap<string, number>): void
  /** Whether rollups can answer it. */
  isRolled: boolean
  column?: Exclude<Dimension, 'total'> | undefined
}

const BITS = { link: 1, workspace: 2 } as const
const FIRST_COLUMN = 5

/**
 * Counts of clicks for panels: rollups, the clicks behind their watermark, and single clicks where
 * a span or a combination of filters asks for what no rollup holds. Always exactly what a count of
 * all clicks gives. For the read-only Worker: a question may take many milliseconds.
 */
export function createPanels(db: Database) {
  const rows = createPanelRows(db)
  const clicks = createPanelClicks(db)
  const termsOf = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE text IN (SELECT value FROM json_each(?))',
  )
  const textsOf = db.sqlite.query<{ no: number; text: string }, [string]>(
    'SELECT no, text FROM click_terms WHERE no IN (SELECT value FROM json_each(?))',
  )

  const ownersOf = ({ workspaceNo, linkNos }: PanelQuery): Owners =>
    linkNos === null ? { workspaceNo } : { linkNos }

  /** Counts of a span, narrowed by at most one filter. */
  function summed(owners: Owners, span: Span | null, filter: ClickFilter | undefined): Counts {
    const sum = noCounts()
    const add = (dimension: Dimension, terms: string | undefined, sign: 1 | -1): void => {
      for (const part of rows.together({ owners, dimension, span, terms }))
        addCounts(sum, part, sign)
    }
    if (filter === undefined) {
      add('total', undefined, 1)
      return sum
    }
    const { sql, isRest } = rowsOf(filter)
    if (isRest) add('total', undefined, 1)
    add(filter.dimension, sql, isRest ? -1 : 1)
    return sum
  }

  /** The span that rollups of totals and of a filter cover alike. */
  function binTarget(query: PanelQuery, spans: readonly (Span | null)[], sums: Counts[]): Target {
    const owners = ownersOf(query)
    const [filter, ...others] = query.filters
    const dimension = filter?.dimension ?? 'total'
    const bit = query.linkNos === null ? BITS.workspace : BITS.link
    const bounded = spans.filter((span) => span !== null)
    const needsDays = resolutionOf(owners, dimension) === 'day' && spans.length > 1
    const at = (atMs: number): Counts | undefined => {
      const index = spans.length === 1 ? 0 : indexOfBin(bounded, atMs)
      return index < 0 ? undefined : sums[index]
    }
    return {
      ...{ owners, dimension, span: query.span },
      isRolled: others.length === 0 && (!needsDays || areWholeDays(bounded)),
      fill() {
        for (const [index, span] of spans.entries()) {
          sums[index] = summed(owners, span && innerOf(span, owners, dimension), filter)
        }
      },
      add([, atMs, verdict, firsts]) {
        const counts = at(atMs ?? 0)
        if (counts) addClick(counts, verdict ?? 0, ((firsts ?? 0) & bit) !== 0)
      },
    }
  }

  function groupTarget(
    query: PanelQuery,
    column: Exclude<Dimension, 'total'>,
    sums: Map<number, Counts>,
  ): Target {
    const owners = ownersOf(query)
    const [filter, ...others] = query.filters
    const bit = query.linkNos === null ? BITS.workspace : BITS.link
    const isOwn = others.length === 0 && (!filter || filter.dimension === column)
    return {
      ...{ owners, dimension: column, span: query.span, column, isRolled: isOwn },
      fill() {
        const span = query.span && innerOf(query.span, owners, column)
        const terms = filter && shownRowsOf(filter)
        for (const [term, counts] of rows.by({ owners, dimension: column, span, terms }, 'term')) {
          addCounts(countsOf(sums, term), counts)
        }
      },
      add(click, columns) {
        const term = click[columns.get(column) ?? -1] ?? null
        if (term === null && isSparse(column)) return
        addClick(countsOf(sums, term ?? 0), click[2] ?? 0, ((click[3] ?? 0) & bit) !== 0)
      },
    }
  }

  function linkTarget(
    query: PanelQuery,
    linkNos: readonly number[],
    sums: Map<number, Counts>,
  ): Target {
    const owners = { linkNos: query.linkNos ?? linkNos }
    const [filter, ...others] = query.filters
    const dimension = filter?.dimension ?? 'total'
    const known = new Set(owners.linkNos)
    const add = (of: Dimension, terms: string | undefined, sign: 1 | -1): void => {
      const span = query.span && innerOf(query.span, owners, dimension)
      for (const [no, counts] of rows.by({ owners, dimension: of, span, terms }, 'owner_no')) {
        addCounts(countsOf(sums, no), counts, sign)
      }
    }
    return {
      ...{ owners, dimension, span: query.span, isRolled: others.length === 0 },
      fill() {
        const condition = filter && rowsOf(filter)
        if (!filter || condition?.isRest) add('total', undefined, 1)
        if (filter) add(filter.dimension, condition?.sql, condition?.isRest ? -1 : 1)
      },
      add(click) {
        const no = click[4] ?? 0
        if (known.has(no)) {
          addClick(countsOf(sums, no), click[2] ?? 0, ((click[3] ?? 0) & BITS.link) !== 0)
        }
      },
    }
  }

  /** Counts targets click by click over a span; `isNew` is false for what rollups hold. */
  function scan(
    query: PanelQuery,
    targets: readonly Target[],
    part: { owners: Owners; span: Span | null; afterId?: number },
    isNew: (target: Target, click: ScannedClick) => boolean,
  ): void {
    const columns = [...new Set(targets.flatMap(({ column }) => column ?? []))]
    const places = new Map(columns.map((name, index) => [name as string, FIRST_COLUMN + index]))
    const { workspaceNo, filters } = query
    clicks.scan({ ...part, workspaceNo, filters, columns }, (click) => {
      for (const target of targets) if (isNew(target, click)) target.add(click, places)
    })
  }

  /** Throws `validation_failed` where clicks of the span were dropped and only rollups are left. */
  function requireClicks(query: PanelQuery, span: Span | null): void {
    const { workspaceNo, linkNos } = query
    const few = linkNos !== null && linkNos.length <= LINKS_BY_INDEX_MAX ? linkNos : [null]
    for (const no of few) {
      const owners: Owners = no === null ? { workspaceNo } : { linkNos: [no] }
      const whole = span ?? { startMs: 0, endMs: FAR_MS }
      const [from, to] = quarterRange(whole)
      const first = rows.firstQuarter(owners, whole)
      if (first === undefined) continue
      const quarters = { startMs: from * QUARTER, endMs: to * QUARTER }
      const all = { owners, workspaceNo, filters: [], columns: [] }
      const firstAt = clicks.firstAt({ ...all, span: quarters })
      if (firstAt !== undefined && firstAt < (first + 1) * QUARTER) continue
      throw clicksGone(firstAt ?? clicks.firstAt({ ...all, span: null }))
    }
  }

  function read(query: PanelQuery, wish: PanelWish): PanelAnswer {
    const totals = [noCounts()]
    const bins = (wish.bins ?? []).map(noCounts)
    const groups = new Map(
      (wish.groups ?? []).map((name) => [name, new Map<number, Counts>()] as const),
    )
    const targets = [binTarget(query, [query.span], totals)]
    if (wish.bins && wish.bins.length > 0) targets.push(binTarget(query, wish.bins, bins))
    for (const [name, sums] of groups) {
      if (name === 'link') targets.push(linkTarget(query, wish.linkNos ?? [], sums))
      else targets.push(groupTarget(query, name, sums))
    }
    const rolled = targets.filter(({ isRolled }) => isRolled)
    const raw = targets.filter(({ isRolled }) => !isRolled)
    for (const target of rolled) target.fill()
    if (rolled.length > 0) countTail(query, rolled)
    if (raw.length > 0) {
      requireClicks(query, query.span)
      scan(query, raw, { owners: ownersOf(query), span: query.span }, () => true)
    }
    return { totals: totals[0] ?? noCounts(), bins, groups }
  }

  /** What rollups do not hold yet, and what lies in the edges between their rows. */
  function countTail(query: PanelQuery, targets: readonly Target[]): void {
    const marks = clicks.readMarks()
    const owners = ownersOf(query)
    const markOf = (target: Target, click: ScannedClick): number =>
      'linkNos' in target.owners
        ? marks.of(SCOPES.link, click[4] ?? 0)
        : marks.of(SCOPES.workspace, query.workspaceNo)
    const tail = { owners, span: query.span, afterId: marks.all }
    scan(query, targets, tail, (target, click) => (click[0] ?? 0) > markOf(target, click))
    if (query.span === null) return
    for (const resolution of ['day', 'quarter'] as const) {
      const alike = targets.filter((t) => resolutionOf(t.owners, t.dimension) === resolution)
      if (alike.length === 0) continue
      for (const span of coverOf(query.span, resolution).edges) {
        requireClicks(query, span)
        scan(query, alike, { owners, span }, (t, click) => (click[0] ?? 0) <= markOf(t, click))
      }
    }
  }

  return {
    /** Counts of a query from one snapshot. Throws `validation_failed` as told at `requireClicks`. */
    read: (query: PanelQuery, wish: PanelWish): PanelAnswer =>
      db.sqlite.transaction(() => read(query, wish))(),

    /** Time of the first click there is, to the day where only rollups are left. */
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
const QUARTER = 900_000
const FAR_MS = 2 ** 52

const innerOf = (span: Span, owners: Owners, dimension: Dimension): Span =>
  coverOf(span, resolutionOf(owners, dimension)).inner

function clicksGone(earliestAt: number | undefined): AppError {
  const from = earliestAt === undefined ? 'now' : new Date(earliestAt).toISOString().slice(0, 10)
  return invalid(
    'start',
    `reaches back further than single clicks are kept, which this combination needs: they begin at ${from}. Choose a later start, or at most one filter`,
  )
}
