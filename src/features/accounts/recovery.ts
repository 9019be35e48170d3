import { AppError, invalid } from '../../core/errors'
import type { Tx } from '../../platform/database'
import { type RegistrationDeps, userActor } from './registration'
import type { UserRow } from './table'

/** Forgotten and changed passwords. */
export function createRecovery(deps: RegistrationDeps) {
  const { db, clock, passwords, mails, users, sessions, oneTimeTokens, letters, audit } = deps

  function setPassword(tx: Tx, user: UserRow, passwordHash: string, keepSession: string | null) {
    users.update(tx, user.id, { passwordHash })
    sessions.revokeAll(tx, user.id, keepSession)
    oneTimeTokens.revokeAll(tx, 'reset_password', user.id)
    // A change of e-mail that waits may have been asked for by whoever knew the old password.
    oneTimeTokens.revokeAll(tx, 'verify_email', user.id)
    mails.enqueue(tx, letters.passwordChanged(user))
  }

  return {
    setPassword,

    /** Mails a link to choose a new password, if there is such an account; says nothing. */
    forgotPassword(email: string): void {
      db.write((tx) => {
        const user = users.findByEmail(email)
        if (user) {
          const token = oneTimeTokens.issue(tx, 'reset_password', user.id)
          mails.enqueue(tx, letters.resetPassword(user, token))
        } else oneTimeTokens.pretend(tx, 'reset_password')
      })
    },

    /**
     * Sets a new password with a mailed link, which also proves the address. Signs out everywhere;
     * a second factor stays in force. Throws `invalid_token`, `validation_failed`.
     */
    async resetPassword(token: string, password: string): Promise<void> {
      const badLink = () =>
        invalid('token', 'This link is no longer valid. Ask for a new one.', 'invalid_token')
      if (!oneTimeTokens.isGood(db.read, 'reset_password', token)) throw badLink()
      passwords.requireGood(password, { email: '' })
      const passwordHash = await passwords.hash(password)
      db.write((tx) => {
        const spent = oneTimeTokens.spend(tx, 'reset_password', token)
        const user = spent?.userId ? users.findById(spent.userId) : undefined
        if (!user) throw badLink()
        setPassword(tx, user, passwordHash, null)
        if (user.emailVerifiedAt === null && mails.configured) {
          users.update(tx, user.id, { emailVerifiedAt: clock.now() })
        }
        audit.record(tx, {
          workspaceId: null,
          actor: userActor(user),
          action: 'user.password_reset',
          subjectId: user.id,
        })
      })
    },

    /** Throws `forbidden` unless `password` is the account's. */
    async requirePassword(user: UserRow, password: string, field: string): Promise<void> {
      if (await passwords.verify(password, user.passwordHash)) return
      throw new AppError('forbidden', 'This is not your current password.', {
        field,
        details: [{ field, message: 'Is not your current password.' }],
      })
    },
  }
}

export type Recovery = ReturnType<typeof createRecovery>
