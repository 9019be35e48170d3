import type { Tx } from '../../platform/database'
import type { AccountDeps } from './deps'
import { createLetters } from './letters'
import { createOneTimeTokens } from './one-time-tokens'
import { createProfile } from './profile'
import { createRecovery } from './recovery'
import { createRegistration } from './registration'
import { createSecondFactor } from './second-factor'
import type { UserRow } from './table'

/** A person; hash and sealed secret never reach the wire. */
export type Account = UserRow

export type AccountService = ReturnType<typeof createAccountService>

/** Everything about people: how they come, what they change, what proves them. */
export function createAccountService(deps: AccountDeps) {
  const { db, users } = deps
  const oneTimeTokens = createOneTimeTokens(deps)
  const secondFactor = createSecondFactor(deps)
  const parts = { ...deps, oneTimeTokens, letters: createLetters(deps.publicUrl) }
  const recovery = createRecovery(parts)

  return {
    ...createRegistration(parts),
    forgotPassword: recovery.forgotPassword,
    resetPassword: recovery.resetPassword,
    ...createProfile({ ...parts, recovery, secondFactor }),

    findById: users.findById,
    findByEmail: users.findByEmail,
    /** Uses up a TOTP or recovery code within a sign-in; see `SecondFactor.spend`. */
    spendCode: secondFactor.spend,
    /** Keeps a hash made with today's parameters. */
    replaceHash(tx: Tx, userId: string, passwordHash: string): void {
      users.update(tx, userId, { passwordHash })
    },

    /** Deletes what has long ended, up to 500 rows of a kind; answers how many. */
    purge: (): number => db.write((tx) => oneTimeTokens.purge(tx) + secondFactor.purge(tx)),
  }
}
