import { eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import { type Clock, DAY } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Vault } from '../../platform/vault'
import { requireEndpoint } from './endpoints'
import type { Outbox } from './outbox'
import type { AuditLog } from './retirement'
import { addSecret, endSecrets, forgetEndedSecrets, retireOldSecrets } from './secrets'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

/** How long a secret goes on signing after it was replaced (contract §7). */
export const OLD_SECRET_MS = DAY

/** Signatures that one delivery carries at most (Standard Webhooks: a list of them). */
const LIVE_SECRETS_MAX = 3

export type RotationDeps = {
  db: Database
  clock: Clock
  vault: Vault
  outbox: Pick<Outbox, 'forget'>
  audit: AuditLog
}

/** A new secret's text, which nobody can read again, and how long those before it stay valid. */
export type Rotated = { row: WebhookEndpointRow; secret: string; oldSecretValidUntil: number }

/** Changing the signing secret without a delivery that the receiver cannot verify. */
export function createRotation({ db, clock, vault, outbox, audit }: RotationDeps) {
  function touch(tx: Tx, principal: Principal, id: string, action: string, details: object) {
    const { workspaceId } = principal
    const row = tx
      .update(webhookEndpoints)
      .set({ updatedAt: clock.now() })
      .where(eq(webhookEndpoints.id, id))
      .returning()
      .get()
    const actor = actorOf(principal)
    audit.record(tx, { workspaceId, actor, action, subjectId: id, details: { ...details } })
    // Deliveries that were claimed before are signed anew.
    db.afterCommit(() => outbox.forget(workspaceId))
    return row
  }

  return {
    /**
     * Gives an endpoint a new secret. For 24 hours, or until {@link retireSecret}, deliveries carry
     * signatures of both in `webhook-signature` and of the older in the two hex headers. Throws
     * `not_found`, and `conflict` while three secrets are valid.
     */
    rotateSecret(principal: Principal, id: string): Rotated {
      return db.write((tx) => {
        requireEndpoint(tx, principal.workspaceId, id)
        const now = clock.now()
        if (forgetEndedSecrets(tx, id, now) >= LIVE_SECRETS_MAX) {
          throw new AppError(
            'conflict',
            'Three secrets are valid already. Retire the old ones before you rotate again.',
          )
        }
        const oldSecretValidUntil = now + OLD_SECRET_MS
        endSecrets(tx, id, oldSecretValidUntil)
        const secret = addSecret(tx, vault, id, now)
        const row = touch(tx, principal, id, 'webhook.secret_rotated', {})
        return { row, secret, oldSecretValidUntil }
      })
    },

    /** Ends every secret but the newest at once. Throws `not_found`. */
    retireSecret(principal: Principal, id: string): WebhookEndpointRow {
      return db.write((tx) => {
        const before = requireEndpoint(tx, principal.workspaceId, id)
        const retired = retireOldSecrets(tx, id, clock.now())
        if (retired === 0) return before
        return touch(tx, principal, id, 'webhook.secret_retired', { retired })
      })
    },
  }
}
