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
import type { RateGate } from './rate-limit'
import { contextOf } from './request-context'
import type { UploadReceiver } from './upload'

/** Who is calling and what they may do; implemented by the features that own users and keys. */
export type Authenticator = {
  /**
   * Who sends the request, or null without a credential. Throws `unauthorized` for a bad one,
   * `account_blocked`, and `forbidden` for a cookie without its CSRF header on unsafe methods.
   */
  identify(request: Request): Promise<Identity | null>
  /** The caller in a workspace (null: their first). Undefined when it is not theirs to see. */
  enter(identity: Identity, workspaceId: string | null): Principal | undefined
  /** Throws `plan_feature_required` when the workspace's plan lacks the feature. */
  requireFeature(workspaceId: string, feature: PlanFeature): void
}

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
    if (access !== 'public') requireChoiceAsText(input)
  }

  function requireFeature(access: Access, principal: Principal | undefined): void {
    const feature = typeof access === 'object' && 'feature' in access ? access.feature : undefined
    if (feature && principal) auth.requireFeature(principal.workspaceId, feature)
  }

  async function identify(request: Request): Promise<Identity> {
    try {
      const identity = await auth.identify(request)
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

  const subjectOf = ({ identity, principal }: { identity: Identity; principal: Principal }) =>
    `${identity.keyId ?? identity.userId} ${principal.workspaceId}`

  return new Elysia({ name: 'http/access' }).macro('access', (access: Access) => ({
    detail: { 'x-access': access } as Record<string, unknown>,
    parse: ({ request }: { request: Request }) =>
      takesUpload(access) ? {} : readJsonBody(request),
    transform: (input: GateInput) => pass(access, input),
    resolve: ({ request }: { request: Request }): Caller => {
      if (access === 'public') return publicCaller
      const caller = enter(access, request)
      return { ...caller, once: idempotency.onceFor(request, subjectOf(caller)) }
    },
    beforeHandle: ({ request }: { request: Request }) => {
      if (access === 'public') return undefined
      return idempotency.begin(request, subjectOf(enter(access, request)))
    },
  }))
}

const noUploads: UploadReceiver = () => {
  throw new Error('This server was made without a place for files.')
}

type Caller = { identity: Identity; principal: Principal; once: Once }

// The one cast of this adapter: a macro has one type for all its uses, and a public route has no
// caller; reading one there fails at once in its first test.
const publicCaller = { once: async (work) => work() } satisfies Partial<Caller> as unknown as Caller

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
  if (access === 'public') return
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
