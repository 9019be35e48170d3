import type { Actor } from '../../core/access'
import { type Clock, MINUTE, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import { hashToken, randomToken } from '../../core/secret'
import type { Database, Tx } from '../../platform/database'
import type { Passwords } from '../../platform/passwords'
import type { Account } from '../accounts/service'
import type { Sessions } from './sessions'
import type { SessionRow } from './table'
import type { Tokens } from './tokens'

const ACCESS_TOKEN_MS = 15 * MINUTE

export type SignIn = {
  email: string
  password: string
  /** A TOTP or recovery code, where the account asks for one. */
  code?: string | null | undefined
  userAgent?: string | null
}

export type TokenPair = { accessToken: string; refreshToken: string; user: Account }

/** What signing in needs of the accounts. */
export type SignInAccounts = {
  findByEmail(email: string): Account | undefined
  findById(id: string): Account | undefined
  /** Throws `forbidden` and mails a link while the address is unproven and mails can be sent. */
  requireProvenEmail(account: Account): void
  /** Uses up a TOTP or recovery code. Throws `rate_limited` after too many wrong ones. */
  spendCode(tx: Tx, account: Account, code: string): boolean
  replaceHash(tx: Tx, accountId: string, passwordHash: string): void
}

export type AuthDeps = {
  db: Database
  clock: Clock
  passwords: Passwords
  tokens: Tokens
  sessions: Sessions
  accounts: SignInAccounts
  audit: {
    record(
      tx: Tx,
      entry: { workspaceId: null; actor: Actor; action: string; subjectId: string | null },
    ): void
  }
}

export type AuthService = ReturnType<typeof createAuthService>

/** Sign-in with e-mail, password and second factor; tokens, refresh and cookie sessions. */
export function createAuthService(deps: AuthDeps) {
  const { db, clock, tokens, sessions, accounts, audit } = deps
  const proveIdentity = createIdentityProof(deps)

  /** Rotates within one transaction; the refusal is thrown after its revocation is committed. */
  function rotate(refreshToken: string): { session: SessionRow; nextToken: string } {
    const nextToken = randomToken()
    const session = db.write((tx) => {
      const spentHash = hashToken(refreshToken)
      const family = sessions.findBySecret(spentHash)
      if (family?.kind === 'refresh' && sessions.isLive(family)) {
        sessions.rotate(tx, family, spentHash, hashToken(nextToken))
        return family
      }
      const reused = sessions.findBySpent(tx, spentHash)
      const owner = reused === undefined ? undefined : sessions.findById(reused)
      if (owner && sessions.revoke(tx, owner.id)) {
        recordFor(tx, accounts.findById(owner.userId), 'session.refresh_token_reused', owner.id)
      }
      return undefined
    })
    if (session) return { session, nextToken }
    throw new AppError('unauthorized', 'This refresh token is no longer valid. Sign in again.')
  }

  function recordFor(tx: Tx, account: Account | undefined, action: string, subjectId: string) {
    const actor = { kind: 'user', id: account?.id ?? null, name: account?.name ?? '' } as const
    audit.record(tx, { workspaceId: null, actor, action, subjectId })
  }

  const accessToken = (session: SessionRow): Promise<string> =>
    tokens.sign(
      { userId: session.userId, sessionId: session.id },
      Math.min(clock.now() + ACCESS_TOKEN_MS, session.expiresAt),
    )

  return {
    /** A JWT of 30 days. Throws `unauthorized`, `account_blocked`, `needs_2fa`, `rate_limited`. */
    async createToken(signIn: SignIn): Promise<{ token: string; user: Account }> {
      const { session, user } = await proveIdentity(signIn, 'token', null)
      const claims = { userId: user.id, sessionId: session.id }
      return { token: await tokens.sign(claims, session.expiresAt), user }
    },

    /** An access token and the first refresh token of a family. Throws as `createToken`. */
    async login(signIn: SignIn): Promise<TokenPair> {
      const refreshToken = randomToken()
      const { session, user } = await proveIdentity(signIn, 'refresh', hashToken(refreshToken))
      return { accessToken: await accessToken(session), refreshToken, user }
    },

    /**
     * A new pair for an unspent refresh token. A spent one shows that it was copied: its whole
     * family is revoked (RFC 9700 §4.14.2). Throws `unauthorized`, `account_blocked`.
     */
    async refresh(refreshToken: string): Promise<TokenPair> {
      const owner = sessions.findBySecret(hashToken(refreshToken))
      const user = owner && accounts.findById(owner.userId)
      if (user) refuseBlocked(user)
      const { session, nextToken } = rotate(refreshToken)
      const account = accounts.findById(session.userId)
      if (!account) throw new Error(`The account of session ${session.id} is missing.`)
      return {
        accessToken: await accessToken(session),
        refreshToken: nextToken,
        user: account,
      }
    },

    /** Ends the family of a refresh token, spent or not. Answers whether there was one. */
    logoutByRefreshToken(refreshToken: string): boolean {
      const hash = hashToken(refreshToken)
      return db.write((tx) => {
        const family = sessions.findBySecret(hash)
        const id = family?.kind === 'refresh' ? family.id : sessions.findBySpent(tx, hash)
        if (id === undefined) return false
        sessions.revoke(tx, id)
        return true
      })
    },

    /** Ends one sign-in. */
    logout(sessionId: string): void {
      db.write((tx) => {
        sessions.revoke(tx, sessionId)
      })
    },

    /** Begins a dashboard session; `cookie` is its secret. Throws as `createToken`. */
    async openSession(signIn: SignIn) {
      const cookie = randomToken()
      const { session, user } = await proveIdentity(signIn, 'cookie', hashToken(cookie))
      return { cookie, session, user, csrfToken: tokens.csrfOf(session.id) }
    },

    /** The cookie session of an authenticated request. Throws `unauthorized` when it is gone. */
    requireSession(sessionId: string | null) {
      const session = sessionId === null ? undefined : sessions.findById(sessionId)
      const user = session && accounts.findById(session.userId)
      if (!session || !user) throw new AppError('unauthorized', 'Sign in again.')
      return { session, user, csrfToken: tokens.csrfOf(session.id) }
    },

    listSessions: (userId: string): SessionRow[] => sessions.list(userId),

    /** Ends every cookie, token and refresh family of a user; answers how many there were. */
    signOutEverywhere(userId: string): number {
      return db.write((tx) => {
        const count = sessions.revokeAll(tx, userId)
        recordFor(tx, accounts.findById(userId), 'session.all_revoked', userId)
        return count
      })
    },
  }
}

/** Throws `account_blocked`. */
export function refuseBlocked(account: Account): void {
  if (account.blockedAt === null) return
  throw new AppError('account_blocked', 'This account is blocked. Ask the operator about it.')
}

const wrongPair = () =>
  new AppError('unauthorized', 'The e-mail or the password is wrong. Check both and try again.')

/** The steps of contract §2 in their order, from the pair to the session row. */
function createIdentityProof({ db, passwords, sessions, accounts, audit }: AuthDeps) {
  type Outcome = { session: SessionRow; user: Account } | AppError

  return async function proveIdentity(
    { email, password, code, userAgent = null }: SignIn,
    kind: SessionRow['kind'],
    secretHash: string | null,
  ): Promise<{ session: SessionRow; user: Account }> {
    const found = accounts.findByEmail(email)
    const right = await passwords.verify(password, found?.passwordHash)
    if (!right || !found?.passwordHash) throw wrongPair()
    refuseBlocked(found)
    accounts.requireProvenEmail(found)
    const provenHash = found.passwordHash
    const betterHash = passwords.isOutdated(provenHash) ? await passwords.hash(password) : null

    // Refusals are returned, so that the count of wrong codes is committed with them.
    const outcome = db.write((tx): Outcome => {
      // Read again: the account may have changed while the password was compared.
      const user = accounts.findById(found.id)
      if (!user || user.passwordHash !== provenHash) return wrongPair()
      refuseBlocked(user)
      if (user.totpEnabledAt !== null) {
        if (!code) {
          return new AppError('needs_2fa', 'Send the six digits of your authenticator as "code".')
        }
        if (!accounts.spendCode(tx, user, code)) {
          return new AppError('unauthorized', 'This code is wrong or was used. Wait for the next.')
        }
      }
      if (betterHash) accounts.replaceHash(tx, user.id, betterHash)
      const session = sessions.start(tx, { userId: user.id, kind, secretHash, userAgent })
      const actor = { kind: 'user', id: user.id, name: user.name } as const
      audit.record(tx, {
        workspaceId: null,
        actor,
        action: 'session.started',
        subjectId: session.id,
      })
      return { session, user }
    })
    if (outcome instanceof AppError) throw outcome
    return outcome
  }
}

/** Seconds that an access token of a pair lives, for the wire. */
export const ACCESS_TOKEN_SECONDS = ACCESS_TOKEN_MS / SECOND
