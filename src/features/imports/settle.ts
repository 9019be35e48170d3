import type { Principal } from '../../core/access'
import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Labels } from '../labels/service'
import type { LinkIntake } from '../links/service'
import type { Warning } from './cells'
import type { FileLink } from './link-of'
import { otherSlugs } from './other-slugs'
import type { ImportOptions, Refusal } from './table'

/** What becomes of a row. */
export type Outcome = {
  status: 'create' | 'rename' | 'update' | 'skip' | 'error'
  host: string | null
  /** The slug of the link; null where it is made when the link is. */
  slug: string | null
  linkId: string | null
  shortUrl: string | null
  refusal: Refusal | null
  warnings: Warning[]
}

/** What the plan must know beside the database, in which nothing of it is done yet. */
export type World = {
  /** Whether what is done is undone again, and only the links' quota is left out of account. */
  isRehearsal: boolean
  isPlanned(host: string, slug: string): boolean
  isPlannedId(externalId: string): boolean
  /** Whether the plan of the workspace has room for one more label of this name. */
  mayMake(kind: 'tag' | 'folder', name: string): boolean
}

export type SettleDeps = { db: Database; intake: LinkIntake; labels: Labels }

type Asked = { principal: Principal; link: FileLink; options: ImportOptions; world: World }

/** A row on its way: where it goes, what it says, and what was lost. */
type Case = Asked & { host: string; given: Record<string, unknown>; warnings: Warning[] }

/**
 * Makes a link of a row, or says why not. A savepoint is around each attempt, so that a refused
 * row leaves nothing. Throws only what is no refusal, such as `unavailable`.
 */
