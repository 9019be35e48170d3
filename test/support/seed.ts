import type { Runtime } from '../../src/compose'
import { type Identity, type Principal, SCOPES } from '../../src/core/access'
import { OWNER } from './owner'

/** A user with a workspace of their own, and a key for each set of scopes asked for. */
export type Tenant = {
  userId: string
  email: string
  workspaceId: string
  principal: Principal
  /** A key bound to the workspace; all scopes by default. */
  key(...scopes: string[]): string
}

export type NewTenant = { plan?: string; email?: string; name?: string; password?: string }

let serial = 0

/** Rows that tests start from, made by the services themselves. */
export function createSeed(services: Runtime['services']) {
  const { db, directory, keys, passwords, users, workspaces, billing, clock } = services

  function identityOf(userId: string, name: string, superadmin: boolean): Identity {
    return {
      ...{ kind: 'token' as const, userId, keyId: null, sessionId: null, actorName: name },
      ...{ superadmin, boundWorkspaceId: null, allowedOrigins: null },
      grantedScopes: new Set(SCOPES),
    }
  }

  function tenantOf(userId: string): Tenant {
    const user = users.findById(userId)
    if (!user) throw new Error(`There is no user ${userId}.`)
    const identity = identityOf(userId, user.name, user.role === 'SUPERADMIN')
    const principal = directory.enter(identity, null)
    if (!principal) throw new Error(`${user.email} has no workspace.`)
    const { workspaceId } = principal
    return {
      ...{ userId, email: user.email, workspaceId, principal },
      key(...scopes) {
        const wanted = scopes.length > 0 ? scopes : ['*']
        const input = { name: `test ${wanted.join(' ')}`, scopes: wanted, kind: 'secret' as const }
        return keys.create(principal, { ...input, workspace_id: workspaceId }).text
      },
    }
  }

  return {
    /** The superadmin of every test server, on the Agency plan. */
    owner(): Tenant {
      const user = users.findByEmail(OWNER.email)
      if (!user) throw new Error('The template has no owner.')
      return tenantOf(user.id)
    },

    /** Another user with a workspace of their own, by default on the Agency plan. */
    async tenant({ plan = 'agency', email, name, password }: NewTenant = {}): Promise<Tenant> {
      serial += 1
      const passwordHash = await passwords.hash(password ?? OWNER.password)
      return db.write((tx) => {
        const user = users.create(tx, {
          email: email ?? `tenant${serial}@example.com`,
          name: name ?? `Tenant ${serial}`,
          passwordHash,
          role: 'USER',
          emailVerifiedAt: clock.now(),
        })
        const row = workspaces.createFirst(tx, {
          userId: user.id,
          name: `Workspace ${serial}`,
          superadmin: false,
        })
        billing.changePlan(tx, row.billingGroupId, plan)
        return tenantOf(user.id)
      })
    },
  }
}
