import type { z } from 'zod'
import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import { normaliseHost } from '../../core/url'
import type { Database } from '../../platform/database'
import type { Domains } from '../domains/service'
import type { HotLinks } from './hot-links'
import type { Prepared } from './password-input'
import { type LinkPast, withPast } from './past'
import type { LinkRows } from './rows'
import { CreateLink, UpdateLink } from './schema'
import type { LinkService } from './service'
import { isReservedSlug, isSlug } from './slug'
import { MAIN_HOST } from './slugs'

export type IntakeDeps = {
  db: Database
  rows: Pick<LinkRows, 'findBySlug' | 'findByExternalId'>
  links: Pick<LinkService, 'create' | 'update' | 'usageOf'>
  domains: Pick<Domains, 'namespaceNamed'>
  hotLinks: Pick<HotLinks, 'invalidate'>
  publicUrl: () => string
}

/** A link as another system tells of it, in the fields of the API; unknown ones are ignored. */
export type GivenLink = Readonly<Record<string, unknown>>

/** What is known of a link that was taken in. */
export type TakenIn = { id: string; slug: string; shortUrl: string }

export type LinkIntake = ReturnType<typeof createLinkIntake>

/** Links that move here from elsewhere: judged and made by the code that makes every link. */
export function createLinkIntake(deps: IntakeDeps) {
  const { db, rows, links, domains, hotLinks, publicUrl } = deps

  const isOwnHost = (host: string): boolean => {
    const own = new URL(publicUrl())
    return host === own.host || host === normaliseHost(own.hostname)
  }

  return {
    usageOf: links.usageOf,

    /**
     * Creates a link with its past. Throws `validation_failed` for what the API would not take,
     * and whatever `create` of links throws.
     */
    create(principal: Principal, given: GivenLink, past: LinkPast): TakenIn {
      const { link } = links.create(principal, prepared(parsed(CreateLink, given), past), past)
      return { id: link.row.id, slug: link.row.slug, shortUrl: link.shortUrl }
    },

    /** Changes a link to what is given. Throws what `update` of links throws. */
    update(principal: Principal, id: string, given: GivenLink, past: LinkPast): TakenIn {
      const changes = prepared(parsed(UpdateLink, given), past)
      return db.write((tx) => {
        const { row, shortUrl } = links.update(principal, id, changes)
        withPast(tx, row, { clicks: past.clicks })
        db.afterCommit(() => hotLinks.invalidate(row.host, row.slug))
        return { id: row.id, slug: row.slug, shortUrl }
      })
    },

    /** The workspace's live link with a slug, or with an id of its own outside. */
    findBySlug: (workspaceId: string, host: string, slug: string): string | undefined =>
      rows.findBySlug(workspaceId, host, slug)?.id,
    findByExternalId: (workspaceId: string, externalId: string): string | undefined =>
      rows.findByExternalId(workspaceId, externalId)?.id,

    /**
     * The namespace of a domain by id or host: '' for the server's own host, undefined for one
     * that the workspace has not verified.
     */
    hostOf(workspaceId: string, domain: string): string | undefined {
      if (isOwnHost(normaliseHost(domain))) return MAIN_HOST
      try {
        return domains.namespaceNamed(workspaceId, domain)
      } catch (error) {
        if (error instanceof AppError && error.status < 500) return undefined
        throw error
      }
    },

    /** Whether text could be the slug of a new link, were it free. */
    isGoodSlug: (text: string): boolean => isSlug(text) && !isReservedSlug(text),
  }
}

/** A password comes hashed: the one in words, if there is any, is not looked at. */
const prepared = <T extends { password?: unknown }>(
  { password: _, ...input }: T,
  { passwordHash: hash }: LinkPast,
): Prepared<T> => ({ ...input, password: hash === undefined ? undefined : { hash } })

/** Throws `validation_failed` with the first field that is not right. */
function parsed<T extends z.ZodType>(schema: T, given: GivenLink): z.infer<T> {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const details = result.error.issues.map(({ path, message }) => ({
    field: path.map(String).join('.'),
    message,
  }))
  const [first] = details
  throw new AppError('validation_failed', `"${first?.field}": ${first?.message}.`, {
    field: first?.field,
    details,
  })
}
