import { and, desc, eq, gt, inArray, isNotNull, isNull, lt } from 'drizzle-orm'
import { type Clock, DAY, HOUR } from '../../core/clock'
import { hashToken, randomToken } from '../../core/secret'
import type { Tx } from '../../platform/database'
import { type OneTimeTokenRow, oneTimeTokens } from './table'

export type TokenPurpose = OneTimeTokenRow['purpose']

/** How long each link works, ms. */
const LIFETIMES_MS = {
  verify_email: 2 * DAY,
  reset_password: HOUR,
  setup: DAY,
} as const satisfies Record<TokenPurpose, number>

const PURGE_ROWS = 500

export type OneTimeTokens = ReturnType<typeof createOneTimeTokens>

/** Links that work once, stored as SHA-256 of 256 random bits. */
export function createOneTimeTokens({ clock }: { clock: Clock }) {
  const unused = (purpose: TokenPurpose) =>
    and(
      eq(oneTimeTokens.purpose, purpose),
      isNull(oneTimeTokens.usedAt),
      gt(oneTimeTokens.expiresAt, clock.now()),
    )

  function insert(tx: Tx, row: Pick<OneTimeTokenRow, 'purpose' | 'userId' | 'email'>): string {
    const token = randomToken()
    const now = clock.now()
    tx.insert(oneTimeTokens)
      .values({
        ...row,
        tokenHash: hashToken(token),
        createdAt: now,
        expiresAt: now + LIFETIMES_MS[row.purpose],
        usedAt: null,
      })
      .run()
    return token
  }

  function revokeAll(tx: Tx, purpose: TokenPurpose, userId: string | null): void {
    const owner = userId === null ? isNull(oneTimeTokens.userId) : eq(oneTimeTokens.userId, userId)
    tx.delete(oneTimeTokens)
      .where(and(unused(purpose), owner))
      .run()
  }

  return {
    revokeAll,

    /** A new token; earlier ones of the same user and purpose stop working. */
    issue(tx: Tx, purpose: TokenPurpose, userId: string | null, email: string | null = null) {
      revokeAll(tx, purpose, userId)
      return insert(tx, { purpose, userId, email })
    },

    /** Does the same work as `issue` for an address that nobody has, so that it takes as long. */
    pretend(tx: Tx, purpose: TokenPurpose): void {
      const token = insert(tx, { purpose, userId: null, email: null })
      tx.delete(oneTimeTokens)
        .where(eq(oneTimeTokens.tokenHash, hashToken(token)))
        .run()
    },

    /** Uses a token up: its row, or undefined when it is unknown, used or too old. */
    spend(tx: Tx, purpose: TokenPurpose, token: string): OneTimeTokenRow | undefined {
      return tx
        .update(oneTimeTokens)
        .set({ usedAt: clock.now() })
        .where(and(eq(oneTimeTokens.tokenHash, hashToken(token)), unused(purpose)))
        .returning()
        .get()
    },

    /** Whether a token could be spent. */
    isGood(tx: Tx, purpose: TokenPurpose, token: string): boolean {
      const where = and(eq(oneTimeTokens.tokenHash, hashToken(token)), unused(purpose))
      return tx.select().from(oneTimeTokens).where(where).get() !== undefined
    },

    /** The newest good token of a user. */
    newest(tx: Tx, purpose: TokenPurpose, userId: string): OneTimeTokenRow | undefined {
      return tx
        .select()
        .from(oneTimeTokens)
        .where(and(unused(purpose), eq(oneTimeTokens.userId, userId)))
        .orderBy(desc(oneTimeTokens.createdAt))
        .limit(1)
        .get()
    },

    /** The address that waits for its proof, if a change was asked for. */
    pendingEmail(tx: Tx, userId: string): string | null {
      const row = tx
        .select({ email: oneTimeTokens.email })
        .from(oneTimeTokens)
        .where(
          and(
            unused('verify_email'),
            eq(oneTimeTokens.userId, userId),
            isNotNull(oneTimeTokens.email),
          ),
        )
        .get()
      return row?.email ?? null
    },

    /** Deletes up to 500 tokens that ended a week ago; answers how many. */
    purge(tx: Tx): number {
      const due = tx
        .select({ tokenHash: oneTimeTokens.tokenHash })
        .from(oneTimeTokens)
        .where(lt(oneTimeTokens.expiresAt, clock.now() - 7 * DAY))
        .limit(PURGE_ROWS)
      return tx
        .delete(oneTimeTokens)
        .where(inArray(oneTimeTokens.tokenHash, due))
        .returning({ tokenHash: oneTimeTokens.tokenHash })
        .all().length
    },
  }
}
