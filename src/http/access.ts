import { Elysia } from 'elysia'
import {
  type Access,
  type Identity,
  type PlanFeature,
  type Principal,
  type Role,
  roleCovers,
  type Scope,
  takesUpload,
} from '../core/access'
import { AppError, invalid } from '../core/errors'
import { isAllowedOrigin } from '../core/origin'
import { readJsonBody } from './body'
import { createIdempotency, type IdempotencyStore, type Once } from './idempotency'
import { queryOf } from './query'
import type { RateGate } from './rate-limit'
import { contextOf } from './request-context'
import type { UploadReceiver } from './upload'

/** Who is calling and what they may do; implemented by the features that own users and keys. */
export type Authenticator = {
  /**
   * Who sends the request, or null without a credential. Throws `unauthorized` for a bad one,
   * `account_blocked`, and `forbidden` for a cookie without its CSRF header on unsafe methods.
   */
  identify(request: Request, options?: IdentifyOptions): Promise<Identity | null>
  /** The caller in a workspace (null: their first). Undefined when it is not theirs to see. */
  enter(identity: Identity, workspaceId: string | null): Principal | undefined
  /** Throws `plan_feature_required` when the workspace's plan lacks the feature. */
  requireFeature(workspaceId: string, feature: PlanFeature): void
  /** Whether a text is CRON_SECRET, in the same time wherever it differs. */
  isCronSecret(text: string): boolean
}

/** `csrf: 'always'` asks a cookie for its CSRF header on safe methods too. */
export type IdentifyOptions = { csrf?: 'always' }

const NOWHERE = 'This credential has no workspace. Create one with POST /api/v1/workspaces.'

/** A place no row is in: what a person without any workspace gets on routes about themselves. */
const NO_WORKSPACE = 'none'

export type AccessDeps = {
  auth: Authenticator
  rates: RateGate
  answers: IdempotencyStore
  /** Runs effects of the same turn in one durable transaction. */
  commit: Once
  /** Receives the forms of routes that take a file. */
  receiveUpload?: UploadReceiver
}

export type AccessPlugin = ReturnType<typeof createAccess>

type GateInput = { request: Request; body?: unknown; query?: unknown; params?: unknown }
type Entered = { identity: Identity; principal: Principal | undefined; selected: boolean }

/**
 * The gate of every route: one option enforces, documents and types who may call it. Refuses in
 * the order of contract §1: 401, 403, 429, then what is wrong with the body, then 404.
 */
