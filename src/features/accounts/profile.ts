import { AppError, invalid, notFound } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { Recovery } from './recovery'
import { type RegistrationDeps, userActor } from './registration'
import type { SecondFactor, TotpSetup } from './second-factor'
import type { UserRow } from './table'

export type UpdateProfile = {
  name?: string | undefined
  email?: string | undefined
  password?: string | undefined
  currentPassword?: string | undefined
}

export type ProfileDeps = RegistrationDeps & { recovery: Recovery; secondFactor: SecondFactor }

/** What people do with their own account. */
export function createProfile(deps: ProfileDeps) {
  const { db, passwords, mails, users, oneTimeTokens, letters, audit, recovery } = deps
  const { secondFactor } = deps

  function requireUser(userId: string): UserRow {
    const user = users.findById(userId)
    if (!user) throw notFound('user')
    return user
  }

  function record(tx: Tx, user: UserRow, action: string, details?: Record<string, unknown>): void {
    const entry = { workspaceId: null, actor: userActor(user), action, subjectId: user.id }
    audit.record(tx, details ? { ...entry, details } : entry)
  }

  /** With mails the new address waits for its proof; without, it is taken at once. */
  function changeEmail(tx: Tx, user: UserRow, email: string): void {
    const holder = users.findByEmail(email)
    if (!mails.configured) {
      if (holder) {
        throw new AppError('already_exists', 'Another account has this e-mail.', { field: 'email' })
      }
      users.update(tx, user.id, { email, emailVerifiedAt: null })
    } else if (holder) {
      mails.enqueue(tx, letters.alreadyRegistered(holder))
      oneTimeTokens.issue(tx, 'verify_email', user.id, email)
    } else {
      const token = oneTimeTokens.issue(tx, 'verify_email', user.id, email)
      mails.enqueue(tx, letters.verifyEmail({ email, name: user.name }, token))
      mails.enqueue(tx, letters.changedEmail(user, email))
    }
    oneTimeTokens.revokeAll(tx, 'reset_password', user.id)
    record(tx, user, 'user.email_change_requested', { email })
  }

  return {
    /** An account by id. Throws `not_found`. */
    requireById: requireUser,

    /** The new address that waits for its proof, or null. */
    pendingEmail: (userId: string): string | null => oneTimeTokens.pendingEmail(db.read, userId),

    /**
     * Changes name, e-mail or password; the latter two need the current password. A new password
     * ends every sign-in but `keepSessionId`. Throws `validation_failed`, `forbidden` for a wrong
     * current password, `already_exists` where no mail can tell.
     */
    async update(
      userId: string,
      input: UpdateProfile,
      keepSessionId: string | null,
    ): Promise<UserRow> {
      const before = requireUser(userId)
      const { name, password, currentPassword } = input
      const email = input.email === before.email ? undefined : input.email
      if (password !== undefined) {
        passwords.requireGood(password, { email: email ?? before.email })
      }
      if (email !== undefined || password !== undefined) {
        if (currentPassword === undefined) {
          throw invalid('current_password', 'Send your current password to change this.')
        }
        await recovery.requirePassword(before, currentPassword, 'current_password')
      }
      const passwordHash = password === undefined ? undefined : await passwords.hash(password)
      return db.write((tx) => {
        const user = requireUser(userId)
        if (user.passwordHash !== before.passwordHash) {
          throw new AppError('conflict', 'The password was just changed. Sign in again.')
        }
        if (name !== undefined && name !== user.name) {
          users.update(tx, userId, { name })
          record(tx, user, 'user.renamed')
        }
        if (passwordHash !== undefined) {
          recovery.setPassword(tx, user, passwordHash, keepSessionId)
          record(tx, user, 'user.password_changed')
        }
        if (email !== undefined) changeEmail(tx, user, email)
        return requireUser(userId)
      })
    },

    /** Begins to set up TOTP; `enableTotp` puts it in force. Throws `conflict` when it is. */
    setUpTotp(userId: string): TotpSetup {
      return db.write((tx) => {
        const user = requireUser(userId)
        if (user.totpEnabledAt !== null) throw alreadyOn()
        return secondFactor.begin(tx, user)
      })
    },

    /**
     * Puts TOTP in force with its first code; answers the recovery codes, shown only here.
     * Throws `conflict`, `validation_failed` for a wrong code, `rate_limited`.
     */
    enableTotp(userId: string, code: string): string[] {
      const outcome = db.write((tx) => {
        const user = requireUser(userId)
        if (user.totpEnabledAt !== null) throw alreadyOn()
        if (user.totpSecretSealed === null) {
          throw new AppError('conflict', 'Begin with POST /api/v1/users/me/2fa/setup.')
        }
        // Returned, not thrown, so that the count of wrong codes is committed.
        if (!secondFactor.spend(tx, user, code)) return wrongCode()
        users.update(tx, userId, { totpEnabledAt: deps.clock.now() })
        record(tx, user, 'user.2fa_enabled')
        return secondFactor.renewRecoveryCodes(tx, userId)
      })
      if (outcome instanceof AppError) throw outcome
      return outcome
    },

    /**
     * Takes TOTP out of force with a code and the password. Throws `conflict`, `forbidden` for a
     * wrong password, `validation_failed` for a wrong code, `rate_limited`.
     */
    async disableTotp(userId: string, code: string, password: string): Promise<void> {
      await recovery.requirePassword(requireUser(userId), password, 'password')
      const outcome = db.write((tx) => {
        const user = requireUser(userId)
        if (user.totpEnabledAt === null) {
          throw new AppError('conflict', 'Two-factor authentication is not on.')
        }
        if (!secondFactor.spend(tx, user, code)) return wrongCode()
        secondFactor.remove(tx, userId)
        record(tx, user, 'user.2fa_disabled')
        return undefined
      })
      if (outcome) throw outcome
    },
  }
}

const alreadyOn = () =>
  new AppError('conflict', 'Two-factor authentication is on already. Disable it first.')

const wrongCode = () =>
  invalid('code', 'This code is wrong or was used. Wait for the next one and try again.')
