import type { Actor } from '../../core/access'
import type { Clock } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Passwords } from '../../platform/passwords'
import type { Vault } from '../../platform/vault'
import type { UserDirectory } from './directory'

/** What the accounts need of the rest of the product; compose gives it. */
export type AccountDeps = {
  users: UserDirectory
  db: Database
  clock: Clock
  vault: Vault
  passwords: Passwords
  /** Who may register (contract §10). */
  signup: 'invite' | 'open' | 'closed'
  /** Origin of every link in a mail, without a trailing slash. */
  publicUrl: () => string
  mails: {
    /** Whether mails leave the server; otherwise a superadmin reads them in the dashboard. */
    readonly configured: boolean
    enqueue(tx: Tx, mail: { to: string; subject: string; text: string; kind: string }): unknown
  }
  sessions: { revokeAll(tx: Tx, userId: string, exceptSessionId?: string | null): number }
  workspaces: {
    /** Gives a new account its own workspace. */
    createFirst(tx: Tx, owner: { userId: string; name: string; superadmin: boolean }): unknown
  }
  invitations: {
    /** The address that an open invitation was sent to; undefined when the token is not good. */
    findEmail(tx: Tx, token: string): string | undefined
    /** Seats a new account. Throws `invalid_token` or `forbidden`. */
    accept(tx: Tx, token: string, account: { userId: string; email: string; name: string }): unknown
  }
  audit: {
    record(
      tx: Tx,
      entry: {
        workspaceId: string | null
        actor: Actor
        action: string
        subjectId: string | null
        details?: Record<string, unknown>
      },
    ): void
  }
}