export function createAccess({
  auth,
  rates,
  answers,
  commit,
  receiveUpload = noUploads,
}: AccessDeps) {
  const entered = new WeakMap<Request, Entered>()
  const idempotency = createIdempotency(answers, commit)

  async function pass(access: Access, input: GateInput): Promise<void> {
    const { request } = input
    const context = contextOf(request)
    if (access === 'public') {
      await rates.spendForAddress(context)
    } else if (access === 'operator') {
      await passOperator(input)
    } else {
      const identity = await identify(request)
      const all = concernsAllWorkspaces(access)
      const workspaceId = selectedWorkspace(access, input)
      const principal = all && workspaceId === null ? undefined : auth.enter(identity, workspaceId)
      entered.set(request, { identity, principal, selected: workspaceId !== null })
      const spend = () =>
        rates.spendFor(context, identity, principal?.workspaceId ?? identity.boundWorkspaceId)
      try {
        authorise(access, identity, all ? undefined : principal)
        if (identity.kind === 'publishable_key') requireOrigin(request, identity)
        requireFeature(access, principal)
      } catch (refusal) {
        // Refused requests count like any other, but a 403 stays one (contract §1).
        await spend().catch(() => undefined)
        throw refusal
      }
      await spend()
    }
    if (takesUpload(access)) input.body = await receiveUpload(request)
    if (context.bodyFailure) throw context.bodyFailure
    if (isWithCaller(access)) requireChoiceAsText(input)
  }

  /** A secret that is given has to be the right one; only without one a session counts. */
  async function passOperator({ request, query }: GateInput): Promise<void> {
    const context = contextOf(request)
    const given = memberOf(query, 'secret') ?? ''
    if (given !== '' && !(typeof given === 'string' && auth.isCronSecret(given))) {
      await rates.spendForAddress(context).catch(() => undefined)
      throw new AppError('unauthorized', 'This is not the CRON_SECRET of this server.')
    }
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    if (given === '' && !auth.isCronSecret(bearer)) {
      authorise('superadmin', await identify(request, { csrf: 'always' }), undefined)
    }
    await rates.spendForAddress(context)
  }

  function requireFeature(access: Access, principal: Principal | undefined): void {
    const feature = typeof access === 'object' && 'feature' in access ? access.feature : undefined
    if (feature && principal) auth.requireFeature(principal.workspaceId, feature)
  }

  async function identify(request: Request, options?: IdentifyOptions): Promise<Identity> {
    try {
      const identity = await auth.identify(request, options)
      if (identity) return identity
      throw new AppError(
        'unauthorized',
        'Unauthorized — send a key as "Authorization: Bearer ls_sk_…" or "X-Api-Key: ls_sk_…".',
      )
    } catch (refusal) {
      // Failed attempts use up the budget of the address, but never turn a 401 into a 429.
      await rates.spendForAddress(contextOf(request)).catch(() => undefined)
      throw refusal
    }
  }

  function enter(access: Access, request: Request): { identity: Identity; principal: Principal } {
    const state = entered.get(request)
    if (!state) throw new Error('A public route has no caller.')
    const { identity, principal, selected } = state
    if (principal) return { identity, principal }
    if (selected)
      throw new AppError('not_found', 'There is no workspace of this id that you belong to.')
    if (needsWorkspace(access)) throw new AppError('not_found', NOWHERE)
    const nowhere = { workspaceId: NO_WORKSPACE, role: null, scopes: new Set<Scope>() }
    return { identity, principal: { ...identity, ...nowhere } }
  }

  /** Whether the caller would be let in now: for answers that go on for long. */
  async function isStillAllowed(access: Access, request: Request): Promise<boolean> {
    const { principal } = enter(access, request)
    try {
      const now = auth.enter(await identify(request), principal.workspaceId)
      if (now) authorise(access, now, now)
      return now !== undefined
    } catch (refusal) {
      // Only a refusal ends it, not a database that is busy.
      return !(refusal instanceof AppError) || refusal.status >= 500
    }
  }

  const subjectOf = ({ identity, principal }: { identity: Identity; principal: Principal }) =>
    `${identity.keyId ?? identity.userId} ${principal.workspaceId}`

  return new Elysia({ name: 'http/access' }).macro('access', (access: Access) => ({
    detail: { 'x-access': access } as Record<string, unknown>,
    parse: ({ request }: { request: Request }) =>
      takesUpload(access) ? {} : readJsonBody(request),
    transform: (input: GateInput) => {
      input.query = queryOf(input.request.url)
      return pass(access, input)
    },
    resolve: ({ request }: { request: Request }): Caller => {
      if (!isWithCaller(access)) return publicCaller
      const caller = enter(access, request)
      const once = idempotency.onceFor(request, subjectOf(caller))
      return { ...caller, once, isStillAllowed: () => isStillAllowed(access, request) }
    },
    beforeHandle: ({ request }: { request: Request }) => {
      if (!isWithCaller(access)) return undefined
      return idempotency.begin(request, subjectOf(enter(access, request)))
    },
  }))
}

const noUploads: UploadReceiver = () => {
  throw new Error('This server was made without a place for files.')
}

type Caller = {
  identity: Identity
  principal: Principal
  once: Once
  isStillAllowed: () => Promise<boolean>
}

// The one cast of this adapter: a macro has one type for all its uses, and a public route has no
// caller; reading one there fails at once in its first test.
const publicCaller = {
  once: async (work) => work(),
} satisfies Partial<Caller> as unknown as Caller

