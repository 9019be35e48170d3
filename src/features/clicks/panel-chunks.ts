import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import { CHUNK_CLICKS_MAX, type ChunkColumn, type ChunkHead, type Coded } from './chunk'
import { createChunkStore, type PurgedClicks } from './chunk-store'
import type { ClickFilter } from './panel-filter'
import type { Sink } from './panel-sink'

export type ChunkScan = {
  workspaceNo: number
  /** Null for all. */
  linkNos: readonly number[] | null
  /** Null for all time. */
  span: Span | null
  filters: readonly ClickFilter[]
}

/** Clicks by their ids, both included. */
export type IdRange = { fromId: number; toId: number }

/** Verdict and firsts together are less. */
const KINDS = 32

/**
 * Counts clicks column by column: a few nanoseconds a click, since most of them are never looked
 * at as rows. What a filter does not let through is left out before any other column is read.
 */
export function createPanelChunks(db: Database) {
  const store = createChunkStore(db)
  const places = new Uint16Array(CHUNK_CLICKS_MAX)

  /** How many places of a chunk are left, the first so many of `places`; all of them while null. */
  type Selection = { count: number; isAll: boolean }

  function narrow(chosen: Selection, column: Coded, lets: (value: number) => boolean): void {
    if (chosen.count === 0) return
    const table = Uint8Array.from(column.values, (value) => (lets(value) ? 1 : 0))
    if (!table.includes(0)) return
    if (column.codes === null || !table.includes(1)) {
      chosen.count = 0
      return
    }
    chosen.count = chosen.isAll
      ? narrowAll(column.codes, table, chosen.count, places)
      : narrowSome(column.codes, table, chosen.count, places)
    chosen.isAll = false
  }

  function narrowTime(chosen: Selection, head: ChunkHead, { startMs, endMs }: Span): void {
    if (head.firstAt >= startMs && head.lastAt < endMs) return
    const { first, offsets } = store.timesOf(head)
    const [from, to] = [startMs - first, endMs - first]
    let kept = 0
    for (let n = 0; n < chosen.count; n++) {
      const place = chosen.isAll ? n : (places[n] ?? 0)
      const offset = offsets[place] ?? 0
      if (offset >= from && offset < to) places[kept++] = place
    }
    chosen.count = kept
    chosen.isAll = false
  }

  function count(head: ChunkHead, chosen: Selection, sinks: readonly Sink[]): void {
    const kinds = store.kindsOf(head)
    const rest = chosen.isAll ? null : places
    for (const sink of sinks) {
      if (sink.bins) countBins(head, chosen, sink, sink.bins, kinds)
      else {
        const { values, codes } = sink.column
          ? store.valuesOf(head, sink.column)
          : { values: NOTHING, codes: null }
        const sums = new Uint32Array(values.length * KINDS)
        if (codes === null) countKinds(kinds, rest, chosen.count, sums)
        else countCodes(codes, kinds, rest, chosen.count, sums)
        handOver(sums, (key) => values[key] ?? 0, sink)
      }
    }
  }

  function countBins(
    head: ChunkHead,
    chosen: Selection,
    sink: Sink,
    bins: readonly Span[],
    kinds: Uint8Array,
  ): void {
    const { first, offsets } = store.timesOf(head)
    const sums = new Uint32Array(bins.length * KINDS)
    let bin = 0
    let [from, to] = [(bins[0]?.startMs ?? 0) - first, (bins[0]?.endMs ?? 0) - first]
    for (let n = 0; n < chosen.count; n++) {
      const place = chosen.isAll ? n : (places[n] ?? 0)
      const offset = offsets[place] ?? 0
      // Times go on and on but for a clock that is set back.
      while (offset >= to && bin + 1 < bins.length) {
        bin += 1
        ;[from, to] = [(bins[bin]?.startMs ?? 0) - first, (bins[bin]?.endMs ?? 0) - first]
      }
      while (offset < from && bin > 0) {
        bin -= 1
        ;[from, to] = [(bins[bin]?.startMs ?? 0) - first, (bins[bin]?.endMs ?? 0) - first]
      }
      if (offset < from || offset >= to) continue
      const at = bin * KINDS + (kinds[place] ?? 0)
      sums[at] = (sums[at] ?? 0) + 1
    }
    handOver(sums, (key) => key, sink)
  }

  function scanChunk(
    head: ChunkHead,
    scan: ChunkScan,
    links: ((no: number) => boolean) | null,
    sinks: readonly Sink[],
  ): void {
    const chosen: Selection = { count: head.clicks, isAll: true }
    if (links) narrow(chosen, store.valuesOf(head, 'link'), links)
    for (const { dimension, terms, isExcluded } of scan.filters) {
      if (chosen.count === 0) return
      const lets = (term: number): boolean => terms.includes(term) !== isExcluded
      narrow(chosen, store.valuesOf(head, dimension satisfies ChunkColumn), lets)
    }
    if (scan.span && chosen.count > 0) narrowTime(chosen, head, scan.span)
    if (chosen.count > 0) count(head, chosen, sinks)
  }

  return {
    /** Counts clicks that chunks hold; answers those that must be read as rows instead. */
    scan(scan: ChunkScan, sinks: readonly Sink[]): IdRange[] {
      if (sinks.length === 0) return []
      const heads = store.heads(scan.workspaceNo, scan.span)
      const purged = store.purgedOf(scan.workspaceNo)
      const known = scan.linkNos && new Set(scan.linkNos)
      const asRows: IdRange[] = []
      for (const head of heads) {
        if (purged.some((link) => isHalfGone(link, head))) {
          asRows.push({ fromId: head.firstId, toId: head.lastId })
          continue
        }
        const gone = goneFrom(head, purged)
        const isOpen = known === null && gone === null
        const lets = (no: number): boolean => (known?.has(no) ?? true) && !gone?.has(no)
        scanChunk(head, scan, isOpen ? null : lets, sinks)
      }
      return asRows
    },
  }
}

