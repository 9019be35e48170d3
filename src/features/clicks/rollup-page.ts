import { COUNT_COLUMNS, type Counts, countsOf } from './panel-counts'

/** Values of one page: neighbouring numbers are counted together. */
export const PAGE_SIZE = 256

/** The page that a value's number is on. */
export const pageOf = (term: number): number => Math.floor(term / PAGE_SIZE)

/**
 * Counts of a page as bytes. A value is its number's last byte, a byte of flags for the counts that
 * are not zero, and those as LEB128 (DWARF 5, section 7.6), in the order of `COUNT_COLUMNS`.
 */
export function packCells(cells: ReadonlyMap<number, Counts>): Uint8Array {
  const bytes: number[] = []
  for (const [term, counts] of cells) {
    const flagsAt = bytes.length + 1
    bytes.push(term % PAGE_SIZE, 0)
    let flags = 0
    for (let index = 0; index < COUNT_COLUMNS.length; index++) {
      let rest = counts[index] ?? 0
      if (rest === 0) continue
      flags |= 1 << index
      while (rest > 127) {
        bytes.push((rest % 128) | 128)
        rest = Math.floor(rest / 128)
      }
      bytes.push(rest)
    }
    bytes[flagsAt] = flags
    if (flags === 0) bytes.length -= 2
  }
  return Uint8Array.from(bytes)
}

/** Adds a page's counts to `sums`, or takes them off, of the values that `lets` lets through. */
export function addPage(
  sums: Map<number, Counts>,
  bytes: Uint8Array,
  page: number,
  { sign = 1, lets }: { sign?: 1 | -1; lets?: ((term: number) => boolean) | undefined } = {},
): void {
  const base = page * PAGE_SIZE
  let at = 0
  while (at < bytes.length) {
    const term = base + (bytes[at] ?? 0)
    let flags = bytes[at + 1] ?? 0
    at += 2
    const counts = lets === undefined || lets(term) ? countsOf(sums, term) : undefined
    for (let index = 0; flags > 0; index++, flags >>= 1) {
      if ((flags & 1) === 0) continue
      let byte = bytes[at++] ?? 0
      let value = byte & 127
      for (let scale = 128; byte > 127; scale *= 128) {
        byte = bytes[at++] ?? 0
        value += (byte & 127) * scale
      }
      if (counts) counts[index] = (counts[index] ?? 0) + sign * value
    }
  }
}
