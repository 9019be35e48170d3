import { eq } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Passwords } from '../../platform/passwords'
import type { SealedFiles } from '../../platform/sealed-files'
import type { Vault } from '../../platform/vault'
import type { Entitlements } from '../billing/service'
import type { Labels } from '../labels/service'
import { deleteRows, principalOf } from './actor'
import { type FileEntry, linksOf } from './link-of'
import type { SourceRecord } from './record'
import { openRecords } from './records'
import { type ImportRows, NO_ROWS } from './rows'
import type { Outcome, Settling, World } from './settle'
import { columnsOf, type Field, namesFor } from './sources'
import { type ImportRow, importRows, imports } from './table'
import { decodedText, detectEncoding } from './text'

/** Rows of one transaction; with {@link SLICE_MS} what keeps other requests from waiting. */
const SLICE_ROWS = 10
const SLICE_MS = 4
export const ROWS_MAX = 500_000
/** More new labels than that are no labels any more. */
const NEW_LABELS_MAX = 10_000
const HEAD_BYTES = 4096

export type PlanDeps = {
  db: Database
  clock: Clock
  files: Pick<SealedFiles, 'read' | 'remove'>
  vault: Vault
  passwords: Pick<Passwords, 'hash'>
  labels: Labels
  entitlements: Pick<Entitlements, 'limitsOf'>
  rows: ImportRows
  settling: Settling
  nextTurn: () => Promise<void>
}

type Planned = { line: number; entry: FileEntry }

export const fileContext = (id: string): string => `import ${id}`

/**
 * Reads the file of an import and writes down what would become of each row. A plan that was cut
 * off begins anew; nothing of it is done, so nothing is done twice.
 */
export function createPlanning(deps: PlanDeps) {
  const { db, clock, files, vault, passwords, rows, nextTurn } = deps

  async function* piecesOf({ id, storedName, storedKey }: ImportRow): AsyncGenerator<Buffer> {
    if (storedName === null || storedKey === null) throw new Error(`Import ${id} has no file.`)
    const stored = { name: storedName, key: vault.open(storedKey, fileContext(id)) }
    try {
      for await (const piece of files.read(stored)) {
        yield piece
        await nextTurn()
      }
    } catch (error) {
      // A database that was restored from a backup may know of files that are gone.
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      throw isGone ? invalid('file', 'The file of this import is gone. Send it again.') : error
    }
  }

  async function* entriesOf(job: ImportRow, records: AsyncIterable<SourceRecord>) {
    const names = namesFor(job.source, job.options.mapping)
    let columns: Partial<Record<Field, string>> | undefined
    for await (const record of records) {
      if (columns === undefined && record.problem === undefined) {
        columns = columnsOf(job.source, job.options.mapping, record)
        save(job, { columns })
      }
      const entries = linksOf(record, { source: job.source, names, nowMs: clock.now() })
      for (const entry of entries) {
        yield { line: record.line, entry: await withoutPlainPassword(entry) }
      }
    }
  }

  async function withoutPlainPassword(entry: FileEntry): Promise<FileEntry> {
    if (!('link' in entry) || entry.password === null) return entry
    const passwordHash = await passwords.hash(entry.password)
    return { link: { ...entry.link, passwordHash }, password: null }
  }

  const save = (job: ImportRow, change: Partial<ImportRow>): void =>
    db.write((tx) => void tx.update(imports).set(change).where(eq(imports.no, job.no)).run())

  async function plan(job: ImportRow, signal: AbortSignal): Promise<void> {
    while (db.write((tx) => deleteRows(tx, job.no))) await nextTurn()
    save(job, { counts: { ...NO_ROWS } })
    const encoding = await detectEncoding(await headOf(piecesOf(job)), piecesOf(job))
    const { format, records } = await openRecords(decodedText(piecesOf(job), encoding), job.source)
    save(job, { encoding, format })
    const slices = createSlices(deps, job)
    const waiting: Planned[] = []
    /** Whether all that waits was written; not when the import has gone or is to stop. */
    async function flush(): Promise<boolean> {
      while (waiting.length > 0) {
        const done = signal.aborted ? undefined : slices.write(waiting)
        if (done === undefined) return false
        waiting.splice(0, done)
        await nextTurn()
      }
      return true
    }
    for await (const planned of entriesOf(job, records)) {
      waiting.push(planned)
      if (waiting.length >= SLICE_ROWS && !(await flush())) return
    }
    if (!(await flush())) return
    finish(job, { status: 'ready' })
  }

  function finish(job: ImportRow, change: Partial<ImportRow>): void {
    save(job, { ...change, storedName: null, storedKey: null, updatedAt: clock.now() })
    if (job.storedName !== null) files.remove(job.storedName)
  }

  return {
    /** Plans an import, or fails it with the sentence that says why its file cannot be read. */
    async run(job: ImportRow, signal: AbortSignal): Promise<void> {
      try {
        await plan(job, signal)
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error
        const { code, message } = error
        if (rows.reload(job.no)) finish(job, { status: 'failed', error: { code, message } })
      }
    },
  }
}

