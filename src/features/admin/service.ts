import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { CreateUser, ListUsers, OperateUser, UserFacts } from './schema'

type UserRole = UserFacts['role']

export type AdminDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
  users: {
    findById(id: string): UserFacts | undefined
    list(query: ListUsers): Page<UserFacts>
    /** Throws `already_exists`. */
    create(
      tx: Tx,
      user: {
        email: string
        name: string
        passwordHash: string
        role: UserRole
        emailVerifiedAt: number
      },
    ): UserFacts
    setBlocked(tx: Tx, id: string, blockedAt: number | null): void
    setRole(tx: Tx, id: string, role: UserRole): void
    countSuperadmins(tx: Tx): number
  }
  sessions: { revokeAll(tx: Tx, userId: string): unknown }
  workspaces: {
    createFirst(tx: Tx, owner: { userId: string; name: string; superadmin: boolean }): unknown
  }
  passwords: {
    /** Throws `validation_failed`. */
    requireGood(plain: string, account: { email: string }): void
    hash(plain: string): Promise<string>
  }
}

export type Admin = ReturnType<typeof createAdmin>

/** The people of the installation in the hands of a superadmin. */
export function createAdmin(deps: AdminDeps) {
  const { db, clock, audit, users, sessions, workspaces, passwords } = deps

  function requireUser(id: string): UserFacts {
    const user = users.findById(id)
    if (!user) throw new AppError('not_found', 'There is no such user.')
    return user
  }

  function record(tx: Tx, actor: Actor, action: string, user: UserFacts, details: object): void {
    audit.record(tx, {
      workspaceId: null,
      actor,
      action: `user.${action}`,
      subjectId: user.id,
      details: { email: user.email, ...details },
    })
  }

  function setBlocked(tx: Tx, actor: Actor, user: UserFacts, blocked: boolean): void {
    if (blocked === (user.blockedAt !== null)) return
    users.setBlocked(tx, user.id, blocked ? clock.now() : null)
    if (blocked) sessions.revokeAll(tx, user.id)
    record(tx, actor, blocked ? 'blocked' : 'unblocked', user, {})
  }

  function setRole(tx: Tx, actor: Actor, user: UserFacts, role: UserRole): void {
    if (role === user.role) return
    users.setRole(tx, user.id, role)
    record(tx, actor, 'role_changed', user, { before: user.role, after: role })
  }

  return {
    /** Oldest first. Throws `validation_failed` for a foreign cursor. */
    listUsers: (query: ListUsers): Page<UserFacts> => users.list(query),

    /** Throws `not_found`. */
    requireUser,

    /**
     * The first half of making an account, which takes time: checks and hashes the password.
     * Throws `validation_failed` for a weak one.
     */
    async prepareUser(input: CreateUser): Promise<{ passwordHash: string }> {
      passwords.requireGood(input.password, { email: input.email })
      return { passwordHash: await passwords.hash(input.password) }
    },

    /** Makes an account with a workspace of its own. Throws `already_exists`. */
    createUser(actor: Actor, input: CreateUser, prepared: { passwordHash: string }): UserFacts {
      const { email, role } = input
      const name = input.name ?? email.slice(0, email.indexOf('@'))
      return db.write((tx) => {
        const emailVerifiedAt = clock.now()
        const user = users.create(tx, { email, name, role, ...prepared, emailVerifiedAt })
        workspaces.createFirst(tx, { userId: user.id, name, superadmin: role === 'SUPERADMIN' })
        record(tx, actor, 'created', user, { role })
        return user
      })
    },

    /**
     * Blocks, lets in again, or gives another role; a block ends every session at once. Throws
     * `not_found`, and `conflict` for oneself and for the last superadmin.
     */
    updateUser(actor: Actor, id: string, { blocked, role }: OperateUser): UserFacts {
      return db.write((tx) => {
        const user = requireUser(id)
        if (user.id === actor.id) {
          throw new AppError('conflict', 'Ask another superadmin to change your own account.')
        }
        if (blocked !== undefined) setBlocked(tx, actor, user, blocked)
        if (role !== undefined) setRole(tx, actor, user, role)
        if (users.countSuperadmins(tx) === 0) {
          throw new AppError('conflict', 'The last superadmin must stay one.')
        }
        return requireUser(id)
      })
    },
  }
}
