import { and, asc, count, eq, gt, isNull, sql } from 'drizzle-orm'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { ImportQuery } from './schema'
import { type ImportedRow, type ImportRow, importRows, imports, type RowStatus } from './table'

export const NO_ROWS: Readonly<Record<RowStatus, number>> = {
  ...{ create: 0, rename: 0, update: 0, skip: 0, error: 0 },
  ...{ created: 0, updated: 0, failed: 0 },
}

const value = sql.placeholder

export type ImportRows = ReturnType<typeof createImportRows>

/** Statements that run for every row of a file, compiled once. */
export function createImportRows({ read }: Pick<Database, 'read'>) {
  const ofImport = eq(importRows.importNo, value('importNo'))
  const planned = read
    .select({ no: importRows.no })
    .from(importRows)
    .where(and(ofImport, eq(importRows.slug, value('slug')), eq(importRows.host, value('host'))))
    .limit(1)
    .prepare()
  const plannedId = read
    .select({ no: importRows.no })
    .from(importRows)
    .where(and(ofImport, eq(importRows.externalId, value('externalId'))))
    .limit(1)
    .prepare()
  const live = read
    .select()
    .from(imports)
    .where(and(eq(imports.no, value('no')), isNull(imports.deletedAt)))
    .prepare()
  return {
    /** Whether a row before gives its link this slug. */
    isPlanned: (importNo: number, host: string, slug: string): boolean =>
      planned.get({ importNo, host, slug }) !== undefined,
    isPlannedId: (importNo: number, externalId: string): boolean =>
      plannedId.get({ importNo, externalId }) !== undefined,
    /** The import as it is now; undefined once it is deleted. */
    reload: (no: number): ImportRow | undefined => live.get({ no }),
  }
}

/** Imports of a workspace that hold a file or a plan nobody has applied. */
export function countOpen(tx: Tx, workspaceId: string): number {
  const open = and(
    eq(imports.workspaceId, workspaceId),
    isNull(imports.deletedAt),
    sql`${imports.status} IN ('parsing', 'ready', 'applying')`,
  )
  return tx.select({ n: count() }).from(imports).where(open).get()?.n ?? 0
}

const ROW_ORDER = 'row'

/** Rows of an import in the order of its file. Throws `validation_failed` for a bad cursor. */
export function pageOfRows(tx: Tx, { no }: ImportRow, query: ImportQuery): Page<ImportedRow> {
  const { limit, status } = query
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ROW_ORDER)
  const found = tx
    .select()
    .from(importRows)
    .where(
      and(
        eq(importRows.importNo, no),
        status && eq(importRows.status, status),
        after && gt(importRows.no, Number(after.value)),
      ),
    )
    .orderBy(asc(importRows.no))
    .limit(limit + 1)
    .all()
  const data = found.slice(0, limit)
  const last = found.length > limit ? data.at(-1) : undefined
  const nextCursor = last
    ? encodeCursor({ sort: ROW_ORDER, value: last.no, id: String(last.no) })
    : null
  return { data, meta: { total: null, limit, offset: 0, nextCursor } }
}

/** Files that are still to be read. */
export const storedNames = ({ read }: Pick<Database, 'read'>): ReadonlySet<string> => {
  const waiting = read
    .select({ name: imports.storedName })
    .from(imports)
    .where(eq(imports.status, 'parsing'))
    .all()
  return new Set(waiting.flatMap(({ name }) => name ?? []))
}
