import { eq } from 'drizzle-orm'
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
  const row = db.read.select().from(installation).where(eq(installation.name, KEY_CHECK)).get()
  if (!row) {
    const value = vault.seal(KEY_CHECK_TEXT, KEY_CHECK)
    db.write((tx) => void tx.insert(installation).values({ name: KEY_CHECK, value }).run())
    return
  }
  try {
    if (vault.open(row.value, KEY_CHECK) === KEY_CHECK_TEXT) return
  } catch {
    // A failed tag and a wrong text mean the same.
  }
  throw new WrongSecretError(
    'APP_SECRET is not the secret of this database. Set the one it was made with (unset, it is read from DATA_DIR/app.secret).',
  )
}
