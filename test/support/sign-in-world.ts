import { Elysia } from 'elysia'
import { z } from 'zod'
import { migrations } from '../../db/migrations'
import type { Actor, Identity } from '../../src/core/access'
import { AppError } from '../../src/core/errors'
import type { AccountDeps } from '../../src/features/accounts/deps'
import { createUserDirectory } from '../../src/features/accounts/directory'
import { accountRoutes } from '../../src/features/accounts/routes'
import { createAccountService } from '../../src/features/accounts/service'
import { createAuthenticator } from '../../src/features/auth/authenticator'
import { createSignInRetention } from '../../src/features/auth/retention'
import { authRoutes, sessionRoutes, tokenRoutes } from '../../src/features/auth/routes'
import { createAuthService } from '../../src/features/auth/service'
import { createSessions } from '../../src/features/auth/sessions'
import { createTokens } from '../../src/features/auth/tokens'
import { mailsRoutes } from '../../src/features/mails/routes'
import { createMailService, type Mailer } from '../../src/features/mails/service'
import { createAccess } from '../../src/http/access'
import { finishAnswer } from '../../src/http/answer'
import { createErrorEncoder, normaliseError } from '../../src/http/errors'
import { createRateGate } from '../../src/http/rate-limit'
import { beginRequest } from '../../src/http/request-context'
import { openDatabase } from '../../src/platform/database'
import { createLogger } from '../../src/platform/logger'
import { migrate } from '../../src/platform/migrate'
import { createPasswords } from '../../src/platform/passwords'
import { createRateLimiter } from '../../src/platform/rate-limiter'
import { createVault } from '../../src/platform/vault'
import { createTestClock } from './clock'
import { temporaryDirectory } from './temporary-directory'

export const PASSWORD = 'a fine long phrase'
const APP_SECRET = 'test secret of at least 32 characters'

export type WorldOptions = {
  signup?: AccountDeps['signup']
  /** Sends mails; without it they are stored. */
  send?: Mailer['send']
  rateLimits?: boolean
  publicUrl?: string
}

/** The members of answers that tests look into; the rest they compare whole. */
const Reply = z.looseObject({
  data: z.any().optional(),
  user: z.any().optional(),
})

type AuditEntry = { action: string; actor: Actor; subjectId: string | null }

/** A migrated database of its own, and what was logged and audited over it. */
function createGround(options: WorldOptions) {
  const directory = temporaryDirectory()
  const clock = createTestClock()
  const db = openDatabase({ path: directory.file('linkstead.db') })
  migrate(db.sqlite, migrations, clock)
  const log: string[] = []
  const audited: AuditEntry[] = []
  return {
    clock,
    db,
    log,
    logger: createLogger('info', (line) => void log.push(line)),
    vault: createVault(APP_SECRET),
    passwords: createPasswords({ memoryKib: 64, passes: 1 }),
    publicUrl: () => options.publicUrl ?? 'http://localhost',
    audited,
    audit: { record: (_tx: unknown, entry: AuditEntry) => void audited.push(entry) },
    mailer: {
      configured: options.send !== undefined,
      send: options.send ?? (() => Promise.reject(new Error('There is no server.'))),
    },
    close() {
      db.close()
      directory[Symbol.dispose]()
    },
  }
}

/** Accounts, sign-in and mails; workspaces, invitations and keys only as far as they show. */
function createPeople(ground: ReturnType<typeof createGround>, signup: AccountDeps['signup']) {
  const mails = createMailService(ground)
  const sessions = createSessions(ground)
  const users = createUserDirectory(ground)
  const tokens = createTokens({ appSecret: APP_SECRET, clock: ground.clock })
  const workspaces: { userId: string; superadmin: boolean }[] = []
  const accepted: { token: string; email: string }[] = []
  const accounts = createAccountService({
    ...ground,
    users,
    signup,
    mails,
    sessions,
    workspaces: { createFirst: (_tx, owner) => void workspaces.push(owner) },
    invitations: {
      findEmail: (_tx, token) => (token === 'good invitation' ? 'guest@example.com' : undefined),
      accept: (_tx, token, { email }) => void accepted.push({ token, email }),
    },
  })
  const auth = createAuthService({ ...ground, tokens, sessions, accounts })
  const keys = new Map<string, Identity>()
  const authenticator = createAuthenticator({
    ...{ tokens, sessions, accounts, publicUrl: ground.publicUrl },
    keys: { identify: (key) => keys.get(key) },
  })
  return {
    mails,
    sessions,
    users,
    tokens,
    workspaces,
    accepted,
    accounts,
    auth,
    keys,
    authenticator,
  }
}

