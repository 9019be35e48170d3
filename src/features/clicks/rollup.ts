import { DAY } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { WriteIntent } from '../../platform/write-intent'
import { type Chunk, createChunks } from './chunk'
import { createChunkStore } from './chunk-store'
import { createChunkTidying } from './chunk-tidying'
import {
  CLICK_COLUMNS,
  type Click,
  DIMENSIONS,
  type Dimension,
  GRAINS,
  QUARTER,
  SCOPES,
  SHOWN_AS_UNKNOWN,
} from './dimension'
import { addClick, type Counts, countsOf } from './panel-counts'
import { addPage, packCells, pageOf } from './rollup-page'

type Owner = {
  scope: number
  ownerNo: number
  /** By dimension and grain, by bucket, by term: counts in the order of `COUNT_COLUMNS`. */
  cells: Map<number, Map<number, Map<number, Counts>>>
}

/** `sign` -1 takes clicks out again. */
function count(owner: Owner, click: Click, sign: 1 | -1): void {
  const isLink = owner.scope === SCOPES.link
  for (const [name, dimension] of isLink ? LINK_DIMENSIONS : WORKSPACE_DIMENSIONS) {
    const term = termOf(click, name)
    if (term === null) continue
    const isUnique = (click.firsts & (isLink || name === 'link' ? 1 : 2)) !== 0
    for (const grain of grainsOf(isLink, name)) {
      const kind = dimension * 4 + grain
      const cell =
        grain === GRAINS.quarter && name === 'total'
          ? cellOf(owner, kind, Math.floor(click.at / DAY), Math.floor((click.at % DAY) / QUARTER))
          : cellOf(owner, kind, bucketOf(grain, click.at), term)
      addClick(cell, click.verdict, isUnique, sign)
    }
  }
}

function termOf(click: Click, name: Dimension): number | null {
  if (name === 'total') return 0
  if (name === 'link') return click.linkNo
  return click[name] ?? (SHOWN_AS_UNKNOWN.has(name) ? 0 : null)
}

const WORKSPACE_DIMENSIONS = listed(DIMENSIONS)
const LINK_DIMENSIONS = WORKSPACE_DIMENSIONS.filter(([name]) => name !== 'link')

/** The marked boundary: entries of a record have its keys. */
function listed(dimensions: typeof DIMENSIONS) {
  return Object.entries(dimensions) as [Dimension, number][]
}

/**
 * Quarter hours of totals lie together, a row a day. A link's values by quarter hour would be as
 * many as clicks, and so would be a workspace's links: their days and totals suffice.
 */
function grainsOf(isLink: boolean, dimension: Dimension): readonly number[] {
  const hasQuarters = dimension === 'total' || !(isLink || dimension === 'link')
  return hasQuarters ? WITH_QUARTERS : WITHOUT_QUARTERS
}
const WITH_QUARTERS = [GRAINS.all, GRAINS.day, GRAINS.quarter]
const WITHOUT_QUARTERS = [GRAINS.all, GRAINS.day]

function bucketOf(grain: number, atMs: number): number {
  if (grain === GRAINS.all) return 0
  return Math.floor(atMs / (grain === GRAINS.day ? DAY : QUARTER))
}

