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

type AddOptions = { sign?: 1 | -1 | undefined; lets?: ((term: number) => boolean) | undefined }

const WIDTH = COUNT_COLUMNS.length

/**
 * Adds the counts of a page's values, each `stride` numbers behind the value before it: side by
 * side with {@link WIDTH}, all together with 0. Answers how many values there were; they are the
 * first of {@link met}.
 */
function addCells(
  sums: Float64Array,
  stride: number,
  bytes: Uint8Array,
  page: number,
  { sign = 1, lets }: AddOptions,
): number {
  const base = page * PAGE_SIZE
  const end = bytes.length
  let count = 0
  let at = 0
  while (at < end) {
    const cell = bytes[at] ?? 0
    const isWanted = lets === undefined || lets(base + cell)
    if (isWanted) met[count++] = cell
    const target = isWanted ? sums : skipped
    let index = isWanted ? cell * stride : 0
    let flags = bytes[at + 1] ?? 0
    at += 2
    for (; flags > 0; index++, flags >>= 1) {
      if ((flags & 1) === 0) continue
      let byte = bytes[at++] ?? 0
      let value = byte & 127
      for (let scale = 128; byte > 127; scale *= 128) {
        byte = bytes[at++] ?? 0
        value += (byte & 127) * scale
      }
      target[index] = (target[index] ?? 0) + sign * value
    }
  }
  return count
}

const met = new Uint8Array(PAGE_SIZE)
const skipped = new Float64Array(WIDTH)
const scratch = new Float64Array(PAGE_SIZE * WIDTH)

/** Moves the counts of a value from a row of numbers, which is zero there afterwards. */
function take(counts: Counts, from: Float64Array, cell: number): void {
  for (let index = 0; index < WIDTH; index++) {
    counts[index] = (counts[index] ?? 0) + (from[cell * WIDTH + index] ?? 0)
    from[cell * WIDTH + index] = 0
  }
}

/** Adds a page's counts to `sums`, or takes them off, of the values that `lets` lets through. */
export function addPage(
  sums: Map<number, Counts>,
  bytes: Uint8Array,
  page: number,
  options: AddOptions = {},
): void {
  const count = addCells(scratch, WIDTH, bytes, page, options)
  for (let nth = 0; nth < count; nth++) {
    const cell = met[nth] ?? 0
    take(countsOf(sums, page * PAGE_SIZE + cell), scratch, cell)
  }
}

/** As {@link addPage}, all values together. */
export function addPageTogether(
  sum: Counts,
  bytes: Uint8Array,
  page: number,
  options: AddOptions = {},
): void {
  addCells(scratch, 0, bytes, page, options)
  take(sum, scratch, 0)
}

/**
 * Counts of many pages. Those of the same number are added up value by value in one row of
 * numbers, which takes a fraction of looking up each value of each page.
 */
export function createPageSums() {
  const pages = new Map<number, { sums: Float64Array; isMet: Uint8Array }>()
  return {
    /** Adds a page, or takes it off. */
    add(bytes: Uint8Array, page: number, options: AddOptions): void {
      let known = pages.get(page)
      if (known === undefined) {
        known = { sums: new Float64Array(PAGE_SIZE * WIDTH), isMet: new Uint8Array(PAGE_SIZE) }
        pages.set(page, known)
      }
      const count = addCells(known.sums, WIDTH, bytes, page, options)
      for (let nth = 0; nth < count; nth++) known.isMet[met[nth] ?? 0] = 1
    },

    /** Moves everything to `sums` by value. */
    moveTo(sums: Map<number, Counts>): void {
      for (const [page, { sums: found, isMet }] of pages) {
        for (let cell = 0; cell < PAGE_SIZE; cell++) {
          if (isMet[cell]) take(countsOf(sums, page * PAGE_SIZE + cell), found, cell)
        }
      }
    },
  }
}
