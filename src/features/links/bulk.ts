import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import { BulkOperation, type BulkResult } from './bulk-schema'
import type { LinkPreparation } from './preparation'
import type { PreparedLink, PreparedUpdate } from './schema'
import type { LinkService } from './service'

/** Rows of one transaction; with {@link SLICE_MS} what keeps other requests from waiting. */
const SLICE_ROWS = 6
const SLICE_MS = 8

export type BulkDeps = {
  db: Database
  clock: Clock
  links: Pick<LinkService, 'create' | 'update' | 'delete' | 'usageOf'>
  preparation: LinkPreparation
  /** Lets the event loop have its turn between two slices. */
  nextTurn: () => Promise<void>
}

type Operation =
  | (PreparedLink & { op: 'create' })
  | (PreparedUpdate & { op: 'update'; id: string })
  | Extract<BulkOperation, { op: 'delete' }>

/** A row ready to be done, or what is wrong with it before it is tried. */
type Row = { operation: Operation } | { refusal: AppError }

export type LinkBulk = ReturnType<typeof createLinkBulk>

/** Many links in one call: each row succeeds or fails by itself, in order. */
export function createLinkBulk({ db, clock, links, preparation, nextTurn }: BulkDeps) {
  async function prepare(principal: Principal, row: unknown): Promise<Row> {
    const parsed = BulkOperation.safeParse(row)
    if (!parsed.success) return { refusal: invalidRow(parsed.error.issues) }
    const { data } = parsed
    if (data.op === 'delete') return { operation: data }
    if (data.op === 'create') {
      return { operation: { ...(await preparation.create(principal, data)), op: 'create' } }
    }
    const { id } = data
    return { operation: { ...(await preparation.update(principal, id, data)), op: 'update', id } }
  }

  function perform(principal: Principal, operation: Operation): Done {
    if (operation.op === 'delete') {
      return { status: 200, id: links.delete(principal, operation.id), ...NO_ADDRESS }
    }
    const { link, isNew } =
      operation.op === 'create'
        ? links.create(principal, operation)
        : { link: links.update(principal, operation.id, operation), isNew: false }
    const { id, slug } = link.row
    return { status: isNew ? 201 : 200, id, slug, shortUrl: link.shortUrl }
  }

  function run(principal: Principal, row: Row, index: number): BulkResult {
    if ('refusal' in row) return refused(index, null, row.refusal)
    const { operation } = row
    const { op } = operation
    try {
      // A savepoint: what a row did before it failed is undone.
      const done = db.write(() => perform(principal, operation))
      return { index, op, ...done, error: null }
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return refused(index, op, error)
    }
  }

  /** One durable transaction of a few rows, in order; takes those that it did. */
  function slice(principal: Principal, ready: Row[], results: BulkResult[]): void {
    const startedAt = clock.now()
    const done = db.write(() => {
      const some: BulkResult[] = []
      for (const row of ready) {
        some.push(run(principal, row, results.length + some.length))
        if (clock.now() - startedAt >= SLICE_MS) break
      }
      return some
    })
    results.push(...done)
    ready.splice(0, done.length)
  }

  return {
    /**
     * Creates, changes and deletes in the order given, in slices that leave the event loop free.
     * A result per row; a row that is refused changes nothing. Throws `unavailable`, after which
     * the rows of earlier slices stay. Passwords cost tens of milliseconds of a core each, a slice's
     * at a time.
     */
    async run(principal: Principal, rows: readonly unknown[]) {
      const results: BulkResult[] = []
      let ready: Row[] = []
      while (results.length < rows.length) {
        const known = results.length + ready.length
        const more = rows.slice(known, results.length + SLICE_ROWS)
        ready = [...ready, ...(await Promise.all(more.map((row) => prepare(principal, row))))]
        slice(principal, ready, results)
        if (results.length < rows.length) await nextTurn()
      }
      const failed = results.filter(({ error }) => error !== null).length
      return {
        data: results,
        meta: { total: results.length, succeeded: results.length - failed, failed },
        usage: links.usageOf(principal),
      }
    },
  }
}

type Done = Pick<BulkResult, 'status' | 'id' | 'slug' | 'shortUrl'>

const NO_ADDRESS = { slug: null, shortUrl: null }

function refused(index: number, op: BulkResult['op'], error: AppError): BulkResult {
  const { code, message, status, options } = error
  const field = options.field ?? null
  return { index, op, status, id: null, ...NO_ADDRESS, error: { code, message, field } }
}

function invalidRow(issues: readonly { path: PropertyKey[]; message: string }[]): AppError {
  const [issue] = issues
  const field = issue?.path.map(String).join('.') || undefined
  return new AppError('validation_failed', `${field ?? 'The row'}: ${issue?.message}.`, { field })
}
