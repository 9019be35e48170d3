import { CsvError } from 'csv-parse/sync'
import { eq } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import { type CsvLine, directoryKeyOf, InventoryLine, linesOf } from './inventory'
import type { DirectoryImport, ImportDirectories } from './schema'
import { type DirectoryRow, directories, type NewDirectory } from './table'

/** They are stored in one transaction, about half a millisecond each. */
const LINES_MAX = 500

export type DirectoryImportDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
}

type Rating = { source: string | null; fetchedAt: number }
type Outcome = DirectoryImport['rows'][number]

/** The columns that a line fills. A rating comes with where and when it was taken, or not at all. */
export function columnsOf(given: InventoryLine, { source, fetchedAt }: Rating) {
  const columns = {
    name: given.name,
    submitUrl: given.submit_url,
    categories: given.categories,
    country: given.country,
    mode: given.mode,
    price: given.price,
    status: given.status,
    needsLogin: given.login,
    needsCaptcha: given.captcha,
    needsReciprocalLink: given.reciprocal_link,
    notes: given.notes,
    ...(given.dr === undefined ? {} : { dr: given.dr, drSource: source, drFetchedAt: fetchedAt }),
  }
  const said = Object.entries(columns).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as Partial<NewDirectory>
}

/** A row for a directory that is not known yet, which a person submits to unless a line says else. */
export const newDirectory = (
  given: InventoryLine,
  columns: Partial<NewDirectory>,
  now: number,
) => ({
  ...{ categories: [], price: 'free' as const, mode: 'manual' as const, status: 'active' as const },
  ...columns,
  key: directoryKeyOf(given.home_url),
  name: given.name ?? directoryKeyOf(given.home_url),
  homeUrl: given.home_url,
  ...{ createdAt: now, updatedAt: now },
})

/** Reads directories and their ratings from a file of the operator's. */
export function createDirectoryImport({ db, clock, audit }: DirectoryImportDeps) {
  function update(tx: Tx, row: DirectoryRow, columns: Partial<NewDirectory>): boolean {
    const known = new Map<string, unknown>(Object.entries(row))
    const isSame = Object.entries(columns).every(
      ([name, value]) => JSON.stringify(known.get(name)) === JSON.stringify(value),
    )
    if (isSame) return false
    const changes = { ...columns, updatedAt: clock.now() }
    tx.update(directories).set(changes).where(eq(directories.id, row.id)).run()
    return true
  }

  function apply(tx: Tx, { line, cells }: CsvLine, rating: Rating): Outcome {
    const read = InventoryLine.safeParse(cells)
    if (!read.success) {
      const [issue] = read.error.issues
      const message = `${issue?.path.join('.') ?? 'The line'}: ${issue?.message ?? 'is wrong'}.`
      return { line, directory_id: null, result: 'failed', message }
    }
    const columns = columnsOf(read.data, rating)
    const key = directoryKeyOf(read.data.home_url)
    const row = tx.select().from(directories).where(eq(directories.key, key)).get()
    if (row) {
      const result = update(tx, row, columns) ? 'updated' : 'unchanged'
      return { line, directory_id: row.id, result, message: null }
    }
    const values = newDirectory(read.data, columns, clock.now())
    const { id } = tx.insert(directories).values(values).returning({ id: directories.id }).get()
    return { line, directory_id: id, result: 'created', message: null }
  }

  /**
   * Applies a file line by line, and says of each what became of it; good lines count though others
   * fail. Throws `validation_failed` for what is no CSV, has over 500 lines, or has ratings without
   * a source.
   */
  return function importDirectories(actor: Actor, input: ImportDirectories): DirectoryImport {
    const lines = readLines(input.csv)
    const isRated = lines.some(({ cells }) => cells.dr !== undefined && cells.dr !== '')
    if (isRated && !input.source) throw invalid('source', 'Say where these ratings are from.')
    const fetchedAt = input.fetched_at ? new Date(input.fetched_at).getTime() : clock.now()
    if (fetchedAt > clock.now()) throw invalid('fetched_at', 'must not be in the future')
    return db.write((tx) => {
      const rating = { source: input.source ?? null, fetchedAt }
      const rows = lines.map((line) => apply(tx, line, rating))
      const countOf = (result: Outcome['result']): number =>
        rows.filter((row) => row.result === result).length
      const counts = {
        ...{ created: countOf('created'), updated: countOf('updated') },
        ...{ unchanged: countOf('unchanged'), failed: countOf('failed') },
      }
      audit.record(tx, {
        ...{ workspaceId: null, actor, action: 'directories.imported', subjectId: null },
        details: { ...counts, source: rating.source },
      })
      return { ...counts, rows }
    })
  }
}

function readLines(csv: string): CsvLine[] {
  try {
    const lines = linesOf(csv)
    if (lines.length > LINES_MAX) throw invalid('csv', `must have at most ${LINES_MAX} lines`)
    if (lines.some(({ cells }) => cells.home_url === undefined)) {
      throw invalid('csv', 'needs a column named home_url in its first line')
    }
    return lines
  } catch (error) {
    if (error instanceof CsvError) throw invalid('csv', `is not good CSV: ${error.message}`)
    throw error
  }
}