/** The routes of accounts, sign-in and mails behind the real gate and error encoder. */
function createDoor(
  { logger, publicUrl }: ReturnType<typeof createGround>,
  { auth, authenticator, accounts, mails }: ReturnType<typeof createPeople>,
  rateLimits: boolean,
) {
  const rates = createRateGate(createRateLimiter(rateLimits))
  const gate = {
    ...authenticator,
    enter: () => undefined,
    requireFeature: (): never => {
      throw new AppError('internal', 'No route here asks for a feature.')
    },
    isCronSecret: () => false,
  }
  const answers = { find: () => undefined, commit: <T>(_: unknown, work: () => T) => work() }
  const access = createAccess({
    commit: async (work) => work(),
    auth: gate,
    rates,
    answers,
  })
  const billing = { subscriptionOf: () => undefined }
  const deps = { access, rates, auth, authenticator, accounts, mails, billing, publicUrl }
  const groups = ['/api/v1/auth', '/api/v1/users/me'].map((prefix) => ({
    prefix,
    form: 'object' as const,
  }))
  const encode = createErrorEncoder({ logger, groups })
  return new Elysia()
    .onError(({ error, code, request }) => encode(request, normaliseError(error, code)))
    .use(tokenRoutes(deps))
    .use(sessionRoutes(deps))
    .use(
      new Elysia({ prefix: '/api/v1' })
        .use(authRoutes(deps))
        .use(accountRoutes(deps))
        .use(mailsRoutes(deps)),
    )
}

/** Everything about people and signing in over a fresh database, and nothing else of the product. */
export function signInWorld(options: WorldOptions = {}) {
  const ground = createGround(options)
  const people = createPeople(ground, options.signup ?? 'open')
  const { accounts, mails } = people
  const { clock, audited } = ground
  const door = createDoor(ground, people, options.rateLimits ?? false)

  async function call(method: string, path: string, body?: unknown, headers = {}) {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const context = beginRequest(request, {
      ...{ path, address: '203.0.113.9', startedAt: clock.now() },
    })
    const response = finishAnswer(await door.handle(request), context)
    const text = await response.text()
    const reply = Reply.parse(text === '' ? {} : JSON.parse(text))
    return { status: response.status, headers: response.headers, body: reply }
  }

  const post = (path: string, body: unknown, headers = {}) => call('POST', path, body, headers)

  return {
    ...ground,
    ...people,
    call,
    post,
    get: (path: string, headers = {}) => call('GET', path, undefined, headers),
    retention: createSignInRetention({ ...ground, ...people }),
    actions: () => audited.map(({ action }) => action),

    /** An account of `email` that can sign in. */
    addUser: (email = 'ada@example.com', role: 'USER' | 'SUPERADMIN' = 'USER') =>
      accounts.createUser({ email, password: PASSWORD, name: 'Ada', role }),

    /** Signs in to the dashboard: headers for safe and for unsafe requests. */
    async cookieOf(email = 'ada@example.com', extra = {}) {
      const { headers, body } = await post('/api/session', { email, password: PASSWORD, ...extra })
      const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
      return { safe: { cookie }, unsafe: { cookie, 'x-csrf-token': String(body.csrfToken) } }
    },

    async bearerOf(email = 'ada@example.com') {
      const { body } = await post('/api/auth/token', { email, password: PASSWORD })
      return { authorization: `Bearer ${body.token}` }
    },

    /** The token in the newest mail to an address, and that mail's kind. */
    newestMail(to: string) {
      const row = mails.list({ limit: 100, offset: 0 }).rows.find((mail) => mail.recipient === to)
      if (!row) throw new Error(`There is no mail to ${to}.`)
      const { body } = mails.requireById(row.id, { kind: 'system', id: null, name: 'test' })
      const text = body?.text ?? ''
      return { kind: row.kind, text, token: /token=([\w-]+)/.exec(text)?.[1] ?? '' }
    },

    [Symbol.dispose]: ground.close,
  }
}