export function createSettling({ db, intake, labels }: SettleDeps) {
  function settle(asked: Asked): Outcome {
    const { principal, link, options } = asked
    const { workspaceId } = principal
    const domain = options.domain ?? link.domain
    const host = (domain === null ? undefined : intake.hostOf(workspaceId, domain)) ?? ''
    const warnings = [...link.warnings]
    try {
      return db.write(() => {
        const given = { ...link.given, ...labelsFor(asked, warnings), domain: host || undefined }
        return place({ ...asked, host, given, warnings })
      })
    } catch (error) {
      return refused('error', error, { host, warnings })
    }
  }

  function place(row: Case): Outcome {
    const { slug } = row.link
    if (slug !== null && row.world.isPlanned(row.host, slug)) {
      return collide(row, taken(`The slug "${slug}" is in this file twice.`, 'slug'))
    }
    const { externalId } = row.given
    if (typeof externalId === 'string' && row.world.isPlannedId(externalId)) {
      return collide(
        row,
        taken(`The externalId "${externalId}" is in this file twice.`, 'externalId'),
      )
    }
    try {
      return made('create', row, slug ?? undefined)
    } catch (error) {
      if (!isCollision(error)) throw error
      return collide(row, error)
    }
  }

  function made(status: 'create' | 'rename', row: Case, slug: string | undefined): Outcome {
    const { principal, given, world, host, warnings } = row
    try {
      const link = db.write(() => intake.create(principal, { ...given, slug }, pastOf(row.link)))
      const shown = world.isRehearsal ? NOT_YET : { linkId: link.id, shortUrl: link.shortUrl }
      const kept = world.isRehearsal ? (slug ?? null) : link.slug
      return { status, host, slug: kept, ...shown, refusal: null, warnings }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'limit_reached' && world.isRehearsal) {
        return { status, host, slug: slug ?? null, ...NOT_YET, refusal: null, warnings }
      }
      if (!needsRules(error) || !('rules' in given || 'variants' in given)) throw error
      const { rules: _, variants: __, ...plain } = given
      return made(status, { ...row, given: plain, warnings: [...warnings, 'rules_dropped'] }, slug)
    }
  }

  function collide(row: Case, error: AppError): Outcome {
    const { options, link, host, world } = row
    if (options.onCollision === 'update') return update(row, error)
    // The same thing was imported before: a second one under another name would be none.
    if (options.onCollision === 'skip' || error.options.field === 'externalId') {
      return refused('skip', error, row)
    }
    for (const slug of otherSlugs(link.slug ?? '', intake.isGoodSlug)) {
      if (slug !== undefined && world.isPlanned(host, slug)) continue
      try {
        return made('rename', row, slug)
      } catch (again) {
        if (!isCollision(again)) throw again
      }
    }
    return refused('skip', error, row)
  }

  function update(row: Case, error: AppError): Outcome {
    const { principal, link, host, world, warnings } = row
    const { externalId, domain: _, ...given } = row.given
    const isById = error.options.field === 'externalId'
    const found = isById
      ? intake.findByExternalId(principal.workspaceId, String(externalId))
      : intake.findBySlug(principal.workspaceId, host, link.slug ?? '')
    const shown = { status: 'update', host, slug: link.slug, refusal: null, warnings } as const
    if (found === undefined) {
      const isPlanned = isById || (link.slug !== null && world.isPlanned(host, link.slug))
      return world.isRehearsal && isPlanned
        ? { ...shown, ...NOT_YET }
        : refused('error', error, row)
    }
    const changes = isById ? given : { ...given, externalId }
    const { id, shortUrl } = db.write(() => intake.update(principal, found, changes, pastOf(link)))
    return { ...shown, linkId: id, shortUrl }
  }

  /** The labels of a row by their ids; new ones are made where the plan has room. */
  function labelsFor({ principal, link, options, world }: Asked, warnings: Warning[]) {
    const { folders, tags, utmTemplates } = labels
    const { workspaceId } = principal
    /** None where there is no room; one that a rehearsal would make has no id yet. */
    const idOf = (kind: 'tag' | 'folder', name: string): string | typeof NEW | undefined => {
      const service = kind === 'tag' ? tags : folders
      const known = service.findByName(workspaceId, name)
      if (known) return known.id
      try {
        if (!world.mayMake(kind, name)) return undefined
        return world.isRehearsal ? NEW : service.create(principal, { name }).id
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'limit_reached') throw error
      }
      return undefined
    }
    const named = link.tags.flatMap((name) => idOf('tag', name) ?? [])
    if (named.length < link.tags.length) warnings.push('tags_dropped')
    const ids = named.filter((id) => id !== NEW)
    const tagIds = [...new Set([...options.tagIds, ...ids])].slice(0, TAGS_MAX)
    const isFiled = options.folderId === null && link.folder !== null && link.folder.length <= 100
    const folderId = isFiled ? idOf('folder', link.folder ?? '') : (options.folderId ?? undefined)
    if (link.folder !== null && folderId === undefined) warnings.push('folder_dropped')
    const template = link.utmTemplate
      ? utmTemplates.findByName(workspaceId, link.utmTemplate)
      : undefined
    if (link.utmTemplate !== null && !template) warnings.push('template_dropped')
    return {
      ...(tagIds.length > 0 ? { tagIds } : {}),
      ...(folderId && folderId !== NEW ? { folderId } : {}),
      ...(template ? { utmTemplateId: template.id } : {}),
    }
  }

  /** What would become of a row, without a trace. */
  function rehearse(asked: Asked): Outcome {
    let outcome: Outcome | undefined
    try {
      db.write(() => {
        outcome = settle(asked)
        throw UNDO
      })
    } catch (error) {
      if (error !== UNDO || !outcome) throw error
    }
    if (!outcome) throw new Error('A rehearsal has an outcome.')
    return outcome
  }

  return { settle, rehearse }
}

export type Settling = ReturnType<typeof createSettling>

const TAGS_MAX = 50
const NEW = Symbol('A label that would be new.')
const UNDO = new Error('This was a rehearsal.')
const NOT_YET = { linkId: null, shortUrl: null }

const taken = (message: string, field: string): AppError =>
  new AppError('slug_taken', message, { field })

const isCollision = (error: unknown): error is AppError =>
  error instanceof AppError &&
  (['slug_taken', 'invalid_slug'].includes(error.code) ||
    (error.code === 'already_exists' && error.options.field === 'externalId'))

const needsRules = ({ code, options }: AppError): boolean =>
  code === 'plan_feature_required' && options.feature === 'link_rules'

const pastOf = ({ createdAt, clicks, isActive, passwordHash }: FileLink) => ({
  createdAt: createdAt ?? undefined,
  clicks: clicks ?? undefined,
  isActive: isActive ? undefined : false,
  passwordHash: passwordHash ?? undefined,
})

/** Refusals are told of their row; everything else is the server's own trouble. */
function refused(
  status: 'skip' | 'error',
  error: unknown,
  { host, warnings }: { host: string; warnings: Warning[] },
): Outcome {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  const { code, message, options } = error
  const refusal = { code, message, field: options.field ?? null }
  return { status, host, slug: null, ...NOT_YET, refusal, warnings }
}