function cellOf(owner: Owner, kind: number, bucket: number, term: number): Counts {
  const buckets = getOrMake(owner.cells, kind, () => new Map<number, Map<number, Counts>>())
  return countsOf(
    getOrMake(buckets, bucket, () => new Map<number, Counts>()),
    term,
  )
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

function createCellWriter(db: Database) {
  const where = `scope = ? AND owner_no = ? AND dimension = ? AND grain = ? AND bucket = ?
    AND page = ?`
  const select = db.sqlite.query<{ cells: Uint8Array }, number[]>(
    `SELECT cells FROM rollup_pages WHERE ${where}`,
  )
  const replace = db.sqlite.query(
    `INSERT OR REPLACE INTO rollup_pages (scope, owner_no, dimension, grain, bucket, page, cells)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = db.sqlite.query(`DELETE FROM rollup_pages WHERE ${where}`)

  function writePage(key: number[], page: number, more: Map<number, Counts>): void {
    const known = select.get(...key)
    if (known !== null) addPage(more, known.cells, page)
    const cells = packCells(more)
    if (cells.length > 0) replace.run(...key, cells)
    else if (known !== null) remove.run(...key)
  }

  /** Adds an owner's cells and returns how many rows they took. */
  return ({ scope, ownerNo, cells }: Owner): number => {
    let written = 0
    for (const [kind, buckets] of cells) {
      for (const [bucket, terms] of buckets) {
        for (const [page, more] of pagesOf(terms)) {
          writePage([scope, ownerNo, Math.floor(kind / 4), kind % 4, bucket, page], page, more)
          written += 1
        }
      }
    }
    return written
  }
}

function pagesOf(terms: Map<number, Counts>): Map<number, Map<number, Counts>> {
  const pages = new Map<number, Map<number, Counts>>()
  for (const [term, counts] of terms) {
    getOrMake(pages, pageOf(term), () => new Map<number, Counts>()).set(term, counts)
  }
  return pages
}

export type RollupDeps = {
  db: Database
  intent?: Pick<WriteIntent, 'isRaised'> | undefined
  /** Clicks added up in memory before anything is written. */
  batchSize?: number
}

export type Rollup = {
  /**
   * Writes a part of the pending rollups in one short transaction, or tidies chunks; false when
   * nothing is left to do.
   */
  rollSome(): boolean
}

const BATCH_SIZE = 20_000
/** Rows of one transaction, a few milliseconds of the write lock. */
const PAGES_MAX = 500

type Batch = { toId: number; owners: Owner[]; ownerAt: number; chunks: Chunk[] }

/**
 * Adds clicks up behind a watermark, in large batches that are written owner by owner. A batch may
 * stop after any owner: `rollup_marks` then says which owners are ahead of the watermark, and a
 * reader adds the clicks beyond an owner's own mark. So rollup + tail are exact at any time.
 */
export function createRollup({ db, intent, batchSize = BATCH_SIZE }: RollupDeps): Rollup {
  const writeCells = createCellWriter(db)
  const store = createChunkStore(db)
  const tidying = createChunkTidying(db)
  const select = db.sqlite.query<Click, [number, number]>(
    `SELECT ${CLICK_COLUMNS} FROM clicks WHERE id > ? ORDER BY id LIMIT ?`,
  )
  const rolledId = db.sqlite.query<{ rolledId: number }, []>(
    'SELECT rolled_id AS rolledId FROM click_progress',
  )
  const marks = db.sqlite.query<{ scope: number; ownerNo: number; rolledId: number }, []>(
    'SELECT scope, owner_no AS ownerNo, rolled_id AS rolledId FROM rollup_marks',
  )
  const mark = db.sqlite.query(
    `INSERT INTO rollup_marks (scope, owner_no, rolled_id) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET rolled_id = excluded.rolled_id`,
  )
  const advance = db.sqlite.query('UPDATE click_progress SET rolled_id = ?')
  const unmark = db.sqlite.query('DELETE FROM rollup_marks')
  let batch: Batch | undefined

  function prepare(): Batch | undefined {
    const from = rolledId.get()?.rolledId ?? 0
    const ahead = new Map(
      marks.all().map((row): [string, number] => [`${row.scope} ${row.ownerNo}`, row.rolledId]),
    )
    const owners = new Map<string, Owner>()
    const chunks = createChunks()
    let toId = 0
    for (const click of select.iterate(from, batchSize)) {
      toId = click.id
      chunks.add(click)
      for (const [scope, ownerNo] of [
        [SCOPES.workspace, click.workspaceNo],
        [SCOPES.link, click.linkNo],
      ] as const) {
        const key = `${scope} ${ownerNo}`
        if (click.id <= (ahead.get(key) ?? 0)) continue
        count(
          getOrMake(owners, key, () => ({ scope, ownerNo, cells: new Map() })),
          click,
          1,
        )
      }
    }
    if (toId === 0) return undefined
    // In the order of the key, so that neighbours share pages.
    const inOrder = [...owners.values()].sort((a, b) => a.scope - b.scope || a.ownerNo - b.ownerNo)
    return { toId, owners: inOrder, ownerAt: 0, chunks: chunks.all() }
  }

  function write({ toId, owners, ownerAt, chunks }: Batch): number {
    let pages = 0
    for (let at = ownerAt; at < owners.length; at++) {
      if (pages > PAGES_MAX || (at > ownerAt && intent?.isRaised())) return at
      const owner = owners[at]
      if (owner === undefined) break
      pages += writeCells(owner)
      mark.run(owner.scope, owner.ownerNo, toId)
    }
    for (const chunk of chunks) {
      store.write(chunk)
      tidying.visit(chunk.workspaceNo)
    }
    advance.run(toId)
    unmark.run()
    return owners.length
  }

  return {
    rollSome() {
      const current = batch ?? prepare()
      if (current === undefined) return tidying.tidySome()
      batch = undefined
      current.ownerAt = db.write(() => write(current))
      if (current.ownerAt < current.owners.length) batch = current
      return true
    },
  }
}

/** Takes clicks of a deleted link out of its workspace's rollups. Inside a transaction. */
export function createSubtraction(db: Database) {
  const writeCells = createCellWriter(db)
  return (workspaceNo: number, gone: readonly Click[]): void => {
    const owner: Owner = { scope: SCOPES.workspace, ownerNo: workspaceNo, cells: new Map() }
    for (const click of gone) count(owner, click, -1)
    writeCells(owner)
  }
}
