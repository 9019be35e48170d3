import { AppError } from './errors'

/** What a scope can be about. `resource` stands for `resource:read` and `resource:write`. */
export const RESOURCES = [
  'projects',
  'links',
  'analytics',
  'conversions',
  'domains',
  'folders',
  'tags',
  'utm_templates',
  'sites',
  'directories',
  'jobs',
  'backlinks',
  'tracking',
  'workspaces',
  'keys',
  'webhooks',
  'reports',
] as const

export type Resource = (typeof RESOURCES)[number]
export type Scope = `${Resource}:read` | `${Resource}:write`

export const SCOPES: readonly Scope[] = RESOURCES.flatMap(
  (resource) => [`${resource}:read`, `${resource}:write`] as const,
)

const RESOURCE_NAMES: ReadonlySet<string> = new Set(RESOURCES)
const SCOPE_NAMES: ReadonlySet<string> = new Set(SCOPES)

/** Role of a member in a workspace, most powerful first. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** Whether `role` may do what `needed` may. */
export function roleCovers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(needed)
}

/** Resources that a member only reads: they are the workspace's set-up, not its content. */
const SETUP_RESOURCES: ReadonlySet<Resource> = new Set(['workspaces', 'keys', 'webhooks'])

/**
 * What a role may do (contract §1): owner and admin everything that a scope can name, member
 * reads and writes content, viewer reads.
 */
export function scopesOfRole(role: Role): ReadonlySet<Scope> {
  return ROLE_SCOPES[role]
}

const READ_SCOPES = new Set(SCOPES.filter((scope) => scope.endsWith(':read')))

const ROLE_SCOPES: Record<Role, ReadonlySet<Scope>> = {
  owner: new Set(SCOPES),
  admin: new Set(SCOPES),
  member: new Set([
    ...READ_SCOPES,
    ...RESOURCES.filter((resource) => !SETUP_RESOURCES.has(resource)).map(
      (resource) => `${resource}:write` as const,
    ),
  ]),
  viewer: READ_SCOPES,
}

const isScope = (text: string): text is Scope => SCOPE_NAMES.has(text)
const isResource = (text: string): text is Resource => RESOURCE_NAMES.has(text)

/**
 * Spells out a list in which `*` means all and `links` means `links:read links:write`.
 * Throws `validation_failed` for an unknown name.
 */
export function expandScopes(names: readonly string[], field = 'scopes'): Set<Scope> {
  const scopes = new Set<Scope>()
  for (const [index, name] of names.entries()) {
    if (name === '*') for (const scope of SCOPES) scopes.add(scope)
    else if (isScope(name)) scopes.add(name)
    else if (isResource(name)) scopes.add(`${name}:read`).add(`${name}:write`)
    else {
      throw new AppError('validation_failed', `There is no scope named "${name}".`, {
        field: `${field}.${index}`,
        details: [{ field: `${field}.${index}`, message: 'Unknown scope.' }],
      })
    }
  }
  return scopes
}

/** What a plan can include (contract §2). */
export const PLAN_FEATURES = [
  'typed_links',
  'advanced_analytics',
  'link_detail',
  'export',
  'link_rules',
  'conversions',
  'submissions_api',
  'tracking',
  'domain_metadata',
  'white_label',
  'analyze',
] as const
export type PlanFeature = (typeof PLAN_FEATURES)[number]

/** How a caller proved who they are. Only `session` may reach dashboard-only surfaces. */
export type CredentialKind = 'secret_key' | 'publishable_key' | 'token' | 'session'

/** Who is calling, before a workspace is chosen. */
export type Identity = {
  kind: CredentialKind
  /** The signed-in user, or the owner of a key of all workspaces. Null for a workspace's key. */
  userId: string | null
  keyId: string | null
  sessionId: string | null
  /** Named in audit and history. */
  actorName: string
  superadmin: boolean
  /** Set where the credential belongs to one workspace. */
  boundWorkspaceId: string | null
  /** What the credential itself allows; the role in the workspace narrows it further. */
  grantedScopes: ReadonlySet<Scope>
  allowedOrigins: readonly string[] | null
}

/** A caller in a workspace: what services and queries start from. */
export type Principal = Identity & {
  workspaceId: string
  /** Null for a workspace's own key, which acts as a machine user. */
  role: Role | null
  /** Granted ∩ role. */
  scopes: ReadonlySet<Scope>
}

/** Who did it, for the audit log and edit histories. */
export type Actor = { kind: 'user' | 'key' | 'system'; id: string | null; name: string }

/** The actor that an identity acts as. */
export function actorOf(identity: Identity): Actor {
  return identity.keyId
    ? { kind: 'key', id: identity.keyId, name: identity.actorName }
    : { kind: 'user', id: identity.userId, name: identity.actorName }
}

export const SYSTEM_ACTOR: Actor = { kind: 'system', id: null, name: 'Linkstead' }

/** What a route asks of its caller; one declaration enforces and documents it. */
export type Access =
  | {
      /** Any one of these is enough. */
      scope: Scope | readonly [Scope, ...Scope[]]
      feature?: PlanFeature
      /** What the plan has to include for keys; people do not need it. */
      keyFeature?: PlanFeature
      /** The least role, where a scope alone does not say enough. */
      role?: Role
      workspace?: WorkspaceChoice
      /** Web pages may call it as well, with a publishable key and from its allowed origins. */
      publishable?: true
      /**
       * The body is a form with one file, received once the caller may send it; with `or-json` a
       * JSON body may come instead.
       */
      upload?: true | 'or-json'
    }
  /** A signed-in person (session or token), never a key; with the least role needed. */
  | { person: Role | 'any'; workspace?: WorkspaceChoice }
  /** The dashboard's session cookie only. */
  | { session: Role | 'any'; workspace?: WorkspaceChoice }
  /** Any credential but a publishable key: one's own profile. */
  | 'signed-in'
  /** Any credential but a publishable key: each tool asks for its own scopes. */
  | 'tools'
  | 'superadmin'
  /** CRON_SECRET, or a superadmin's session, which then needs its CSRF header on GET too. */
  | 'operator'
  | 'public'

/**
 * `path`: the path parameter `id` names the workspace. `all`: the route is about every workspace of
 * the caller, so that only the credential's own scopes count and having none is fine. Otherwise
 * header, query or body name it.
 */
export type WorkspaceChoice = 'path' | 'all'

/** What the plan has to include for this caller. */
export function featuresNeeded(access: Access, { keyId }: Pick<Identity, 'keyId'>): PlanFeature[] {
  if (typeof access !== 'object' || !('scope' in access)) return []
  const { feature, keyFeature } = access
  return [feature, keyId === null ? undefined : keyFeature].filter((name) => name !== undefined)
}

/** Which bodies a route takes, the usual one first. */
export function bodyTypesOf(access: Access): readonly ('form' | 'json')[] {
  const upload = typeof access === 'object' && 'scope' in access ? access.upload : undefined
  if (upload === undefined) return ['json']
  return upload === true ? ['form'] : ['json', 'form']
}