/** Enough of a file to show its encoding. */
async function headOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const piece of pieces) return piece.subarray(0, HEAD_BYTES)
  return Buffer.alloc(0)
}

/** Writes rows of a plan, a few in a transaction. */
function createSlices(
  { db, clock, rows, settling, labels, entitlements }: PlanDeps,
  job: ImportRow,
) {
  const principal = principalOf(job)
  const { options } = job
  let lastNo = 0
  const newLabels = createLabelRoom(entitlements.limitsOf(job.workspaceId).labels, {
    tag: labels.tags.list(principal).length,
    folder: labels.folders.list(principal).length,
  })
  const world: World = {
    isRehearsal: true,
    isPlanned: (host, slug) => rows.isPlanned(job.no, host, slug),
    isPlannedId: (externalId) => rows.isPlannedId(job.no, externalId),
    mayMake: newLabels,
  }

  function outcomeOf(entry: FileEntry): Outcome {
    if ('link' in entry) return settling.rehearse({ principal, link: entry.link, options, world })
    const { problem, field } = entry
    const refusal = { code: 'validation_failed', message: problem, field }
    const nowhere = { host: null, slug: null, linkId: null, shortUrl: null }
    return { status: 'error', ...nowhere, refusal, warnings: [] }
  }

  function insert(tx: Tx, { line, entry }: Planned, outcome: Outcome): void {
    lastNo += 1
    if (lastNo > ROWS_MAX) {
      throw invalid('file', `The file has more than ${ROWS_MAX} links. Split it into several.`)
    }
    const link = 'link' in entry ? entry.link : null
    const isMade = outcome.status === 'create' || outcome.status === 'rename'
    const externalId =
      isMade && typeof link?.given.externalId === 'string' ? link.given.externalId : null
    tx.insert(importRows)
      .values({ importNo: job.no, no: lastNo, line, ...outcome, link, externalId })
      .run()
  }

  return {
    /** One transaction of some of the rows; how many, or undefined when the import has gone. */
    write(some: readonly Planned[]): number | undefined {
      const startedAt = clock.now()
      const before = lastNo
      try {
        return db.write((tx) => {
          const now = rows.reload(job.no)
          if (!now) return undefined
          const counts = { ...now.counts }
          let done = 0
          for (const planned of some) {
            const outcome = outcomeOf(planned.entry)
            insert(tx, planned, outcome)
            counts[outcome.status] += 1
            done += 1
            if (clock.now() - startedAt >= SLICE_MS) break
          }
          tx.update(imports).set({ counts }).where(eq(imports.no, job.no)).run()
          return done
        })
      } catch (error) {
        lastNo = before
        throw error
      }
    },
  }
}

/** Which labels may be new: each name once, as many as the workspace's plan has room for. */
function createLabelRoom(limit: number | null, used: { tag: number; folder: number }) {
  const made = { tag: new Set<string>(), folder: new Set<string>() }
  return (kind: 'tag' | 'folder', name: string): boolean => {
    const names = made[kind]
    if (names.has(name)) return true
    if (names.size >= Math.min(NEW_LABELS_MAX, (limit ?? Infinity) - used[kind])) return false
    names.add(name)
    return true
  }
}
