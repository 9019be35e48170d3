import { OperatorError } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Vault } from '../../platform/vault'
import { installation } from './table'

const KEY_CHECK = 'key_check'
const KEY_CHECK_TEXT = 'linkstead'

/** APP_SECRET is not the one that the data was sealed with. */
export class WrongSecretError extends OperatorError {
  override readonly name = 'WrongSecretError'
}

/**
 * Proves that APP_SECRET opens what is sealed in this database, or leaves that proof at the first
 * start. Throws {@link WrongSecretError}.
 */
export function checkAppSecret(db: Database, vault: Vault): void {
  const verdict = judgeSecret(db.sqlite, vault)
  if (verdict === 'opens') return
  if (verdict === 'refused') {
    throw new WrongSecretError(
      'APP_SECRET is not the secret of this database. Set the one it was made with (unset, it is read from DATA_DIR/app.secret).',
    )
  }
  const value = vault.seal(KEY_CHECK_TEXT, KEY_CHECK)
  db.write((tx) => void tx.insert(installation).values({ name: KEY_CHECK, value }).run())
}

/** Whether a secret opens what is sealed in a database; `unproven` where nothing was sealed yet. */
export function judgeSecret(
  sqlite: Database['sqlite'],
  vault: Vault,
): 'opens' | 'refused' | 'unproven' {
  const row = sqlite
    .query<{ value: string }, [string]>('SELECT value FROM installation WHERE name = ?')
    .get(KEY_CHECK)
  if (!row) return 'unproven'
  try {
    return vault.open(row.value, KEY_CHECK) === KEY_CHECK_TEXT ? 'opens' : 'refused'
  } catch {
    // A failed tag and a wrong text mean the same.
    return 'refused'
  }
}

/** Facts about the installation that outlive a start, by name. Missing ones are undefined. */
export function readFact(sqlite: Database['sqlite'], name: string): string | undefined {
  return sqlite
    .query<{ value: string }, [string]>('SELECT value FROM installation WHERE name = ?')
    .get(name)?.value
}

/** Sets a fact, within the caller's transaction where there is one. */
export function writeFact(sqlite: Database['sqlite'], name: string, value: string): void {
  sqlite
    .query(
      `INSERT INTO installation (name, value) VALUES (?1, ?2)
       ON CONFLICT (name) DO UPDATE SET value = ?2`,
    )
    .run(name, value)
}

/** How many times this database was restored from a backup. */
export const RESTORE_EPOCH = 'restore_epoch'
/** Numbers and sequences go on so far behind what the lost part of the history may have used. */
const RESTORE_GAP = 1_000_000

/**
 * Makes a restored copy a database of its own: its epoch grows, and no number or place in a
 * sequence that was given after the backup is ever given again. One transaction.
 */
export function beginEpoch(sqlite: Database['sqlite'], restoredAt: string): number {
  return sqlite.transaction(() => {
    const epoch = Number(readFact(sqlite, RESTORE_EPOCH) ?? '0') + 1
    writeFact(sqlite, RESTORE_EPOCH, String(epoch))
    writeFact(sqlite, 'restored_at', restoredAt)
    // Also where there was no event yet, since the lost part of the history may have had some.
    sqlite.run('INSERT OR IGNORE INTO event_sequences SELECT id, 0 FROM workspaces')
    sqlite.query('UPDATE event_sequences SET last = last + ?').run(RESTORE_GAP)
    sqlite.query('UPDATE sqlite_sequence SET seq = seq + ?').run(RESTORE_GAP)
    return epoch
  })()
}
