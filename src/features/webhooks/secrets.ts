import { and, count, eq, isNotNull, isNull, lte, max } from 'drizzle-orm'
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

/**
 * Gives an endpoint a new secret and returns its text, which is shown this once. Those before it
 * live on as they are.
 */
export function addSecret(tx: Tx, vault: Vault, endpointId: string, now: number): string {
  const newest = tx
    .select({ version: max(webhookSecrets.version) })
    .from(webhookSecrets)
    .where(eq(webhookSecrets.endpointId, endpointId))
    .get()
  const version = (newest?.version ?? 0) + 1
  const secret = newSigningSecret()
  const sealed = vault.seal(secret, sealContext(endpointId, version))
  tx.insert(webhookSecrets).values({ endpointId, version, sealed, createdAt: now }).run()
  return secret
}

/** Lets every secret of an endpoint that has no end yet end at `at`. */
export function endSecrets(tx: Tx, endpointId: string, at: number): void {
  const open = and(eq(webhookSecrets.endpointId, endpointId), isNull(webhookSecrets.expiresAt))
  tx.update(webhookSecrets).set({ expiresAt: at }).where(open).run()
}

/** Removes secrets that have ended; returns how many are valid now. */
export function forgetEndedSecrets(tx: Tx, endpointId: string, now: number): number {
  const mine = eq(webhookSecrets.endpointId, endpointId)
  tx.delete(webhookSecrets)
    .where(and(mine, lte(webhookSecrets.expiresAt, now)))
    .run()
  return tx.select({ n: count() }).from(webhookSecrets).where(mine).get()?.n ?? 0
}

/** Removes every secret that a newer one has replaced; returns how many were still valid. */
export function retireOldSecrets(tx: Tx, endpointId: string, now: number): number {
  const live = forgetEndedSecrets(tx, endpointId, now)
  const old = and(eq(webhookSecrets.endpointId, endpointId), isNotNull(webhookSecrets.expiresAt))
  tx.delete(webhookSecrets).where(old).run()
  return Math.max(0, live - 1)
}
