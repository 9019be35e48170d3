import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import {
  CHUNK_CLICKS_MAX,
  type Chunk,
  type ChunkColumn,
  type ChunkHead,
  COLUMNS,
  chunkOf,
  unpackTimes,
  unpackValues,
} from './chunk'

/** Clicks of a link that are gone, which chunks may still hold. */
export type PurgedClicks = {
  linkNo: number
  toId: number
  cleanedId: number | null
}

const HEAD = `workspace_no AS workspaceNo, first_id AS firstId, last_id AS lastId, clicks,
  first_at AS firstAt, last_at AS lastAt`

/** Chunks in the database. Writing joins the caller's transaction. */
export function createChunkStore(db: Database) {
  const insertHead = db.sqlite.query(
    `INSERT INTO click_chunks (workspace_no, last_id, first_id, clicks, first_at, last_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const insertColumn = db.sqlite.query(
    'INSERT INTO click_columns (workspace_no, last_id, "column", codes) VALUES (?, ?, ?, ?)',
  )
  const removeHead = db.sqlite.query(
    'DELETE FROM click_chunks WHERE workspace_no = ? AND last_id = ? AND clicks = ?',
  )
  const removeColumns = db.sqlite.query(
    'DELETE FROM click_columns WHERE workspace_no = ? AND last_id = ?',
  )
  const column = db.sqlite.query<{ codes: Uint8Array }, [number, number, number]>(
    'SELECT codes FROM click_columns WHERE workspace_no = ? AND last_id = ? AND "column" = ?',
  )
  const heads = db.sqlite.query<ChunkHead, [number, number, number]>(
    `SELECT ${HEAD} FROM click_chunks
     WHERE workspace_no = ? AND last_at >= ? AND first_at < ? ORDER BY last_id`,
  )
  const purged = db.sqlite.query<PurgedClicks, [number]>(
    `SELECT link_no AS linkNo, to_id AS toId, cleaned_id AS cleanedId FROM purged_clicks
     WHERE workspace_no = ?`,
  )
  const columnOf = ({ workspaceNo, lastId }: ChunkHead, number: number): Uint8Array | undefined =>
    column.get(workspaceNo, lastId, number)?.codes

  const store = {
    write({ columns, ...head }: Chunk): void {
      const { workspaceNo, lastId, firstId, clicks, firstAt, lastAt } = head
      insertHead.run(workspaceNo, lastId, firstId, clicks, firstAt, lastAt)
      for (const [number, codes] of columns) insertColumn.run(workspaceNo, lastId, number, codes)
    },

    /** False when it is no longer there as it was read. */
    remove({ workspaceNo, lastId, clicks }: ChunkHead): boolean {
      if (removeHead.run(workspaceNo, lastId, clicks).changes === 0) return false
      removeColumns.run(workspaceNo, lastId)
      return true
    },

    /** Those with clicks of a span, oldest first. */
    heads: (workspaceNo: number, span: Span | null): ChunkHead[] =>
      heads.all(workspaceNo, span?.startMs ?? 0, span?.endMs ?? Number.MAX_SAFE_INTEGER),

    /** Values of terms or links. */
    valuesOf: (head: ChunkHead, name: ChunkColumn) =>
      unpackValues(columnOf(head, COLUMNS[name]), head.clicks),

    /** Verdicts and firsts, as `kindOf` puts them together. */
    kindsOf: (head: ChunkHead): Uint8Array => columnOf(head, COLUMNS.kind) ?? new Uint8Array(0),

    timesOf: (head: ChunkHead) =>
      unpackTimes(columnOf(head, COLUMNS.at) ?? new Uint8Array(8), head.clicks),

    purgedOf: (workspaceNo: number): PurgedClicks[] => purged.all(workspaceNo),

    /** Some chunks in order as one, without the clicks of `gone` links; undefined if none is left. */
    joined(chunks: readonly ChunkHead[], gone?: ReadonlySet<number>): Chunk | undefined {
      const [first] = chunks
      const last = chunks.at(-1)
      if (first === undefined || last === undefined) return undefined
      const kept = chunks.map((head) => (gone ? keptOf(head, gone) : null))
      const sizes = chunks.map((head, index) => kept[index]?.length ?? head.clicks)
      const clicks = sizes.reduce((sum, size) => sum + size, 0)
      if (clicks === 0 || clicks > CHUNK_CLICKS_MAX) return undefined
      const gather = <T extends Float64Array | Uint32Array>(
        target: T,
        valueAt: (head: ChunkHead) => (place: number) => number,
      ): T => {
        let at = 0
        for (const [index, head] of chunks.entries()) {
          const value = valueAt(head)
          const places = kept[index]
          const size = sizes[index] ?? 0
          for (let n = 0; n < size; n++) target[at++] = value(places ? (places[n] ?? 0) : n)
        }
        return target
      }
      const times = gather(new Float64Array(clicks), (head) => {
        const { first: firstAt, offsets } = store.timesOf(head)
        return (place) => firstAt + (offsets[place] ?? 0)
      })
      const kinds = gather(new Uint32Array(clicks), (head) => {
        const values = store.kindsOf(head)
        return (place) => values[place] ?? 0
      })
      const { workspaceNo, firstId } = first
      return chunkOf({ workspaceNo, firstId, lastId: last.lastId }, times, kinds, (name) =>
        gather(new Uint32Array(clicks), (head) => {
          const { values, codes } = store.valuesOf(head, name)
          return (place) => values[codes?.[place] ?? 0] ?? 0
        }),
      )
    },
  }

  /** Places of the clicks that are not of `gone` links; null for all. */
  function keptOf(head: ChunkHead, gone: ReadonlySet<number>): number[] | null {
    const { values, codes } = store.valuesOf(head, 'link')
    if (!values.some((no) => gone.has(no))) return null
    return Array.from({ length: head.clicks }, (_, place) => place).filter(
      (place) => !gone.has(values[codes?.[place] ?? 0] ?? 0),
    )
  }

  return store
}

export type ChunkStore = ReturnType<typeof createChunkStore>
