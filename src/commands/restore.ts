import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { migrations } from '../../db/migrations'
import { type Config, readConfig } from '../config'
import { systemClock, toIso } from '../core/clock'
import { OperatorError } from '../core/errors'
import { beginEpoch, judgeSecret } from '../features/system/installation'
import { type BackupFacts, verifyBackup } from '../platform/backup'
import { handOver, lockDataDir } from '../platform/data-dir'
import { openSqlite } from '../platform/database'
import { missingMigrations } from '../platform/migrate'
import { holdsDatabase, restoreInto } from '../platform/restore'
import { createVault } from '../platform/vault'
import { readArguments } from './arguments'

const USAGE = 'restore FILE [--force]'

/**
 * Puts a backup in the place of the database. Checks all of it first; refuses while a server runs,
 * and where there is a database already unless `--force` is given, which then moves that aside.
 */
export async function restoreCommand(args: readonly string[]): Promise<number> {
  const { words, has } = readArguments(args, { usage: USAGE, words: ['FILE'], flags: ['force'] })
  const file = resolve(words[0] ?? '')
  const config = readConfig()
  const { dataDir } = config
  const facts = verifyBackup(file)
  const lock = lockDataDir(dataDir)
  try {
    if (holdsDatabase(dataDir) && !has('force')) {
      throw new OperatorError(
        `${dataDir} holds a database. With --force it is moved aside (never deleted) and the backup takes its place.`,
      )
    }
    const vault = createVault(secretFor(config, facts))
    const restoredAt = toIso(systemClock.now())
    const stamp = restoredAt.replace(/[-:]|\.\d+/g, '')
    let epoch = 0
    const aside = restoreInto({
      ...{ dataDir, file, facts, stamp },
      prepare(sqlite) {
        missingMigrations(sqlite, migrations)
        if (judgeSecret(sqlite, vault) === 'refused') throw secretRefused(config, facts)
        epoch = beginEpoch(sqlite, restoredAt)
      },
    })
    // In the mode of a live database, so that doctor and backup can read it before its first start.
    openSqlite({ path: join(dataDir, 'linkstead.db') }).close()
    handOver(dataDir)
    console.log(story({ file, dataDir, facts, aside, epoch }))
    return 0
  } finally {
    lock.release()
  }
}

type Story = {
  file: string
  dataDir: string
  facts: BackupFacts
  aside: string | null
  epoch: number
}

function story({ file, dataDir, facts, aside, epoch }: Story): string {
  const count = (table: string) => (facts.rows[table] ?? 0).toLocaleString('en')
  return [
    `Restored ${file}, made ${facts.madeAt} by version ${facts.version}, into ${dataDir}.`,
    `  ${count('workspaces')} workspaces, ${count('links')} links, ${count('clicks')} clicks; restore epoch ${epoch}.`,
    ...(aside === null ? [] : [`  What was there before lies in ${aside}.`]),
    '  Webhooks and mails that were waiting then are sent again, with the same ids.',
  ].join('\n')
}

/** The secret that the server will start with: the configured one, the backup's, the one there. */
function secretFor({ appSecret, dataDir }: Config, facts: BackupFacts): string {
  const own = facts.secrets['app.secret']
  if (appSecret !== null) return appSecret
  if (own !== undefined) return own
  try {
    return readFileSync(join(dataDir, 'app.secret'), 'utf8').trim()
  } catch {
    throw new OperatorError(
      'APP_SECRET: the backup was made without its secret. Set APP_SECRET, or put app.secret into DATA_DIR.',
    )
  }
}

const secretRefused = ({ appSecret }: Config, facts: BackupFacts): OperatorError => {
  const source =
    appSecret !== null
      ? 'APP_SECRET is'
      : facts.secrets['app.secret'] === undefined
        ? 'The secret in DATA_DIR/app.secret is'
        : 'The secret inside the backup is'
  return new OperatorError(
    `${source} not the one that this backup was sealed with. Nothing was changed. Set APP_SECRET to the right one.`,
  )
}
