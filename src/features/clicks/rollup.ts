import { DAY, MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { WriteIntent } from '../../platform/write-intent'

/** Whose clicks: numbers of `click_rollups.scope`. */
export const SCOPES = { workspace: 0, link: 1 } as const

/** What clicks are counted by: numbers of `click_rollups.dimension`. */
export const DIMENSIONS = {
  total: 0,
  country: 1,
  device: 2,
  os: 3,
  browser: 4,
  referrer: 5,
  utm_source: 6,
  utm_medium: 7,
  utm_campaign: 8,
  utm_term: 9,
  utm_content: 10,
  region: 11,
  city: 12,
} as const

export type Dimension = keyof typeof DIMENSIONS

/** Spans of time: numbers of `click_rollups.grain`. Quarter hours, since zones of +5:45 exist. */
export const GRAINS = { all: 0, day: 1, quarter: 2 } as const

const QUARTER = 15 * MINUTE

/** Absent values that are counted as unknown (term 0); of the others only present ones have rows. */
const SHOWN_AS_UNKNOWN: ReadonlySet<string> = new Set([
  'country',
  'device',
  'os',
  'browser',
  'referrer',
])

/** Columns of counts: the verdicts in the order of VERDICTS, then uniques. */
const COUNTS = ['human', 'duplicate', 'bot', 'preview', 'prefetch', 'uniques'] as const
const UNIQUES = COUNTS.indexOf('uniques')

/** One row of `clicks` in the columns that rollups are made of. */
export type Click = Record<Exclude<Dimension, 'total'>, number | null> & {
  id: number
  linkNo: number
  workspaceNo: number
  at: number
  verdict: number
  firsts: number
}

export const CLICK_COLUMNS = `id, link_no AS linkNo, workspace_no AS workspaceNo, at, verdict, firsts,
  country, region, city, device, os, browser, referrer, utm_source, utm_medium, utm_campaign,
  utm_term, utm_content`

type Owner = {
  scope: number
  ownerNo: number
  /** By dimension and grain, by bucket, by term: counts in the order of COUNTS. */
  cells: Map<number, Map<number, Map<number, number[]>>>
}

/** `sign` -1 takes clicks out again. */
function count(owner: Owner, click: Click, sign: 1 | -1): void {
  const isLink = owner.scope === SCOPES.link
  const unique = (click.firsts & (isLink ? 1 : 2)) !== 0
  for (const [name, dimension] of DIMENSION_LIST) {
    const term = name === 'total' ? 0 : click[name]
    if (term === null && !SHOWN_AS_UNKNOWN.has(name)) continue
    for (const grain of grainsOf(isLink, name)) {
      const cell = cellOf(owner, dimension * 4 + grain, bucketOf(grain, click.at), term ?? 0)
      cell[click.verdict] = (cell[click.verdict] ?? 0) + sign
      if (unique) cell[UNIQUES] = (cell[UNIQUES] ?? 0) + sign
    }
  }
}

const DIMENSION_NAMES: readonly Dimension[] = [
  'total',
  'country',
  'device',
  'os',
  'browser',
  'referrer',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'region',
  'city',
]
const DIMENSION_LIST = DIMENSION_NAMES.map((name) => [name, DIMENSIONS[name]] as const)

/** A link's values by quarter hour would be as many rows as clicks; its days and total suffice. */
function grainsOf(isLink: boolean, dimension: Dimension): readonly number[] {
  if (!isLink) return WORKSPACE_GRAINS
  return dimension === 'total' ? LINK_TOTAL_GRAINS : LINK_GRAINS
}
const WORKSPACE_GRAINS = [GRAINS.day, GRAINS.quarter]
const LINK_TOTAL_GRAINS = [GRAINS.all, GRAINS.day, GRAINS.quarter]
const LINK_GRAINS = [GRAINS.all, GRAINS.day]

function bucketOf(grain: number, atMs: number): number {
  if (grain === GRAINS.all) return 0
  return Math.floor(atMs / (grain === GRAINS.day ? DAY : QUARTER))
}

function cellOf(owner: Owner, kind: number, bucket: number, term: number): number[] {
  const buckets = getOrMake(owner.cells, kind, () => new Map<number, Map<number, number[]>>())
  const terms = getOrMake(buckets, bucket, () => new Map<number, number[]>())
  return getOrMake(terms, term, () => [0, 0, 0, 0, 0, 0])
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
  const upsert = db.sqlite.query(
    `INSERT INTO click_rollups (scope, owner_no, dimension, grain, bucket, term, ${COUNTS.join(', ')})
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET ${COUNTS.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  )
  /** Adds an owner's cells and returns how many there were. */
  return ({ scope, ownerNo, cells }: Owner): number => {
    let written = 0
    for (const [kind, buckets] of cells) {
      for (const [bucket, terms] of buckets) {
        for (const [term, counts] of terms) {
          const dimension = Math.floor(kind / 4)
          upsert.run(scope, ownerNo, dimension, kind % 4, bucket, term, ...counts)
          written += 1
        }
      }
    }
    return written
  }
}

export type RollupDeps = {
  db: Database
  intent?: Pick<WriteIntent, 'isRaised'> | undefined
  /** Clicks added up in memory before anything is written. */
  batchSize?: number
}

export type Rollup = {
  /** Writes a part of the pending rollups in one short transaction; false when none is pending. */
  rollSome(): boolean
}

const BATCH_SIZE = 20_000
/** Cells of one transaction, a few milliseconds of the write lock. */
const CELLS_MAX = 1000

type Batch = { toId: number; owners: Owner[]; ownerAt: number }

/**
 * Adds clicks up behind a watermark, in large batches that are written owner by owner. A batch may
 * stop after any owner: `rollup_marks` then says which owners are ahead of the watermark, and a
 * reader adds the clicks beyond an owner's own mark. So rollup + tail are exact at any time.
 */
export function createRollup({ db, intent, batchSize = BATCH_SIZE }: RollupDeps): Rollup {
  const writeCells = createCellWriter(db)
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
    let toId = 0
    for (const click of select.iterate(from, batchSize)) {
      toId = click.id
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
    return { toId, owners: inOrder, ownerAt: 0 }
  }

  function write({ toId, owners, ownerAt }: Batch): number {
    let cells = 0
    for (let at = ownerAt; at < owners.length; at++) {
      if (cells > CELLS_MAX || (at > ownerAt && intent?.isRaised())) return at
      const owner = owners[at]
      if (owner === undefined) break
      cells += writeCells(owner)
      mark.run(owner.scope, owner.ownerNo, toId)
    }
    advance.run(toId)
    unmark.run()
    return owners.length
  }

  return {
    rollSome() {
      const current = batch ?? prepare()
      if (current === undefined) return false
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
