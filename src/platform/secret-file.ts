import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomToken } from '../core/secret'
import { SECRET_FILES } from './data-dir'

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

/** The generated secrets of a data directory, by file name; those that are set elsewhere are not. */
export function readGeneratedSecrets(dataDir: string): Record<string, string> {
  const found = SECRET_FILES.flatMap((name): [string, string][] => {
    try {
      return [[name, readFileSync(join(dataDir, name), 'utf8').trim()]]
    } catch {
      return []
    }
  })
  return Object.fromEntries(found.filter(([, text]) => text !== ''))
}
