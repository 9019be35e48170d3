import { Database as Sqlite } from 'bun:sqlite'
import { statSync } from 'node:fs'
import { type BunSQLiteDatabase, drizzle } from 'drizzle-orm/bun-sqlite'
import { databaseBusy, diskFull, type StorageHealth, storageFailureOf } from './storage-health'
import type { WriteIntent } from './write-intent'

/** Queries of drizzle on one connection. Inside {@link Database.write} it is the transaction. */
export type Tx = BunSQLiteDatabase

type NotAPromise<T> = T extends PromiseLike<unknown> ? never : T

/** The one writing connection of a thread. */
export type Database = {
  /** For reads outside a transaction, each bounded to about a millisecond. */
  readonly read: Tx
  /** The raw connection, for prepared statements on hot paths. */
  readonly sqlite: Sqlite
  /**
   * Runs `work` in one IMMEDIATE transaction and commits durably (synchronous=FULL); inside
   * another `write` it becomes a savepoint of that one. Synchronous only: an awaited callback
   * would commit before it fails. Throws `unavailable` when the lock or the disk refuses.
   */
  write<T>(work: (tx: Tx) => NotAPromise<T>): T
  /**
   * Runs `effect` once the outermost transaction has committed; at once outside of one. An effect
   * that throws does not keep the others from running; its error then leaves `write`, although
   * the rows are committed.
   */
  afterCommit(effect: () => void): void
  status(): DatabaseStatus
  /** Empties the write-ahead log into the file, then closes. */
  close(): void
}

export type DatabaseStatus = {
  /** Of the write-ahead log. */
  walSizeBytes: number
  /** Of the database file itself. */
  sizeBytes: number
  /** Writes refused since the start because another connection held the lock too long. */
  busyErrors: number
}

export type DatabaseOptions = {
  path: string
  /** Raised around each write, so that the Worker lets go of the lock. Absent in the Worker. */
  intent?: WriteIntent
  /** Asked before each transaction, told of each that failed. */
  health?: StorageHealth | undefined
  busyTimeoutMs?: number
  cacheKib?: number
  readonly?: boolean
}

const SQLITE_LEAST = [3, 51, 3] as const
/** The busy handler sleeps on the event loop: a wait is felt by everybody who is served. */
const BUSY_TIMEOUT_MS = 200
/** Longer than any transaction of our own Worker, which lets go when it sees the intent. */
const IMPATIENT_MS = 20
/** 16 MB, which takes a commit tens of milliseconds: the Worker checkpoints long before. */
const AUTOCHECKPOINT_PAGES = 4000
/** Between two such waits nobody waits at all, so that others are served meanwhile. */
const REST_MS = 60

/** Opens a connection with every pragma of the product set and read back. Throws on a mismatch. */
export function openSqlite(options: DatabaseOptions): Sqlite {
  const { path, busyTimeoutMs = BUSY_TIMEOUT_MS, cacheKib = 32_000, readonly = false } = options
  const sqlite = new Sqlite(
    path,
    readonly ? { readonly: true, strict: true } : { create: true, readwrite: true, strict: true },
  )
  try {
    requireVersion(sqlite)
    sqlite.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    if (!readonly) {
      // Takes effect only before the first table and before WAL; a no-op on an existing file.
      sqlite.run('PRAGMA auto_vacuum = INCREMENTAL')
      sqlite.run('PRAGMA journal_mode = WAL')
    }
    const wanted: Record<string, number | string> = {
      busy_timeout: busyTimeoutMs,
      synchronous: 2,
      foreign_keys: 1,
      wal_autocheckpoint: AUTOCHECKPOINT_PAGES,
      journal_size_limit: 67_108_864,
      cache_size: -cacheKib,
      temp_store: 2,
      mmap_size: 0,
      trusted_schema: 0,
      cell_size_check: 1,
    }
    for (const [name, value] of Object.entries(wanted)) sqlite.run(`PRAGMA ${name} = ${value}`)
    if (!readonly) Object.assign(wanted, { auto_vacuum: 2 })
    for (const [name, value] of Object.entries({ ...wanted, journal_mode: 'wal' })) {
      const row = sqlite.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get()
      const seen = row ? Object.values(row)[0] : undefined
      if (seen !== value) {
        throw new Error(`SQLite refused PRAGMA ${name}: wanted ${value}, it says ${String(seen)}.`)
      }
    }
    return sqlite
  } catch (error) {
    sqlite.close()
    throw error
  }
}

/** SQLite before 3.51.3 can corrupt a WAL that is reset while it is read (sqlite.org/changes). */
function requireVersion(sqlite: Sqlite): void {
  const row = sqlite.query<{ version: string }, []>('SELECT sqlite_version() AS version').get()
  const parts = (row?.version ?? '0').split('.').map(Number)
  for (const [index, least] of SQLITE_LEAST.entries()) {
    const part = parts[index] ?? 0
    if (part > least) return
    if (part < least) throw new Error(`SQLite ${row?.version} is too old, 3.51.3 is needed.`)
  }
}

