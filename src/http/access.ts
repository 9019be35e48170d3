import { Elysia } from 'elysia'
import {
  type Access,
  featuresNeeded,
  type Identity,
  type PlanFeature,
  type Principal,
  type Scope,
} from '../core/access'
import { AppError, invalid } from '../core/errors'
import type { RateLimit } from '../platform/rate-limiter'
import { authorise, requireOrigin } from './authorise'
import { hashOf, readJsonBody } from './body'
import { createIdempotency, type IdempotencyStore, type Once } from './idempotency'
import { queryOf } from './query'
import type { RateGate } from './rate-limit'
import { contextOf } from './request-context'
import { isForm, type UploadReceiver } from './upload'

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
export function createAccess(deps: AccessDeps) {
  const { auth, rates, answers, commit, receiveUpload = noUploads } = deps
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
      const state = select(access, await identify(request), input)
      entered.set(request, state)
      const { identity, principal } = state
      const spend = () =>
        rates.spendFor(context, identity, principal?.workspaceId ?? identity.boundWorkspaceId)
      try {
        judge(access, state, request)
      } catch (refusal) {
        // Refused requests count like any other, but a 403 stays one (contract §1).
        await spend().catch(() => undefined)
        throw refusal
      }
      await spend()
    }
    if (isForm(access, request)) input.body = await receiveUpload(request)
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

  /** The caller in the workspace that the input names. */
  function select(access: Access, identity: Identity, input: GateInput): Entered {
    const workspaceId = selectedWorkspace(access, input)
    const isAnywhere = concernsAllWorkspaces(access) && workspaceId === null
    const principal = isAnywhere ? undefined : auth.enter(identity, workspaceId)
    return { identity, principal, selected: workspaceId !== null }
  }

  /** Throws `forbidden` and `plan_feature_required`. */
  function judge(access: Access, { identity, principal }: Entered, request: Request): void {
    authorise(access, identity, concernsAllWorkspaces(access) ? undefined : principal)
    if (identity.kind === 'publishable_key') requireOrigin(request, identity)
    if (!principal) return
    for (const feature of featuresNeeded(access, principal)) {
      auth.requireFeature(principal.workspaceId, feature)
    }
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

  function stateOf(request: Request): Entered {
    const state = entered.get(request)
    if (!state) throw new Error('A public route has no caller.')
    return state
  }

  const enter = (access: Access, request: Request) => requireEntrant(access, stateOf(request))

  /** Throws `not_found` where the caller is in no workspace but has to be. */
  function requireEntrant(access: Access, { identity, principal, selected }: Entered): Entrant {
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

  const subjectOf = ({ identity, principal }: Entrant) =>
    `${identity.keyId ?? identity.userId} ${principal.workspaceId}`

  /** Lets a caller in to one tool as to a route of the same access with `given` for its body. */
  function enterTool(request: Request, { access, name }: ToolEntry, given: unknown): ToolEntrant {
    const query = queryOf(request.url)
    const input = { request, query, body: given }
    const state = select(access, stateOf(request).identity, input)
    judge(access, state, request)
    requireChoiceAsText(input)
    const entrant = requireEntrant(access, state)
    const subject = subjectOf(entrant)
    return {
      ...entrant,
      begin() {
        contextOf(request).bodyHash = hashOf(JSON.stringify([name, given]))
        return idempotency.begin(request, subject)
      },
      once: (work) => idempotency.onceFor(request, subject)(work),
      spendForAddress: (limit) => rates.spendForAddress(contextOf(request), limit),
    }
  }

  return new Elysia({ name: 'http/access' }).macro('access', (access: Access) => ({
    detail: { 'x-access': access } as Record<string, unknown>,
    parse: ({ request }: { request: Request }) =>
      isForm(access, request) ? {} : readJsonBody(request),
    transform: (input: GateInput) => {
      input.query = queryOf(input.request.url)
      return pass(access, input)
    },
    resolve: ({ request }: { request: Request }): Caller => {
      if (!isWithCaller(access)) return publicCaller
      const caller = enter(access, request)
      const once = idempotency.onceFor(request, subjectOf(caller))
      return {
        ...caller,
        once,
        isStillAllowed: () => isStillAllowed(access, request),
        enterTool: (tool, given) => enterTool(request, tool, given),
      }
    },
    beforeHandle: ({ request }: { request: Request }) => {
      // What a tool did is stored by the tool, since messages about it have ids of their own.
      if (!isWithCaller(access) || access === 'tools') return undefined
      return idempotency.begin(request, subjectOf(enter(access, request)))
    },
  }))
}

const noUploads: UploadReceiver = () => {
  throw new Error('This server was made without a place for files.')
}

type Entrant = { identity: Identity; principal: Principal }

type ToolEntry = { access: Access; name: string }

/** A caller whom a tool has let in. */
export type ToolEntrant = Entrant & {
  /**
   * The stored result of this Idempotency-Key, or undefined when the effect is still to be done;
   * then `once` does it. Throws `idempotency_mismatch` and `in_progress`.
   */
  begin: () => Response | undefined
  once: Once
  /** A budget of the caller's network besides that of the credential. Throws `rate_limited`. */
  spendForAddress: (limit: RateLimit) => Promise<void>
}

/** Throws `forbidden`, `plan_feature_required` and `not_found`, each as a route would. */
export type EnterTool = (tool: ToolEntry, given: unknown) => ToolEntrant

type Caller = Entrant & {
  once: Once
  isStillAllowed: () => Promise<boolean>
  /** Only behind `access: 'tools'`. */
  enterTool: EnterTool
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
