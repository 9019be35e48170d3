import { and, asc, count, eq, isNull, or, sql } from 'drizzle-orm'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import { type UserRow, users } from './table'

export type NewUser = {
  email: string
  name: string
  /** Null until the person has chosen one. */
  passwordHash: string | null
  role: UserRow['role']
  emailVerifiedAt?: number | null
}

export type UserChanges = Partial<Omit<UserRow, 'id' | 'createdAt' | 'updatedAt'>>

export type UserFilter = {
  limit: number
  offset: number
  cursor?: string | undefined
  /** Part of a name or an e-mail. */
  q?: string | undefined
}

export type UserDirectory = ReturnType<typeof createUserDirectory>

const OLDEST = 'oldest'

/** The rows of people, for the features that look them up. */
export function createUserDirectory({ db, clock }: { db: Database; clock: Clock }) {
  const byId = db.read
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare()

  const byEmail = db.read
    .select()
    .from(users)
    .where(eq(users.email, sql.placeholder('email')))
    .prepare()

  const change = (tx: Tx, id: string, values: UserChanges): void =>
    void tx
      .update(users)
      .set({ ...values, updatedAt: clock.now() })
      .where(eq(users.id, id))
      .run()

  return {
    findById: (id: string): UserRow | undefined => byId.get({ id }),
    findByEmail: (email: string): UserRow | undefined =>
      byEmail.get({ email: email.toLowerCase() }),

    /** Adds a person. Throws `already_exists` for an e-mail in use. */
    create(tx: Tx, { email, name, passwordHash, role, emailVerifiedAt }: NewUser): UserRow {
      const address = email.toLowerCase()
      // Within an IMMEDIATE transaction nobody can add the same address in between.
      if (byEmail.get({ email: address })) {
        throw new AppError('already_exists', 'There is an account with this e-mail already.', {
          field: 'email',
        })
      }
      const now = clock.now()
      return tx
        .insert(users)
        .values({
          id: newId('usr', now),
          email: address,
          name,
          passwordHash,
          role,
          emailVerifiedAt: emailVerifiedAt ?? null,
          createdAt: now,
          updatedAt: now,
        })
        .returning()
        .get()
    },

    /** Changes columns of a person. */
    update: change,

    /** Blocks from a time on, or with null lets in again. */
    setBlocked: (tx: Tx, id: string, blockedAt: number | null): void =>
      change(tx, id, { blockedAt }),
    setRole: (tx: Tx, id: string, role: UserRow['role']): void => change(tx, id, { role }),

    /** Whether anybody was ever made a superadmin. */
    hasSuperadmin(tx: Tx): boolean {
      const isSuperadmin = eq(users.role, 'SUPERADMIN')
      return (
        tx.select({ id: users.id }).from(users).where(isSuperadmin).limit(1).get() !== undefined
      )
    },

    /** Superadmins who can sign in. */
    countSuperadmins(tx: Tx): number {
      const able = and(eq(users.role, 'SUPERADMIN'), isNull(users.blockedAt))
      return tx.select({ n: count() }).from(users).where(able).get()?.n ?? 0
    },

    /** Oldest first. Throws `validation_failed` for a foreign cursor. */
    list({ limit, offset, cursor, q }: UserFilter): Page<UserRow> {
      const pattern = q === undefined ? undefined : `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const matches =
        pattern === undefined
          ? undefined
          : or(
              sql`${users.email} LIKE ${pattern} ESCAPE '\\'`,
              sql`${users.name} LIKE ${pattern} ESCAPE '\\'`,
            )
      const at = cursor === undefined ? undefined : decodeCursor(cursor, OLDEST)
      const after = at && sql`(${users.createdAt}, ${users.id}) > (${at.value}, ${at.id})`
      const rows = db.read
        .select()
        .from(users)
        .where(and(matches, after))
        .orderBy(asc(users.createdAt), asc(users.id))
        .limit(limit + 1)
        .offset(at ? 0 : offset)
        .all()
      const total = db.read.select({ n: count() }).from(users).where(matches).get()?.n ?? 0
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: OLDEST, value: last.createdAt, id: last.id })
        : null
      return { data, meta: { total, limit, offset, nextCursor } }
    },
  }
}
