import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, toIso } from '../../core/clock'
import type { BackupOrder, BackupReport } from '../../platform/backup'
import type { Database } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Loop } from '../../platform/loops'
import { readFact, writeFact } from './installation'

/** When, where to and how many. */
export type BackupPlan = { directory: string; keep: number; cron: string }

export type BackupsDeps = {
  db: Database
  clock: Clock
  logger: Pick<Logger, 'info' | 'error' | 'warn'>
  plan: BackupPlan | null
  databasePath: string
  version: string
  /** Copies in another thread; settles when the copy is checked and lies in its place. */
  make: (order: BackupOrder) => Promise<BackupReport>
  secrets: () => Readonly<Record<string, string>>
  /** Settles when answered clicks are in the database. */
  settleClicks: () => Promise<void>
}

export type BackupStatus = {
  planned: boolean
  /** Of the newest scheduled backup; nulls before the first. */
  succeededAt: number | null
  sizeBytes: number | null
  tookMs: number | null
  file: string | null
  /** Of the last try, if it failed. */
  failedAt: number | null
  error: string | null
}

const FACT = 'backup_status'
/** A backup of a large database on a busy machine; beyond it the loop counts as overdue. */
const RUN_MS_MAX = 6 * 60 * 60 * 1000

const NEVER: Omit<BackupStatus, 'planned'> = {
  ...{ succeededAt: null, sizeBytes: null, tookMs: null, file: null, failedAt: null, error: null },
}

/** What the last scheduled backups of a database came to, from its own rows. */
export function readBackupStatus(sqlite: Database['sqlite']): Omit<BackupStatus, 'planned'> {
  const text = readFact(sqlite, FACT)
  // The marked boundary: written by `createBackups`.
  return text === undefined ? NEVER : { ...NEVER, ...(JSON.parse(text) as object) }
}

/** `linkstead-20260310T033000Z.db`: sorts by time, and nothing else looks like it. */
const NAME = /^linkstead-\d{8}T\d{6}Z\.db$/
const PARTIAL = /^\.linkstead-\d{8}T\d{6}Z\.db\..*\.partial(-journal|\.sha256)?$/

const nameAt = (atMs: number): string => `linkstead-${toIso(atMs).replace(/[-:]|\.\d+/g, '')}.db`

/** Scheduled backups: made and checked in another thread, the oldest dropped after each success. */
export function createBackups(deps: BackupsDeps) {
  const { db, clock, logger, plan, databasePath, version, make, secrets, settleClicks } = deps

  function note(change: Partial<BackupStatus>): void {
    const next = { ...readBackupStatus(db.sqlite), ...change }
    db.write(() => writeFact(db.sqlite, FACT, JSON.stringify(next)))
  }

  /** What a killed process left half-written; nobody else writes there while this one runs. */
  function sweep(directory: string): void {
    for (const name of namesIn(directory)) {
      if (PARTIAL.test(name)) rmSync(join(directory, name), { force: true })
    }
  }

  function prune({ directory, keep }: BackupPlan): void {
    const old = namesIn(directory)
      .filter((name) => NAME.test(name))
      .sort()
      .slice(0, -keep)
    for (const name of old) {
      for (const end of ['', '.sha256']) rmSync(join(directory, name + end), { force: true })
    }
  }

  async function back(planned: BackupPlan): Promise<void> {
    const startedAt = clock.now()
    const file = join(planned.directory, nameAt(startedAt))
    sweep(planned.directory)
    await settleClicks()
    const order = { databasePath, file, madeAt: toIso(startedAt), version, secrets: secrets() }
    const { sizeBytes } = await make(order)
    const tookMs = clock.now() - startedAt
    note({ succeededAt: startedAt, sizeBytes, tookMs, file, failedAt: null, error: null })
    logger.info('A backup was made and checked.', { file, sizeBytes, tookMs })
    prune(planned)
  }

  async function run(): Promise<void> {
    if (plan === null) return
    try {
      await back(plan)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error('The backup failed.', { directory: plan.directory, error })
      note({ failedAt: clock.now(), error: reason })
      throw error
    }
  }

  return {
    loops: (plan === null
      ? []
      : [
          { name: 'system.backup', schedule: { cron: plan.cron }, runMsMax: RUN_MS_MAX, run },
        ]) as Loop[],
    status: (): BackupStatus => ({ planned: plan !== null, ...readBackupStatus(db.sqlite) }),
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
