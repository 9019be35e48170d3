import { eq, sql } from 'drizzle-orm'
import type { Identity } from '../../core/access'
import { type Clock, MINUTE } from '../../core/clock'
import { AppError } from '../../core/errors'
import { hashToken, randomToken } from '../../core/secret'
import type { Database } from '../../platform/database'
import { type KeyRow, keys } from './table'

const PREFIXES = { secret: 'ls_sk_', publishable: 'ls_pk_' } as const
const KEY_TEXT = /^ls_[sp]k_[A-Za-z0-9_-]{43}$/
const VISIBLE_CHARACTERS = 12

/** `last_used_at` is written at most this often. */
const TOUCH_EVERY_MS = MINUTE

/** A new key: its text, shown once, and what is stored of it. */
export function newKeyText(kind: KeyRow['kind']) {
  const text = `${PREFIXES[kind]}${randomToken()}`
  return { text, keyHash: hashToken(text), prefix: text.slice(0, VISIBLE_CHARACTERS) }
}

export type KeyOwner = { name: string; role: 'USER' | 'SUPERADMIN'; blockedAt: number | null }

export type CredentialDeps = {
  db: Database
  clock: Clock
  users: { findById(id: string): KeyOwner | undefined }
}

/** Who a key is, on every request: one look-up by hash, and no write. */
export function createKeyCredentials({ db, clock, users }: CredentialDeps) {
  /** Uses that are not written yet, by key id. */
  const used = new Map<string, number>()
  const byHash = db.read
    .select()
    .from(keys)
    .where(eq(keys.keyHash, sql.placeholder('keyHash')))
    .prepare()

  function ownerOf(row: KeyRow): KeyOwner | null | undefined {
    if (row.userId === null) return null
    const owner = users.findById(row.userId)
    if (owner && owner.blockedAt !== null) {
      throw new AppError('account_blocked', 'The account of this key is blocked.')
    }
    return owner
  }

  function touch(row: KeyRow, now: number): void {
    const last = Math.max(row.lastUsedAt ?? 0, used.get(row.id) ?? 0)
    if (now - last >= TOUCH_EVERY_MS) used.set(row.id, now)
  }

  return {
    /**
     * The identity of a key's text; undefined when it is unknown, expired or revoked.
     * Throws `account_blocked` for a key of a blocked user.
     */
    identify(text: string): Identity | undefined {
      if (!KEY_TEXT.test(text)) return undefined
      const row = byHash.get({ keyHash: hashToken(text) })
      const now = clock.now()
      if (!row || row.revokedAt !== null) return undefined
      if (row.expiresAt !== null && row.expiresAt <= now) return undefined
      const owner = ownerOf(row)
      if (owner === undefined) return undefined
      touch(row, now)
      return {
        kind: `${row.kind}_key`,
        userId: row.userId,
        keyId: row.id,
        sessionId: null,
        actorName: row.name,
        superadmin: owner?.role === 'SUPERADMIN',
        boundWorkspaceId: row.workspaceId,
        grantedScopes: new Set(row.scopes),
        allowedOrigins: row.allowedOrigins,
      }
    },

    /** When a key was last used, counting what is not written yet. */
    lastUsedAt: (row: KeyRow): number | null => used.get(row.id) ?? row.lastUsedAt,

    /** Writes the uses gathered since the last call. On `unavailable` they wait for the next. */
    writeUses(): void {
      if (used.size === 0) return
      const batch = [...used]
      db.write((tx) => {
        for (const [id, lastUsedAt] of batch) {
          tx.update(keys).set({ lastUsedAt }).where(eq(keys.id, id)).run()
        }
      })
      for (const [id, at] of batch) if (used.get(id) === at) used.delete(id)
    },
  }
}
