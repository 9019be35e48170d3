import { type Click, type ClickDimension, DIMENSIONS } from './dimension'

/** What chunks hold of a click: numbers of `click_columns.column`. */
export const COLUMNS = { ...DIMENSIONS, kind: 30, at: 31 } as const

/** A column whose values are numbers of terms or links. */
export type ChunkColumn = ClickDimension | 'link'

/** The columns of terms and links by name. */
export const CHUNK_COLUMNS: readonly ChunkColumn[] = [
  ...(['country', 'device', 'os', 'browser', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
  ...(['region', 'city', 'variant', 'rule', 'link'] as const),
]

/** So many clicks at most, so that a place within a chunk and a code fit into 16 bits. */
export const CHUNK_CLICKS_MAX = 65_536

export type ChunkHead = {
  workspaceNo: number
  firstId: number
  lastId: number
  clicks: number
  firstAt: number
  lastAt: number
}

/** A run of clicks of a workspace, column by column; a column that is absent holds nothing but 0. */
export type Chunk = ChunkHead & { columns: ReadonlyMap<number, Uint8Array> }

/** Values by code. Without codes every click has the first value. */
export type Coded = { values: Uint32Array; codes: Uint8Array | Uint16Array | null }

/**
 * Packs values as 32 bits each of their count and themselves, then a code of one or two bytes a
 * click; undefined when all are 0.
 */
export function packValues(values: ArrayLike<number>): Uint8Array | undefined {
  const codes = new Uint16Array(values.length)
  const known = new Map<number, number>()
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0
    let code = known.get(value)
    if (code === undefined) {
      code = known.size
      known.set(value, code)
    }
    codes[index] = code
  }
  if (known.size === 1 && known.has(0)) return undefined
  const head = Uint32Array.of(known.size, ...known.keys())
  const tail = known.size === 1 ? [] : known.size <= 256 ? Uint8Array.from(codes) : bytesOf(codes)
  const bytes = new Uint8Array(head.byteLength + tail.length)
  bytes.set(bytesOf(head))
  bytes.set(tail, head.byteLength)
  return bytes
}

export function unpackValues(bytes: Uint8Array | undefined, clicks: number): Coded {
  if (bytes === undefined) return { values: Uint32Array.of(0), codes: null }
  const { buffer, byteOffset } = aligned(bytes)
  const count = new Uint32Array(buffer, byteOffset, 1)[0] ?? 0
  const values = new Uint32Array(buffer, byteOffset + 4, count)
  const at = byteOffset + 4 + count * 4
  if (count === 1) return { values, codes: null }
  return {
    values,
    codes: count <= 256 ? new Uint8Array(buffer, at, clicks) : new Uint16Array(buffer, at, clicks),
  }
}

/** Packs times: the first of all as 64 bits, then what is added, in 32 bits where that suffices. */
export function packTimes(times: ArrayLike<number>): Uint8Array {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let index = 0; index < times.length; index++) {
    least = Math.min(least, times[index] ?? 0)
    most = Math.max(most, times[index] ?? 0)
  }
  const offsets =
    most - least < 2 ** 32 ? new Uint32Array(times.length) : new Float64Array(times.length)
  for (let index = 0; index < times.length; index++) offsets[index] = (times[index] ?? 0) - least
  const bytes = new Uint8Array(8 + offsets.byteLength)
  bytes.set(bytesOf(Float64Array.of(least)))
  bytes.set(bytesOf(offsets), 8)
  return bytes
}

export type Times = { first: number; offsets: Uint32Array | Float64Array }

export function unpackTimes(bytes: Uint8Array, clicks: number): Times {
  const { buffer, byteOffset, byteLength } = aligned(bytes)
  const first = new Float64Array(buffer, byteOffset, 1)[0] ?? 0
  const isWide = byteLength === 8 + 8 * clicks
  const offsets = isWide
    ? new Float64Array(buffer, byteOffset + 8, clicks)
    : new Uint32Array(buffer, byteOffset + 8, clicks)
  return { first, offsets }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Bytes that wider numbers can be laid over. */
const aligned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()

/** The verdict, and above it the firsts. */
export const kindOf = (verdict: number, firsts: number): number => verdict | (firsts << 3)

type Run = {
  firstId: number
  lastId: number
  at: number[]
  kind: number[]
  columns: Record<ChunkColumn, number[]>
}

/** Collects clicks in the order of their ids, by workspace. */
export function createChunks() {
  const runs = new Map<number, Run>()

  function runOf({ workspaceNo, id }: Click): Run {
    let run = runs.get(workspaceNo)
    if (run === undefined) {
      // The marked boundary: a record of exactly these columns.
      const columns = Object.fromEntries(
        CHUNK_COLUMNS.map((name): [ChunkColumn, number[]] => [name, []]),
      ) as Record<ChunkColumn, number[]>
      run = { firstId: id, lastId: id, at: [], kind: [], columns }
      runs.set(workspaceNo, run)
    }
    return run
  }

  return {
    add(click: Click): void {
      const run = runOf(click)
      run.lastId = click.id
      run.at.push(click.at)
      run.kind.push(kindOf(click.verdict, click.firsts))
      for (const name of CHUNK_COLUMNS) {
        run.columns[name].push(name === 'link' ? click.linkNo : (click[name] ?? 0))
      }
    },
    all: (): Chunk[] =>
      [...runs].map(([workspaceNo, { firstId, lastId, at, kind, columns }]) =>
        chunkOf({ workspaceNo, firstId, lastId }, at, kind, (name) => columns[name]),
      ),
  }
}

/** Packs columns. */
export function chunkOf(
  ids: Pick<ChunkHead, 'workspaceNo' | 'firstId' | 'lastId'>,
  at: ArrayLike<number>,
  kind: ArrayLike<number>,
  valuesOf: (name: ChunkColumn) => ArrayLike<number>,
): Chunk {
  let [firstAt, lastAt] = [Number.MAX_SAFE_INTEGER, 0]
  for (let index = 0; index < at.length; index++) {
    firstAt = Math.min(firstAt, at[index] ?? 0)
    lastAt = Math.max(lastAt, at[index] ?? 0)
  }
  const columns = new Map<number, Uint8Array>()
  columns.set(COLUMNS.at, packTimes(at))
  columns.set(COLUMNS.kind, Uint8Array.from(kind))
  for (const name of CHUNK_COLUMNS) {
    const bytes = packValues(valuesOf(name))
    if (bytes) columns.set(COLUMNS[name], bytes)
  }
  return { ...ids, clicks: at.length, firstAt, lastAt, columns }
}