const NOTHING = Uint32Array.of(0)

/** A link that is being purged has clicks left in the chunk that it has got to. */
const isHalfGone = ({ toId, cleanedId }: PurgedClicks, head: ChunkHead): boolean =>
  cleanedId === null && toId >= head.firstId && toId < head.lastId

function goneFrom(head: ChunkHead, purged: readonly PurgedClicks[]): ReadonlySet<number> | null {
  const gone = purged.filter(({ toId, cleanedId }) =>
    cleanedId === null ? toId >= head.lastId : cleanedId < head.lastId,
  )
  return gone.length === 0 ? null : new Set(gone.map(({ linkNo }) => linkNo))
}

function handOver(sums: Uint32Array, keyOf: (place: number) => number, sink: Sink): void {
  for (let at = 0; at < sums.length; at++) {
    const clicks = sums[at] ?? 0
    if (clicks > 0) sink.addMany(keyOf(Math.floor(at / KINDS)), at % KINDS, clicks)
  }
}

type Codes = Uint8Array | Uint16Array

function narrowAll(codes: Codes, table: Uint8Array, count: number, places: Uint16Array): number {
  let kept = 0
  for (let place = 0; place < count; place++) {
    places[kept] = place
    kept += table[codes[place] ?? 0] ?? 0
  }
  return kept
}

function narrowSome(codes: Codes, table: Uint8Array, count: number, places: Uint16Array): number {
  let kept = 0
  for (let n = 0; n < count; n++) {
    const place = places[n] ?? 0
    places[kept] = place
    kept += table[codes[place] ?? 0] ?? 0
  }
  return kept
}

function countKinds(
  kinds: Uint8Array,
  places: Uint16Array | null,
  count: number,
  sums: Uint32Array,
): void {
  for (let n = 0; n < count; n++) {
    const kind = kinds[places === null ? n : (places[n] ?? 0)] ?? 0
    sums[kind] = (sums[kind] ?? 0) + 1
  }
}

function countCodes(
  codes: Codes,
  kinds: Uint8Array,
  places: Uint16Array | null,
  count: number,
  sums: Uint32Array,
): void {
  for (let n = 0; n < count; n++) {
    const place = places === null ? n : (places[n] ?? 0)
    const at = (codes[place] ?? 0) * KINDS + (kinds[place] ?? 0)
    sums[at] = (sums[at] ?? 0) + 1
  }
}
