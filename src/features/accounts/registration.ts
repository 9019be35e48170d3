import { type Actor, SYSTEM_ACTOR } from '../../core/access'
import { AppError, invalid } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { AccountDeps } from './deps'
import type { Letters } from './letters'
import type { OneTimeTokens } from './one-time-tokens'
import type { UserRow } from './table'

export type Registration = {
  email: string
  password: string
  name?: string | undefined
  invite?: string | null | undefined
}

export type CreateUser = Omit<Registration, 'invite'> & { role: UserRow['role'] }

export type RegistrationDeps = AccountDeps & {
  oneTimeTokens: OneTimeTokens
  letters: Letters
}

/** Wherever a name is not given, the address lends its first half. */
const nameOf = ({ email, name }: { email: string; name?: string | undefined }): string =>
  name ?? email.slice(0, email.indexOf('@'))

export const userActor = (user: UserRow): Actor => ({ kind: 'user', id: user.id, name: user.name })

const alreadyExists = () =>
  new AppError('already_exists', 'There is an account with this e-mail already. Sign in instead.', {
    field: 'email',
  })

const badLink = (field = 'token') =>
  invalid(field, 'This link is no longer valid. Ask for a new one.', 'invalid_token')

/** How accounts come to be: sign-up, invitation, set-up link, operator. */
export function createRegistration(deps: RegistrationDeps) {
  const { db, clock, passwords, signup, mails, users, oneTimeTokens, letters, audit } = deps

  function requireSignupAllowed({ invite, email }: Registration): void {
    if (signup === 'closed') {
      throw new AppError('forbidden', 'Sign-up is closed here. Ask the operator for an account.')
    }
    if (invite) {
      const invited = deps.invitations.findEmail(db.read, invite)
      if (invited === undefined) throw badLink('invite')
      // Asked before anything is looked up, or the answer would tell who has an account.
      if (invited !== email) {
        throw new AppError('forbidden', 'This invitation was sent to another address.')
      }
    } else if (signup === 'invite') {
      throw new AppError('forbidden', 'Sign-up is by invitation here. Open the link you were sent.')
    }
  }

  /** Inserts a person with everything that belongs to a new one. Throws `already_exists`. */
  function insert(tx: Tx, input: CreateUser & { passwordHash: string; proven: boolean }): UserRow {
    const { email, passwordHash, role } = input
    const emailVerifiedAt = input.proven ? clock.now() : null
    const name = nameOf(input)
    const user = users.create(tx, { email, name, passwordHash, role, emailVerifiedAt })
    const superadmin = role === 'SUPERADMIN'
    deps.workspaces.createFirst(tx, { userId: user.id, name, superadmin })
    return user
  }

  function record(tx: Tx, actor: Actor, action: string, user: UserRow): void {
    audit.record(tx, {
      workspaceId: null,
      actor,
      action,
      subjectId: user.id,
      details: { email: user.email, role: user.role },
    })
  }

  function tellExisting(tx: Tx, user: UserRow): void {
    if (user.emailVerifiedAt !== null) {
      mails.enqueue(tx, letters.alreadyRegistered(user))
      return
    }
    // Nobody has proven this address, so whoever registered first must not keep a password on it.
    const token = oneTimeTokens.issue(tx, 'reset_password', user.id)
    mails.enqueue(tx, letters.finishRegistration(user, token))
  }

  /** An account made by the operator; its address counts as proven. Throws `already_exists`. */
  async function createUser(input: CreateUser, actor: Actor = SYSTEM_ACTOR): Promise<UserRow> {
    passwords.requireGood(input.password, { email: input.email })
    const passwordHash = await passwords.hash(input.password)
    return db.write((tx) => {
      const user = insert(tx, { ...input, passwordHash, proven: true })
      record(tx, actor, 'user.created', user)
      return user
    })
  }

  return {
    /**
     * Signs up. With mails the answer never tells whether the address is taken: undefined, and a
     * mail says the rest. Without mails: the new account, or `already_exists`.
     * Throws `forbidden` where sign-up is closed and for somebody else's invitation,
     * `invalid_token` for a bad one, `validation_failed` for a weak password.
     */
    async register(registration: Registration): Promise<UserRow | undefined> {
      requireSignupAllowed(registration)
      const { invite, ...input } = registration
      passwords.requireGood(input.password, { email: input.email })
      const passwordHash = await passwords.hash(input.password)
      return db.write((tx) => {
        const existing = users.findByEmail(input.email)
        if (existing && mails.configured) {
          tellExisting(tx, existing)
          return undefined
        }
        const user = insert(tx, { ...input, role: 'USER', passwordHash, proven: false })
        if (invite) {
          const { id: userId, email, name } = user
          deps.invitations.accept(tx, invite, { userId, email, name })
        }
        record(tx, userActor(user), 'user.registered', user)
        if (!mails.configured) return user
        const token = oneTimeTokens.issue(tx, 'verify_email', user.id)
        mails.enqueue(tx, letters.verifyEmail(user, token))
        return undefined
      })
    },

    /** Proves an address, or completes its change. Throws `invalid_token`, `already_exists`. */
    verifyEmail(token: string): void {
      db.write((tx) => {
        const spent = oneTimeTokens.spend(tx, 'verify_email', token)
        const user = spent?.userId ? users.findById(spent.userId) : undefined
        if (!spent || !user) throw badLink()
        const email = spent.email ?? user.email
        const holder = users.findByEmail(email)
        if (holder && holder.id !== user.id) throw alreadyExists()
        users.update(tx, user.id, { email, emailVerifiedAt: clock.now() })
        if (email !== user.email) oneTimeTokens.revokeAll(tx, 'reset_password', user.id)
        audit.record(tx, {
          workspaceId: null,
          actor: userActor(user),
          action: 'user.email_verified',
          subjectId: user.id,
          details: { email },
        })
      })
    },

    /** Mails the confirmation link again, if the address waits for one; says nothing either way. */
    resendVerification(email: string): void {
      db.write((tx) => {
        const user = users.findByEmail(email)
        if (user && user.emailVerifiedAt === null) {
          const token = oneTimeTokens.issue(tx, 'verify_email', user.id)
          mails.enqueue(tx, letters.verifyEmail(user, token))
        } else oneTimeTokens.pretend(tx, 'verify_email')
      })
    },

    /**
     * Throws `forbidden` while an address is unproven and mails can be sent; the link is mailed
     * again unless the last one still works.
     */
    requireProvenEmail(user: UserRow): void {
      if (!mails.configured || user.emailVerifiedAt !== null) return
      if (!oneTimeTokens.newest(db.read, 'verify_email', user.id)) {
        db.write((tx) => {
          const token = oneTimeTokens.issue(tx, 'verify_email', user.id)
          mails.enqueue(tx, letters.verifyEmail(user, token))
        })
      }
      throw new AppError(
        'forbidden',
        'Confirm your e-mail address first: open the link in the mail we sent you.',
      )
    },

    createUser,

    /**
     * Makes sure that somebody can administer: does nothing when a superadmin exists, creates the
     * one configured, or else answers a one-time link; links of earlier starts stop working.
     * Throws `validation_failed` for a weak password, `already_exists` when the address is taken.
     */
    async ensureFirstSuperadmin(configured: {
      adminEmail: string | null
      adminPassword: string | null
    }): Promise<{ state: 'exists' | 'created' } | { state: 'waiting'; setupUrl: string }> {
      if (users.hasSuperadmin(db.read)) return { state: 'exists' }
      const { adminEmail: email, adminPassword: password } = configured
      if (email && password) {
        passwords.requireGood(password, { email, field: 'ADMIN_PASSWORD' })
        await createUser({ email: email.toLowerCase(), password, role: 'SUPERADMIN' })
        return { state: 'created' }
      }
      const token = db.write((tx) => oneTimeTokens.issue(tx, 'setup', null))
      return { state: 'waiting', setupUrl: letters.setupLink(token) }
    },

    /**
     * Creates the first superadmin with the link of the first start. Throws `invalid_token`,
     * `already_exists`, `validation_failed`.
     */
    async setUp(token: string, input: Omit<CreateUser, 'role'>): Promise<UserRow> {
      if (!oneTimeTokens.isGood(db.read, 'setup', token)) throw badLink()
      passwords.requireGood(input.password, { email: input.email })
      const passwordHash = await passwords.hash(input.password)
      return db.write((tx) => {
        if (!oneTimeTokens.spend(tx, 'setup', token)) throw badLink()
        if (users.hasSuperadmin(tx)) throw badLink()
        const user = insert(tx, { ...input, role: 'SUPERADMIN', passwordHash, proven: true })
        record(tx, userActor(user), 'user.set_up', user)
        return user
      })
    },
  }
}
