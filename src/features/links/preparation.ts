import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Passwords } from '../../platform/passwords'
import type { Entitlements } from '../billing/service'
import type { Domains } from '../domains/service'
import { createLinkFinder } from './finding'
import type { Prepared } from './password-input'
import { createLinkRows } from './rows'
import type { CreateLink, PreparedLink, PreparedUpdate, UpdateLink } from './schema'

export type LinkPreparationDeps = {
  db: Database
  domains: Pick<Domains, 'namespaceNamed' | 'hostsOf'>
  entitlements: Pick<Entitlements, 'requireFeature'>
  linkPasswords: Pick<Passwords, 'hash' | 'verify'>
}

export type LinkPreparation = ReturnType<typeof createLinkPreparation>

type Secret = { password?: string | null | undefined }

/**
 * What takes too long for a transaction, done before it: passwords are hashed, tens of ms each
 * and on other threads. Both throw `unavailable` when too many passwords are waiting; whatever else
 * is wrong is for the write to say, in its order.
 */
export function createLinkPreparation(deps: LinkPreparationDeps) {
  const { db, domains, entitlements, linkPasswords } = deps
  const rows = createLinkRows(db)
  const requireByIdOrSlug = createLinkFinder({ db, rows, domains })

  const isInPlan = (workspaceId: string): boolean =>
    orRefused(() => entitlements.requireFeature(workspaceId, 'link_rules')) !== REFUSED

  async function prepared<Input extends Secret>(
    { workspaceId }: Principal,
    { password, ...input }: Input,
    presentHash: () => string | null | undefined,
  ): Promise<Prepared<Input>> {
    if (password === undefined || password === null) return { ...input, password }
    if (!isInPlan(workspaceId)) return { ...input, password: { hash: 'not_in_plan' } }
    const present = presentHash()
    if (present && (await linkPasswords.verify(password, present))) return input
    return { ...input, password: { hash: await linkPasswords.hash(password) } }
  }

  return {
    /** A creation, or an upsert: saying the present password again changes nothing. */
    create(principal: Principal, input: CreateLink): Promise<PreparedLink> {
      const { upsert, externalId } = input
      return prepared(principal, input, () =>
        upsert && externalId
          ? rows.findByExternalId(principal.workspaceId, externalId)?.passwordHash
          : null,
      )
    },

    /** A change: saying the present password again changes nothing and ends nobody's cookie. */
    update(
      principal: Principal,
      idOrSlug: string,
      input: UpdateLink,
      domain?: string,
    ): Promise<PreparedUpdate> {
      return prepared(principal, input, () => {
        const row = orRefused(() => requireByIdOrSlug(principal.workspaceId, idOrSlug, domain))
        return row === REFUSED ? null : row.passwordHash
      })
    },
  }
}

const REFUSED = Symbol('refused')

function orRefused<T>(ask: () => T): T | typeof REFUSED {
  try {
    return ask()
  } catch (error) {
    if (error instanceof AppError) return REFUSED
    throw error
  }
}
