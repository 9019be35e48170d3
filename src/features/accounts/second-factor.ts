import { randomBytes } from 'node:crypto'
import { and, asc, eq, gt, inArray, isNull, lt, or } from 'drizzle-orm'
import { Secret, TOTP } from 'otpauth'
import { renderSVG } from 'uqr'
import { type Clock, DAY, MINUTE, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import { equalSecrets, hashToken } from '../../core/secret'
import type { Tx } from '../../platform/database'
import type { Vault } from '../../platform/vault'
import { recoveryCodes, signInFailures, type UserRow, users } from './table'

const ISSUER = 'Linkstead'
const PERIOD_SECONDS = 30
const SECRET_BYTES = 20
const RECOVERY_CODES = 10
/** 24 characters of five bits: 120 bits each. */
const RECOVERY_CODE_LENGTH = 24
const RECOVERY_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const WRONG_CODES_MAX = 5
const WRONG_CODES_WINDOW_MS = 5 * MINUTE

export type TotpSetup = { secret: string; otpauthUri: string; qrSvg: string }

export type SecondFactor = ReturnType<typeof createSecondFactor>

/** TOTP (RFC 6238: SHA-1, six digits, 30 seconds) and recovery codes of one account each. */
export function createSecondFactor({ clock, vault }: { clock: Clock; vault: Vault }) {
  const sealContext = (userId: string) => `totp ${userId}`

  function totpOf(user: UserRow, secret: string): TOTP {
    return new TOTP({ issuer: ISSUER, label: user.email, secret, period: PERIOD_SECONDS })
  }

  /** Accepts the current code and the one before, each step once (RFC 6238 §5.2). */
  function spendTotp(tx: Tx, user: UserRow, code: string): boolean {
    if (user.totpSecretSealed === null) return false
    const totp = totpOf(user, vault.open(user.totpSecretSealed, sealContext(user.id)))
    const step = Math.floor(clock.now() / (PERIOD_SECONDS * SECOND))
    for (const candidate of [step, step - 1]) {
      const expected = totp.generate({ timestamp: candidate * PERIOD_SECONDS * SECOND })
      if (!equalSecrets(expected, code)) continue
      const unused = or(isNull(users.totpLastStep), lt(users.totpLastStep, candidate))
      const row = tx
        .update(users)
        .set({ totpLastStep: candidate })
        .where(and(eq(users.id, user.id), unused))
        .returning({ id: users.id })
        .get()
      if (row) return true
    }
    return false
  }

  function spendRecoveryCode(tx: Tx, user: UserRow, code: string): boolean {
    const normal = code.toLowerCase().replace(/[^0-9a-z]/g, '')
    if (normal.length !== RECOVERY_CODE_LENGTH) return false
    const row = tx
      .update(recoveryCodes)
      .set({ usedAt: clock.now() })
      .where(
        and(
          eq(recoveryCodes.codeHash, hashToken(normal)),
          eq(recoveryCodes.userId, user.id),
          isNull(recoveryCodes.usedAt),
        ),
      )
      .returning({ userId: recoveryCodes.userId })
      .get()
    return row !== undefined
  }

  function requireTriesLeft(tx: Tx, user: UserRow): void {
    const since = clock.now() - WRONG_CODES_WINDOW_MS
    const recent = tx
      .select({ at: signInFailures.at })
      .from(signInFailures)
      .where(and(eq(signInFailures.userId, user.id), gt(signInFailures.at, since)))
      .orderBy(asc(signInFailures.at))
      .all()
    const oldest = recent.at(-WRONG_CODES_MAX)
    if (!oldest) return
    const seconds = Math.max(1, Math.ceil((oldest.at - since) / SECOND))
    throw new AppError('rate_limited', `Too many wrong codes. Try again in ${seconds} seconds.`, {
      retryAfterSeconds: seconds,
    })
  }

  return {
    /** Stores a new secret that is not in use yet, and how to scan it. */
    begin(tx: Tx, user: UserRow): TotpSetup {
      const secret = new Secret({ buffer: new Uint8Array(randomBytes(SECRET_BYTES)).buffer }).base32
      const otpauthUri = totpOf(user, secret).toString()
      tx.update(users)
        .set({ totpSecretSealed: vault.seal(secret, sealContext(user.id)), totpLastStep: null })
        .where(eq(users.id, user.id))
        .run()
      return { secret, otpauthUri, qrSvg: renderSVG(otpauthUri, { border: 2 }) }
    },

    /**
     * Uses up a TOTP code, or a recovery code of an account in which TOTP is in use; a wrong one
     * is counted, so the caller must commit `tx` and refuse afterwards.
     * Throws `rate_limited` after five wrong codes within five minutes.
     */
    spend(tx: Tx, user: UserRow, code: string): boolean {
      requireTriesLeft(tx, user)
      const compact = code.replace(/[\s-]/g, '')
      const recovering = user.totpEnabledAt !== null
      const accepted = /^\d{6}$/.test(compact)
        ? spendTotp(tx, user, compact)
        : recovering && spendRecoveryCode(tx, user, compact)
      if (!accepted) tx.insert(signInFailures).values({ userId: user.id, at: clock.now() }).run()
      return accepted
    },

    /** Replaces an account's recovery codes by ten new ones, returned in the clear this once. */
    renewRecoveryCodes(tx: Tx, userId: string): string[] {
      tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)).run()
      const codes = Array.from({ length: RECOVERY_CODES }, randomRecoveryCode)
      tx.insert(recoveryCodes)
        .values(codes.map((code) => ({ codeHash: hashToken(code), userId, usedAt: null })))
        .run()
      return codes.map((code) => code.replace(/.{6}(?=.)/g, '$&-'))
    },

    /** Forgets secret and recovery codes of an account. */
    remove(tx: Tx, userId: string): void {
      tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)).run()
      tx.update(users)
        .set({ totpSecretSealed: null, totpEnabledAt: null, totpLastStep: null })
        .where(eq(users.id, userId))
        .run()
    },

    /** Deletes up to 500 old failures; answers how many. */
    purge(tx: Tx): number {
      const due = tx
        .select({ no: signInFailures.no })
        .from(signInFailures)
        .where(lt(signInFailures.at, clock.now() - DAY))
        .limit(500)
      return tx
        .delete(signInFailures)
        .where(inArray(signInFailures.no, due))
        .returning({ no: signInFailures.no })
        .all().length
    },
  }
}

function randomRecoveryCode(): string {
  return Array.from(randomBytes(RECOVERY_CODE_LENGTH), (byte) => RECOVERY_ALPHABET[byte & 31]).join(
    '',
  )
}
