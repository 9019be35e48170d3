import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import { BulkOperation, type BulkResult } from './bulk-schema'
import type { LinkService } from './service'

/** Rows of one transaction; with {@link SLICE_MS} what keeps other requests from waiting. */
const SLICE_ROWS = 6
const SLICE_MS = 8

export type BulkDeps = {
  db: Database
  clock: Clock
  links: Pick<LinkService, 'create' | 'update' | 'delete' | 'usageOf'>
  /** Lets the event loop have its turn between two slices. */
  nextTurn: () => Promise<void>
}

export type LinkBulk = ReturnType<typeof createLinkBulk>

/** Many links in one call: each row succeeds or fails by itself, in order. */
export function createLinkBulk({ db, clock, links, nextTurn }: BulkDeps) {
  function perform(principal: Principal, operation: BulkOperation): Done {
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

  function run(principal: Principal, row: unknown, index: number): BulkResult {
    const parsed = BulkOperation.safeParse(row)
    if (!parsed.success) return refused(index, null, invalidRow(parsed.error.issues))
    const { op } = parsed.data
    try {
      // A savepoint: what a row did before it failed is undone.
      const done = db.write(() => perform(principal, parsed.data))
      return { index, op, ...done, error: null }
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return refused(index, op, error)
    }
  }

  /** One durable transaction of a few rows; returns how far it came. */
  function slice(principal: Principal, rows: readonly unknown[], results: BulkResult[]): void {
    const startedAt = clock.now()
    const done = db.write(() => {
      const some: BulkResult[] = []
      for (const row of rows.slice(results.length, results.length + SLICE_ROWS)) {
        some.push(run(principal, row, results.length + some.length))
        if (clock.now() - startedAt >= SLICE_MS) break
      }
      return some
    })
    results.push(...done)
  }

  return {
    /**
     * Creates, changes and deletes in the order given, in slices that leave the event loop free.
     * A result per row; a row that is refused changes nothing. Throws `unavailable`, after which
     * the rows of earlier slices stay.
     */
    async run(principal: Principal, rows: readonly unknown[]) {
      const results: BulkResult[] = []
      while (results.length < rows.length) {
        slice(principal, rows, results)
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
