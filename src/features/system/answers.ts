import { and, eq, gt, inArray, lt } from 'drizzle-orm'
import { type Clock, DAY, MINUTE } from '../../core/clock'
import type { IdempotencyStore } from '../../http/idempotency'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { Vault } from '../../platform/vault'
import { idempotencyKeys } from './table'

const KEPT_MS = DAY
const PURGE_ROWS = 500

export type AnswerStoreDeps = { db: Database; clock: Clock; vault: Vault }

/** Keeps the answers of requests with an Idempotency-Key, in the transaction of their effect. */
export function createAnswerStore({ db, clock, vault }: AnswerStoreDeps): IdempotencyStore {
  const sealContext = (scope: string, key: string): string => `answer ${scope} ${key}`
  return {
    find(scope, key) {
      const live = and(
        eq(idempotencyKeys.scope, scope),
        eq(idempotencyKeys.key, key),
        gt(idempotencyKeys.expiresAt, clock.now()),
      )
      const row = db.read.select().from(idempotencyKeys).where(live).get()
      if (!row) return undefined
      const { fingerprint, status, bodySealed } = row
      return { fingerprint, status, body: vault.open(bodySealed, sealContext(scope, key)) }
    },

    commit<T>(
      { scope, key, fingerprint }: { scope: string; key: string; fingerprint: string },
      work: () => T,
      answerOf: (result: T) => { status: number; body: string },
    ): T {
      // Boxed, so that the type of the transaction's result cannot be a promise.
      return db.write((tx) => {
        const result = work()
        const { status, body } = answerOf(result)
        if (status < 200 || status > 299) return { result }
        const bodySealed = vault.seal(body, sealContext(scope, key))
        const expiresAt = clock.now() + KEPT_MS
        const answer = { fingerprint, status, bodySealed, expiresAt }
        tx.insert(idempotencyKeys)
          .values({ scope, key, ...answer })
          .onConflictDoUpdate({ target: [idempotencyKeys.scope, idempotencyKeys.key], set: answer })
          .run()
        return { result }
      }).result
    },
  }
}

/** Removes answers that have had their 24 hours, a few hundred at a time. */
export function createAnswerPurge({ db, clock }: { db: Database; clock: Clock }): Loop {
  return {
    name: 'system.purge-answers',
    schedule: { everyMs: 10 * MINUTE },
    run(signal) {
      for (let purged = PURGE_ROWS; purged === PURGE_ROWS && !signal.aborted; ) {
        purged = db.write((tx) => {
          const expired = tx
            .select({ expiresAt: idempotencyKeys.expiresAt })
            .from(idempotencyKeys)
            .where(lt(idempotencyKeys.expiresAt, clock.now()))
            .orderBy(idempotencyKeys.expiresAt)
            .limit(PURGE_ROWS)
            .all()
          const times = [...new Set(expired.map((row) => row.expiresAt))]
          if (times.length > 0) {
            tx.delete(idempotencyKeys).where(inArray(idempotencyKeys.expiresAt, times)).run()
          }
          return expired.length
        })
      }
    },
  }
}
