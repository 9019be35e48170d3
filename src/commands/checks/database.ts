import type { Database as Sqlite } from 'bun:sqlite'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../../db/migrations'
import type { Config } from '../../config'
import { MINUTE, systemClock, toIso } from '../../core/clock'
import { judgeSecret, RESTORE_EPOCH, readFact } from '../../features/system/installation'
import { problemsOf } from '../../platform/backup'
import { databasePathIn } from '../../platform/data-dir'
import { openSqlite } from '../../platform/database'
import { missingMigrations } from '../../platform/migrate'
import { createVault } from '../../platform/vault'
import { type Finding, megabytes, ok, problem, span, warning } from './finding'

const WAL_BYTES_MUCH = 64 * 1024 * 1024
const RESTORE = 'Stop the server and restore the newest backup: linkstead restore FILE --force.'

/** Opens the database for reading; or says why it cannot be. */
export function openForDoctor(dataDir: string): Sqlite | Finding {
  try {
    return openSqlite({ path: databasePathIn(dataDir), readonly: true, busyTimeoutMs: 10_000 })
  } catch (error) {
    return damaged(error)
  }
}

export const damaged = (error: unknown): Finding =>
  problem('database', error instanceof Error ? error.message : String(error), RESTORE)

/** Its pages, its history, its secret and its log. */
export function examineDatabase(sqlite: Sqlite, config: Config): Finding[] {
  const history = migrationHistory(sqlite)
  // A file of another program, or of a newer version, is not judged any further.
  if (history.verdict === 'problem') return [history]
  return [integrity(sqlite), history, secret(sqlite, config), log(config.dataDir), clock(sqlite)]
}

function integrity(sqlite: Sqlite): Finding {
  const problems = problemsOf(sqlite)
  if (problems.length > 0) return problem('integrity', `Damaged: ${problems.join('; ')}.`, RESTORE)
  const epoch = readFact(sqlite, RESTORE_EPOCH) ?? '0'
  return ok('integrity', `every page and reference is sound; restored ${epoch} times`)
}

function migrationHistory(sqlite: Sqlite): Finding {
  try {
    const missing = missingMigrations(sqlite, migrations)
    if (missing.length === migrations.length) {
      return problem('migrations', 'There is nothing in it yet.', 'Start the server once.')
    }
    if (missing.length === 0) return ok('migrations', `all ${migrations.length} applied`)
    const names = missing.map(({ name }) => name).join(', ')
    const advice = 'The next start applies them; "linkstead migrate" does it now.'
    return warning('migrations', `Not applied yet: ${names}.`, advice)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return problem(
      'migrations',
      reason,
      'Run the version of Linkstead that wrote it, or a newer one.',
    )
  }
}

function secret(sqlite: Sqlite, { appSecret, dataDir }: Config): Finding {
  const file = join(dataDir, 'app.secret')
  if (appSecret === null && !existsSync(file)) {
    return problem(
      'secret',
      'APP_SECRET is not set and DATA_DIR/app.secret is gone.',
      'Put it back: it is inside every backup made without --without-secrets. See "Lost secret" in README.md.',
    )
  }
  const text = appSecret ?? readFileSync(file, 'utf8').trim()
  const verdict = judgeSecret(sqlite, createVault(text))
  if (verdict === 'refused') {
    return problem(
      'secret',
      `${appSecret === null ? 'DATA_DIR/app.secret' : 'APP_SECRET'} is not the secret of this database.`,
      'Set the one that it was made with. See "Lost secret" in README.md.',
    )
  }
  return ok('secret', appSecret === null ? 'DATA_DIR/app.secret opens it' : 'APP_SECRET opens it')
}

function log(dataDir: string): Finding {
  const size = statSync(`${databasePathIn(dataDir)}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (size <= WAL_BYTES_MUCH) return ok('write-ahead log', megabytes(size))
  return warning(
    'write-ahead log',
    `It has ${megabytes(size)}: somebody has been reading the database for long.`,
    'End other programs that have linkstead.db open, such as a forgotten shell.',
  )
}

/** The newest times in it: what was written cannot lie in the future. */
function clock(sqlite: Sqlite): Finding {
  const now = systemClock.now()
  const seen = Number(readFact(sqlite, 'clock_seen_at') ?? 0)
  if (seen - now > MINUTE) {
    return problem(
      'clock',
      `It says ${toIso(now)}, and the server saw it ${span(seen - now)} later already.`,
      'Set the clock (timedatectl set-ntp true). What is due is moved along at the next start.',
    )
  }
  return ok('clock', toIso(now))
}
