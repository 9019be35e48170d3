import { Database as Sqlite } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readConfig } from '../config'
import { systemClock, toIso } from '../core/clock'
import { OperatorError } from '../core/errors'
import { flushedAlong } from '../platform/backup-flush'
import { databasePathIn } from '../platform/data-dir'
import { readGeneratedSecrets } from '../platform/secret-file'
import { VERSION } from '../version'
import { inWorker } from '../workers'
import { askServer } from './admin-client'
import { readArguments } from './arguments'
import { spoolWaiting } from './spool-waiting'

const USAGE = 'backup FILE [--without-secrets]'

/** Copies the database into FILE, beside a running server or without one. */
export async function backupCommand(args: readonly string[]): Promise<number> {
  const shape = { usage: USAGE, words: ['FILE'], flags: ['without-secrets'] }
  const { words, has } = readArguments(args, shape)
  const file = resolve(words[0] ?? '')
  const { dataDir } = readConfig()
  const databasePath = databasePathIn(dataDir)
  if (!existsSync(databasePath)) {
    throw new OperatorError(`DATA_DIR: there is no database in ${dataDir} to back up.`)
  }
  // The copy is for this user alone: it holds what opens everything else.
  process.umask(0o077)
  // Answered clicks go from the spool into the database first, where a server can do that.
  const settled = await askServer(dataDir, { path: '/clicks/settle', body: {} })
  const secrets = has('without-secrets') ? {} : readGeneratedSecrets(dataDir)
  const madeAt = toIso(systemClock.now())
  const order = { databasePath, file, madeAt, version: VERSION, secrets }
  const report = await flushedAlong(file, inWorker('backup.make', order)).catch(asSentence)
  console.log(
    [
      `Backed up ${dataDir} to ${file}: ${(report.sizeBytes / 1e6).toFixed(1)} MB, ${report.rows.toLocaleString('en')} rows, checked.`,
      `  sha256 ${report.sha256} (in ${file}.sha256)`,
      secretLine(Object.keys(secrets)),
      ...(settled === null && lacksClicks(file, dataDir) ? [UNSETTLED] : []),
    ].join('\n'),
  )
  return 0
}

/** Errors of a Worker come as their sentence alone. */
function asSentence(cause: unknown): never {
  throw new OperatorError(cause instanceof Error ? cause.message : String(cause), { cause })
}

const UNSETTLED =
  '  No server runs, and the last clicks of its spool are not in it. Start and stop the server first to have them.'

const secretLine = (names: readonly string[]): string =>
  names.length > 0
    ? `  It holds ${names.join(' and ')}: keep it as secret as those.`
    : '  It holds no secret: without APP_SECRET it cannot be restored. Keep that elsewhere.'

function lacksClicks(file: string, dataDir: string): boolean {
  using copy = new Sqlite(file, { readonly: true, strict: true })
  return spoolWaiting(copy, dataDir) > 0
}
