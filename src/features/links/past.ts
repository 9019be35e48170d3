import { eq } from 'drizzle-orm'
import type { Tx } from '../../platform/database'
import { type LinkRow, links } from './table'

/** What a link was in the system it comes from; undefined is not known. */
export type LinkPast = {
  createdAt?: number | undefined
  /** Clicks counted there. */
  clicks?: number | undefined
  isActive?: boolean | undefined
  /** A hash that the visitor's password is verified against; given with the input, not after. */
  passwordHash?: string | undefined
}

/** Gives a link its past, in the transaction that creates or changes it. */
export function withPast(tx: Tx, row: LinkRow, past: LinkPast): LinkRow {
  const { createdAt, clicks: importedClicks, isActive } = past
  const known = Object.entries({ createdAt, importedClicks, isActive }).filter(
    ([, value]) => value !== undefined,
  )
  if (known.length === 0) return row
  return tx
    .update(links)
    .set(Object.fromEntries(known))
    .where(eq(links.no, row.no))
    .returning()
    .get()
}