/** Whether a route has a caller: the operator's machines are nobody. */
const isWithCaller = (access: Access): boolean => access !== 'public' && access !== 'operator'

const concernsAllWorkspaces = (access: Access): boolean =>
  typeof access === 'object' && access.workspace === 'all'

const needsWorkspace = (access: Access): boolean =>
  typeof access === 'object' &&
  access.workspace !== 'all' &&
  ('scope' in access ||
    ('person' in access && access.person !== 'any') ||
    ('session' in access && access.session !== 'any'))

/** The workspace that a request names: path, header, query or body; null for the default. */
function selectedWorkspace(access: Access, { request, query, params, body }: GateInput) {
  if (typeof access === 'object' && access.workspace === 'path') return textOf(params, 'id')
  return (
    request.headers.get('x-workspace-id') ??
    textOf(query, 'workspace_id') ??
    textOf(body, 'workspace_id')
  )
}

/** A choice that cannot be read must not fall to the default. Throws `validation_failed`. */
function requireChoiceAsText({ query, body }: GateInput): void {
  for (const record of [query, body]) {
    const chosen = memberOf(record, 'workspace_id') ?? ''
    if (typeof chosen === 'string') continue
    throw invalid('workspace_id', 'Name one workspace by its id, as text.')
  }
}

function memberOf(record: unknown, name: string): unknown {
  if (record === null || typeof record !== 'object' || !Object.hasOwn(record, name)) return null
  return Reflect.get(record, name)
}

function textOf(record: unknown, name: string): string | null {
  const value = memberOf(record, name)
  return typeof value === 'string' && value !== '' ? value : null
}

function authorise(access: Access, identity: Identity, principal: Principal | undefined): void {
  if (access === 'public' || access === 'operator') return
  if (identity.kind === 'publishable_key' && !isForPages(access)) {
    throw new AppError('forbidden', 'A publishable key may only send leads and sales.')
  }
  if (access === 'signed-in') return
  if (access === 'superadmin') {
    if (identity.kind === 'session' && identity.superadmin) return
    throw new AppError('forbidden', 'Only a superadmin signed in to the dashboard may do this.')
  }
  if ('scope' in access) {
    requireScope(access.scope, principal?.scopes ?? identity.grantedScopes)
    if (access.role) requireRole(access.role, principal)
    return
  }
  requirePerson(identity, 'session' in access)
  const role = 'session' in access ? access.session : access.person
  if (role !== 'any') requireRole(role, principal)
}

const isForPages = (access: Access): boolean =>
  typeof access === 'object' && 'scope' in access && access.publishable === true

/** Pages name their origin themselves and cannot lie about it; other callers can. */
function requireOrigin(request: Request, { allowedOrigins }: Identity): void {
  const origin = request.headers.get('origin')
  if (isAllowedOrigin(origin, allowedOrigins)) return
  throw new AppError(
    'forbidden',
    origin === null
      ? 'This key is for web pages of its allowed origins: the request names no Origin.'
      : 'This key may not be used from this origin. Add it to allowed_origins of the key.',
  )
}

function requireScope(wanted: Scope | readonly Scope[], held: ReadonlySet<Scope>): void {
  const anyOf = typeof wanted === 'string' ? [wanted] : wanted
  if (anyOf.some((scope) => held.has(scope))) return
  throw new AppError('forbidden', `This needs the scope ${anyOf.join(' or ')}.`)
}

function requireRole(needed: Role, principal: Principal | undefined): void {
  // A workspace that the caller cannot see is answered 404 later, not 403 here.
  if (!principal) return
  // A workspace's own key is its machine user: it may do what an admin may.
  if (roleCovers(principal.role ?? 'admin', needed)) return
  throw new AppError('forbidden', `Only a workspace ${needed} may do this.`)
}

function requirePerson(identity: Identity, sessionOnly: boolean): void {
  if (identity.kind === 'session' || (identity.kind === 'token' && !sessionOnly)) return
  throw new AppError('forbidden', 'Keys cannot do this. Sign in to the dashboard.')
}
