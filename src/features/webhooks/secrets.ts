import { asc, eq } from 'drizzle-orm'
import type { Tx } from '../../platform/database'
import type { Vault } from '../../platform/vault'
import { newSigningSecret } from './signature'
import { webhookSecrets } from './table'

export type SealedSecret = { version: number; sealed: string }

const sealContext = (endpointId: string, version: number): string =>
  `webhook-secret ${endpointId} ${version}`

/** The text of a stored secret. Throws when it was altered or sealed under another APP_SECRET. */
export const openSecret = (vault: Vault, endpointId: string, secret: SealedSecret): string =>
  vault.open(secret.sealed, sealContext(endpointId, secret.version))

/** Gives an endpoint a new secret and returns its text, which is shown this once. */
export function addSecret(tx: Tx, vault: Vault, endpointId: string, now: number): string {
  const versions = tx
    .select({ version: webhookSecrets.version })
    .from(webhookSecrets)
    .where(eq(webhookSecrets.endpointId, endpointId))
    .orderBy(asc(webhookSecrets.version))
    .all()
  const version = (versions.at(-1)?.version ?? 0) + 1
  const secret = newSigningSecret()
  const sealed = vault.seal(secret, sealContext(endpointId, version))
  tx.insert(webhookSecrets).values({ endpointId, version, sealed, createdAt: now }).run()
  return secret
}
