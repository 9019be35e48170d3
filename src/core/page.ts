import { invalid } from './errors'

/** One page of a list, as contract §1 shows it. `total` is null where rows are unbounded. */
export type Page<T> = {
  data: T[]
  meta: { total: number | null; limit: number; offset: number; nextCursor: string | null }
}

/** Where the next page begins: the sort value and id of the last row shown. */
export type Cursor = { sort: string; value: string | number; id: string }

/** Opaque text of a cursor, base64url. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.sort, cursor.value, cursor.id])).toString('base64url')
}

/** Reads a cursor made for the same sort order. Throws `validation_failed` on any other text. */
export function decodeCursor(text: string, sort: string): Cursor {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (Array.isArray(parsed) && parsed.length === 3) {
      const [cursorSort, value, id] = parsed as unknown[]
      const validValue = typeof value === 'string' || typeof value === 'number'
      if (cursorSort === sort && validValue && typeof id === 'string') return { sort, value, id }
    }
  } catch {
    // Falls through to the one refusal below.
  }
  throw invalid('cursor', 'This cursor is not valid for this list. Start again without it.')
}
