import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomToken } from '../core/secret'

/**
 * The secret kept in `dataDir/name`, made from 256 random bits at the first start (mode 0600,
 * synced before it is used, so that nothing is sealed with a secret that a crash could lose).
 */
export function readOrCreateSecret(dataDir: string, name: string): string {
  const path = join(dataDir, name)
  try {
    const known = readFileSync(path, 'utf8').trim()
    if (known !== '') return known
  } catch {
    // Not there yet.
  }
  const made = randomToken(32)
  const file = openSync(path, 'w', 0o600)
  try {
    writeSync(file, `${made}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return made
}
