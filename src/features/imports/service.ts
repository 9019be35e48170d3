import { and, count, desc, eq, isNull, sql } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { UploadedFile } from '../../http/upload'
import type { Database, Tx } from '../../platform/database'
import type { SealedFiles } from '../../platform/sealed-files'
import type { Entitlements } from '../billing/service'
import type { LinkIntake } from '../links/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import { actorIn } from './actor'
import { createApplying } from './apply'
import { createPlanning, fileContext, type PlanDeps } from './plan'
import { countOpen, createImportRows, NO_ROWS, pageOfRows, storedNames } from './rows'
import { type ImportForm, type ImportQuery, mappingOf } from './schema'
import { createSettling } from './settle'
import { type ImportRow, type ImportStatus, imports } from './table'
import { binaryName } from './text'
import { createPurgeLoop, createWork, purge } from './work'

/** Imports of a workspace that are not applied; each holds up to 50 MiB. */
const OPEN_MAX = 10

export type ImportDeps = Omit<PlanDeps, 'rows' | 'settling' | 'files' | 'entitlements'> & {
  db: Database
  clock: Clock
  files: Pick<SealedFiles, 'read' | 'remove' | 'sweep'>
  intake: LinkIntake
  entitlements: Pick<Entitlements, 'limitsOf' | 'requireRoom'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  /** Lets the loop run soon. */
  wake: () => void
}

export type ImportService = ReturnType<typeof createImports>

/** How many links a plan still has room for, and how many an import would make. */
export type ImportQuota = { wouldCreate: number; room: number | null; fits: boolean }