/** Opens the writing connection of this thread. */
export function openDatabase(options: DatabaseOptions): Database {
  const sqlite = openSqlite(options)
  const read = drizzle(sqlite)
  let depth = 0
  let effects: (() => void)[] = []
  let busyErrors = 0
  let isImpatient = false
  let restsUntil = 0
  const patienceMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS

  /** Who waited in vain once waits only briefly, until the lock is had again. */
  function setImpatient(next: boolean): void {
    if (next === isImpatient) return
    isImpatient = next
    sqlite.run(`PRAGMA busy_timeout = ${next ? Math.min(IMPATIENT_MS, patienceMs) : patienceMs}`)
  }

  function begin(): void {
    options.health?.requireRoom()
    if (isImpatient && performance.now() < restsUntil) throw databaseBusy()
    try {
      sqlite.run('BEGIN IMMEDIATE')
    } catch (error) {
      if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) {
        busyErrors += 1
        setImpatient(true)
        restsUntil = performance.now() + REST_MS
      }
      throw translated(error)
    }
    setImpatient(false)
  }

  function outermost<T>(work: (tx: Tx) => T): T {
    options.intent?.raise()
    try {
      let result: T
      try {
        begin()
        depth = 1
        result = refusePromise(work(read))
        requireTransaction(sqlite)
        translate(() => sqlite.run('COMMIT'))
      } catch (error) {
        effects = []
        if (sqlite.inTransaction) sqlite.run('ROLLBACK')
        options.health?.noteFailure(error)
        throw error
      } finally {
        depth = 0
      }
      return result
    } finally {
      options.intent?.lower()
    }
  }

  function nested<T>(work: (tx: Tx) => T): T {
    requireTransaction(sqlite)
    const name = `nested_${depth}`
    const effectsBefore = effects.length
    sqlite.run(`SAVEPOINT ${name}`)
    depth += 1
    try {
      const result = refusePromise(work(read))
      requireTransaction(sqlite)
      sqlite.run(`RELEASE ${name}`)
      return result
    } catch (error) {
      effects.length = effectsBefore
      // SQLITE_FULL and I/O errors end the whole transaction by themselves.
      if (sqlite.inTransaction) {
        sqlite.run(`ROLLBACK TO ${name}`)
        sqlite.run(`RELEASE ${name}`)
      }
      throw translated(error)
    } finally {
      depth -= 1
    }
  }

  function write<T>(work: (tx: Tx) => T): T {
    if (work.constructor.name === 'AsyncFunction') throw new TypeError(ASYNC_REFUSAL)
    if (depth > 0) return nested(work)
    const result = outermost((tx) => {
      try {
        return work(tx)
      } catch (error) {
        throw translated(error)
      }
    })
    const committed = effects
    effects = []
    runAll(committed)
    return result
  }

  function afterCommit(effect: () => void): void {
    if (depth > 0) effects.push(effect)
    else effect()
  }

  function close(): void {
    // Statements that drizzle prepared keep SQLite from doing this by itself on close.
    if (!options.readonly) sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
    sqlite.close()
  }

  // By stat, since closing any descriptor of these files would drop SQLite's POSIX locks.
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

  const status = () => ({
    walSizeBytes: sizeOf(`${options.path}-wal`),
    sizeBytes: sizeOf(options.path),
    busyErrors,
  })

  return { read, sqlite, write, afterCommit, status, close }
}

const ASYNC_REFUSAL =
  'A transaction callback must not be async: it would commit before it fails. Await first, write then.'

function refusePromise<T>(value: T): T {
  const kind = typeof value
  if (value !== null && (kind === 'object' || kind === 'function') && 'then' in Object(value)) {
    throw new TypeError(ASYNC_REFUSAL)
  }
  return value
}

/** A full disk ends a transaction by itself; work that swallowed the error must not go on. */
function requireTransaction(sqlite: Sqlite): void {
  if (!sqlite.inTransaction) throw diskFull()
}

/** Runs every effect even if one throws, then throws the first error. */
function runAll(effects: readonly (() => void)[]): void {
  const errors: unknown[] = []
  for (const effect of effects) {
    try {
      effect()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}

function translate<T>(statement: () => T): T {
  try {
    return statement()
  } catch (error) {
    throw translated(error)
  }
}

/** A busy or full database as `unavailable`; everything else, also I/O errors, as it came. */
export function translated(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code?.startsWith('SQLITE_BUSY')) return databaseBusy(error)
  if (storageFailureOf(error) === 'full') return diskFull(error)
  return error
}

/** The SQLite result code name of an error, looked for through its causes. */
export function sqliteCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = 'code' in at ? at.code : undefined
    if (typeof code === 'string' && code.startsWith('SQLITE_')) return code
  }
  return undefined
}

/** Whether an error is a violated UNIQUE or PRIMARY KEY constraint. */
export function isUniqueViolation(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}