/** Links that come in files: planned first, done when told to. */
export function createImports(deps: ImportDeps) {
  const { db, clock, files, vault, intake, labels, entitlements, wake } = deps
  const rows = createImportRows(db)
  const settling = createSettling(deps)
  const planning = createPlanning({ ...deps, rows, settling })
  const applying = createApplying({ ...deps, rows, settling })
  const work = createWork(deps, { planning, applying })
  files.sweep(storedNames(db))

  const mine = ({ workspaceId }: Principal) =>
    and(eq(imports.workspaceId, workspaceId), isNull(imports.deletedAt))

  function requireById(tx: Tx, principal: Principal, id: string): ImportRow {
    const wanted = and(mine(principal), eq(imports.id, id))
    const row = tx.select().from(imports).where(wanted).get()
    if (row) return row
    throw notFound('import')
  }

  const wakeLater = (): void =>
    db.afterCommit(() => {
      work.arrived()
      wake()
    })

  function optionsOf(tx: Tx, principal: Principal, form: ImportForm): ImportRow['options'] {
    const { workspaceId } = principal
    const tagIds = (form.tagIds ?? '').split(',').flatMap((id) => id.trim() || [])
    if (form.domain && intake.hostOf(workspaceId, form.domain) === undefined) {
      const message = 'There is no such verified domain in this workspace.'
      throw new AppError('not_found', message, { field: 'domain' })
    }
    if (form.folderId) labels.folders.requireById(tx, workspaceId, form.folderId, 'folderId')
    for (const id of tagIds) labels.tags.requireById(tx, workspaceId, id, 'tagIds')
    return {
      domain: form.domain || null,
      folderId: form.folderId || null,
      tagIds: [...new Set(tagIds)],
      mapping: mappingOf(form),
      onCollision: form.onCollision ?? 'skip',
    }
  }

  return {
    /**
     * Takes a file in and has it planned; nothing is made of it before {@link apply}. Throws
     * `validation_failed` for an empty file or one that is no text, `not_found` for a domain,
     * folder or tag of the form, `conflict` when too many wait already.
     */
    create(principal: Principal, form: ImportForm, file: UploadedFile): ImportRow {
      if (file.sizeBytes === 0) throw invalid('file', 'The file is empty.')
      const binary = binaryName(file.head)
      if (binary) {
        throw invalid(
          'file',
          `This file is ${binary}. Export the links as CSV or JSON and send that.`,
        )
      }
      return db.write((tx) => {
        if (countOpen(tx, principal.workspaceId) >= OPEN_MAX) {
          const message = `${OPEN_MAX} imports wait to be applied. Apply or delete some of them first.`
          throw new AppError('conflict', message)
        }
        const at = clock.now()
        const id = newId('imp', at)
        const stored = {
          storedName: file.stored.name,
          storedKey: vault.seal(file.stored.key, fileContext(id)),
        }
        const row = tx
          .insert(imports)
          .values({
            ...{ id, workspaceId: principal.workspaceId, source: form.source, status: 'parsing' },
            ...{ fileName: file.name, fileBytes: file.sizeBytes, ...stored },
            ...{ options: optionsOf(tx, principal, form), counts: { ...NO_ROWS } },
            ...{ actor: actorIn(principal), appliedNo: 0, isRetry: false },
            ...{ createdAt: at, updatedAt: at },
          })
          .returning()
          .get()
        db.afterCommit(() => file.keep())
        wakeLater()
        return row
      })
    },

    /** Imports of the workspace, newest first. Throws `validation_failed` for a bad cursor. */
    list(
      principal: Principal,
      query: { limit: number; offset: number; cursor?: string | undefined },
    ): Page<ImportRow> {
      const { limit, offset } = query
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, 'newest')
      const beyond =
        after && sql`(${imports.createdAt}, ${imports.id}) < (${Number(after.value)}, ${after.id})`
      const found = db.read
        .select()
        .from(imports)
        .where(and(mine(principal), beyond))
        .orderBy(desc(imports.createdAt), desc(imports.id))
        .limit(limit + 1)
        .offset(after ? 0 : offset)
        .all()
      const data = found.slice(0, limit)
      const last = found.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: 'newest', value: last.createdAt, id: last.id })
        : null
      const total =
        db.read.select({ n: count() }).from(imports).where(mine(principal)).get()?.n ?? 0
      return { data, meta: { total, limit, offset, nextCursor } }
    },

    /** An import with some of its rows, in the order of the file. Throws `not_found`. */
    find(principal: Principal, id: string, query: ImportQuery) {
      const row = requireById(db.read, principal, id)
      return { row, page: pageOfRows(db.read, row, query) }
    },

    /**
     * Has the plan done; of an import that is done, what failed is tried again. Throws `not_found`,
     * `in_progress` while it is planned, `conflict` when it failed, and `limit_reached` when the
     * workspace's plan has no room for every link that would be new: then nothing is made.
     */
    apply(principal: Principal, id: string): ImportRow {
      return db.write((tx) => {
        const row = requireById(tx, principal, id)
        if (row.status === 'applying') return row
        requirePlanned(row)
        const isRetry = row.status === 'done'
        if (isRetry && row.counts.failed + row.counts.error === 0) return row
        if (!isRetry) requireRoom(tx, principal, row)
        wakeLater()
        const start = { isRetry, appliedNo: 0, finishedAt: null, updatedAt: clock.now() }
        return tx
          .update(imports)
          .set({ status: 'applying', actor: actorIn(principal), ...start })
          .where(eq(imports.no, row.no))
          .returning()
          .get()
      })
    },

    /**
     * Forgets an import; the links that it made stay. Throws `not_found`, `in_progress` while it is
     * applied. Returns the id.
     */
    delete(principal: Principal, id: string): string {
      return db.write((tx) => {
        const { no, status, storedName } = requireById(tx, principal, id)
        if (status === 'applying') {
          throw new AppError('in_progress', 'This import is being applied. Wait until it is done.')
        }
        const deletion = { deletedAt: clock.now(), storedName: null, storedKey: null }
        tx.update(imports).set(deletion).where(eq(imports.no, no)).run()
        db.afterCommit(() => storedName !== null && files.remove(storedName))
        return id
      })
    },

    /** Whether the workspace's plan has room for what an import would make now. */
    quotaOf(principal: Principal, { counts, status }: ImportRow): ImportQuota {
      const room = intake.usageOf(principal).linksRemaining
      const isOpen: ImportStatus[] = ['parsing', 'ready', 'applying']
      const wouldCreate = isOpen.includes(status) ? counts.create + counts.rename : 0
      return { wouldCreate, room, fits: room === null || wouldCreate <= room }
    },

    loops: [work.loop, createPurgeLoop(deps)],

    /** Removes what a purged workspace imported. */
    async purgeWorkspace(workspaceId: string, signal: AbortSignal): Promise<void> {
      const ofIt = eq(imports.workspaceId, workspaceId)
      await purge(deps, () => db.read.select().from(imports).where(ofIt).limit(1).get(), signal)
    },
  }

  function requireRoom(tx: Tx, principal: Principal, { counts }: ImportRow): void {
    const { linksUsed, linksRemaining } = intake.usageOf(principal)
    const wanted = counts.create + counts.rename
    try {
      entitlements.requireRoom(tx, principal.workspaceId, 'links', linksUsed, wanted)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'limit_reached') throw error
      const message = `This import would create ${wanted} links, and there is room for ${linksRemaining}.`
      const details = [{ field: 'file', message }]
      throw new AppError(error.code, `${error.message} ${message}`, { ...error.options, details })
    }
  }
}

function requirePlanned({ status, error }: ImportRow): void {
  if (status === 'parsing') {
    throw new AppError(
      'in_progress',
      'This import is still being read. Try again when it is ready.',
      {
        retryAfterSeconds: 1,
      },
    )
  }
  if (status === 'failed') {
    throw new AppError('conflict', `This file could not be read: ${error?.message ?? ''}`.trim())
  }
}
