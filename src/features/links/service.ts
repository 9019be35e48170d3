import { eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { EventType } from '../../core/events'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Entitlements } from '../billing/service'
import type { ClickService, LinkBreakdown } from '../clicks/service'
import type { Domains } from '../domains/service'
import type { Labels } from '../labels/service'
import type { Outbox } from '../webhooks/outbox'
import { retargeted, withUtm } from './campaign'
import { createLinkCounting } from './counting'
import { createLinkFinder } from './finding'
import {
  changedFields,
  type HistoryPage,
  listHistory,
  recordHistory,
  stateBefore,
  type WantedFields,
} from './history'
import type { ListHistory, Rollback } from './history-schema'
import type { HotLinks } from './hot-links'
import { createLinkJudge } from './judge'
import { type Addressed, contentChange, contentOf, shortUrlOf as shortUrlFor } from './kind'
import { linkQueryOf, listLinks, needsSearch } from './listing'
import { createOrganisation } from './organisation'
import { createLinkPages } from './pages'
import { createHashOf } from './password-input'
import { type LinkPast, withPast } from './past'
import { createQrCodes } from './qr'
import { createLinkRows } from './rows'
import type { CountedLink, LinkUsage, ListLinks, PreparedLink, PreparedUpdate } from './schema'
import type { LinkSearch } from './search'
import { createSlugRegistry, MAIN_HOST } from './slugs'
import { type LinkRow, links } from './table'
import { upsertOf } from './upsert'
import { usageOf } from './usage'
import { createUsedUp } from './used-up'

export type { CountedLink, LinkCensus, LinkName } from './census'
export type { LinkIntake } from './intake'
export type { LinkPast } from './past'

export type LinkDeps = {
  db: Database
  clock: Clock
  outbox: Outbox
  entitlements: Pick<Entitlements, 'requireFeature' | 'requireRoom' | 'limitsOf'>
  clicks: Pick<ClickService, 'totalsOf' | 'linkBreakdown'>
  hotLinks: Pick<HotLinks, 'invalidate'>
  internet: Internet
  labels: Labels
  search: LinkSearch
  domains: Pick<Domains, 'namespaceNamed' | 'hostsOf' | 'servesLinks'>
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
}

type WrittenLink = { link: CountedLink; usage: LinkUsage; isNew: boolean }

export type LinkService = ReturnType<typeof createLinkService>

export function createLinkService(deps: LinkDeps) {
  const { db, clock, outbox, entitlements, clicks, hotLinks, domains, search, publicUrl } = deps
  const rows = createLinkRows(db)
  const requireByIdOrSlug = createLinkFinder({ db, rows, domains })
  const slugs = createSlugRegistry({ clock, rows })
  const organisation = createOrganisation(deps)
  const usedUp = createUsedUp(deps)
  const hashOf = createHashOf(entitlements)

  const shortUrlOf = (row: Addressed): string => shortUrlFor(row, publicUrl())

  const judge = createLinkJudge(deps)

  const countAll = createLinkCounting({ clicks, organisation, shortUrlOf })

  function counted(row: LinkRow): CountedLink {
    const [link] = countAll([row])
    if (!link) throw new Error('One row is one link.')
    return link
  }

  function announce(tx: Tx, type: EventType, row: LinkRow): void {
    const { id, slug, originalUrl, title, kind, externalId, isActive } = row
    const facts = { id, slug, url: originalUrl, shortUrl: shortUrlOf(row), title, kind }
    outbox.enqueue(tx, {
      type,
      workspaceId: row.workspaceId,
      data: { ...facts, externalId, isActive },
    })
    db.afterCommit(() => hotLinks.invalidate(row.host, row.slug))
  }

  /** The link that an upsert is about, if it is there. Throws `validation_failed`. */
  function findUpserted({ workspaceId }: Principal, input: PreparedLink): LinkRow | undefined {
    if (!input.upsert) return undefined
    if (input.externalId) return rows.findByExternalId(workspaceId, input.externalId)
    throw invalid('externalId', 'An upsert finds the link by its externalId: send one.')
  }

  function requireFreeExternalId(workspaceId: string, externalId: string): void {
    if (!rows.findByExternalId(workspaceId, externalId)) return
    throw new AppError('already_exists', `A link with the externalId "${externalId}" exists.`, {
      field: 'externalId',
    })
  }

  /** The one way in which a link becomes another: slug rules, history, event, redirect. */
  function change(tx: Tx, principal: Principal, before: LinkRow, wanted: WantedFields): LinkRow {
    const { workspaceId } = before
    const { tagIds, ...columns } = wanted
    const changes = changedFields(before, columns)
    const tags = organisation.changedTags(tx, before, tagIds)
    if (Object.keys({ ...changes, ...tags?.after }).length === 0) return before
    judge.requireFeatures(workspaceId, changes)
    if (changes.slug) {
      slugs.requireFree(workspaceId, changes.slug, before.host)
      slugs.entomb(tx, before)
    }
    if (changes.externalId) requireFreeExternalId(workspaceId, changes.externalId)
    const updatedAt = clock.now()
    const after = tx
      .update(links)
      .set({ ...changes, updatedAt })
      .where(eq(links.no, before.no))
      .returning()
      .get()
    if (tags) organisation.setTags(tx, before.no, tags.after.tagIds)
    if (changes.clickLimit !== undefined) usedUp.onLimitMoved(tx, after)
    recordHistory(tx, {
      before: { ...before, ...tags?.before },
      changes: { ...changes, ...tags?.after },
      actor: actorOf(principal),
      at: updatedAt,
    })
    announce(tx, 'link.updated', after)
    db.afterCommit(() => hotLinks.invalidate(before.host, before.slug))
    return after
  }

  const service = {
    /** What stands behind typed links and previews. */
    pages: createLinkPages({ db }),
    /** Short URLs as pictures. */
    qrCodes: createQrCodes(deps),

    /**
     * Creates a link and its `link.created` event in one transaction; an upsert changes the one
     * with its externalId instead, if there is one. Throws `invalid_url`, `validation_failed`,
     * `invalid_slug`, `plan_feature_required`, `slug_taken`, `already_exists`, `limit_reached`,
     * and `not_found` for a domain that the workspace has not verified, and for a folder, tag or
     * template that is not of it. A link that moves here brings its `past`.
     */
    create(principal: Principal, input: PreparedLink, past?: LinkPast): WrittenLink {
      const { workspaceId } = principal
      const known = findUpserted(principal, input)
      if (known) {
        const link = service.update(principal, known.id, upsertOf(input))
        return { link, usage: service.usageOf(principal), isNew: false }
      }
      const content = contentOf(input.kind, input, judge.targetOf)
      const control = judge.newControl(input.kind, input, past !== undefined)
      const wanted = input.slug ? slugs.parse(input.slug) : undefined
      return db.write((tx) => {
        const now = clock.now()
        const used = rows.countLive(workspaceId)
        const host = input.domain ? domains.namespaceNamed(workspaceId, input.domain) : MAIN_HOST
        judge.requireFeatures(workspaceId, { ...content, ...control })
        if (wanted) slugs.requireFree(workspaceId, wanted, host)
        if (input.externalId) requireFreeExternalId(workspaceId, input.externalId)
        entitlements.requireRoom(tx, workspaceId, 'links', used)
        const filing = organisation.filingOf(tx, workspaceId, input)
        const inserted = rows.insert({
          id: newId('link', now),
          workspaceId,
          host,
          slug: wanted ?? slugs.generate(host),
          ...{ ...content, ...control, passwordHash: hashOf(principal, input) ?? null },
          targetUrl: withUtm(content.targetUrl, filing.utm ?? null),
          title: input.title ?? null,
          notes: input.notes ?? null,
          externalId: input.externalId ?? null,
          createdBy: actorOf(principal).name,
          at: now,
        })
        const row = past ? withPast(tx, inserted, past) : inserted
        rows.moveLiveCount(workspaceId, +1)
        const filed = organisation.file(tx, row, filing)
        announce(tx, 'link.created', row)
        const link = { ...filed, totals: undefined, shortUrl: shortUrlOf(row) }
        return { link, usage: service.usageOf(principal), isNew: true }
      })
    },

    /**
     * One page of a workspace's links, newest first unless asked otherwise. Throws `not_found` for
     * a folder or tag of the filter, `validation_failed` for a foreign cursor.
     */
    async list({ workspaceId }: Principal, input: ListLinks) {
      organisation.requireFilters(db.read, workspaceId, input)
      const query = linkQueryOf(workspaceId, input, publicUrl())
      const page = needsSearch(query) ? await search.find(query) : listLinks(db.read, rows, query)
      return { data: countAll(page.data), meta: page.meta }
    },

    /** A link by id or slug. Throws `not_found`. */
    requireByIdOrSlug: (principal: Principal, idOrSlug: string, domain?: string): CountedLink =>
      counted(requireByIdOrSlug(principal.workspaceId, idOrSlug, domain)),

    /** A link by id or slug with its clicks by country, device and referrer. Throws `not_found`. */
    requireWithAnalytics(
      principal: Principal,
      idOrSlug: string,
      domain?: string,
    ): { link: CountedLink; breakdown: LinkBreakdown } {
      const row = requireByIdOrSlug(principal.workspaceId, idOrSlug, domain)
      return { link: counted(row), breakdown: clicks.linkBreakdown(row.no) }
    },

    /**
     * Changes a link, keeps what it was in its history and tells `link.updated`; nothing happens
     * when nothing changes. Throws `not_found` (of a label, with its field), `invalid_url`,
     * `validation_failed`, `invalid_slug`, `plan_feature_required`, `slug_taken`,
     * `already_exists`.
     */
    update(
      principal: Principal,
      idOrSlug: string,
      input: PreparedUpdate,
      domain?: string,
    ): CountedLink {
      const { workspaceId } = principal
      if (input.url !== undefined) judge.targetOf(input.url)
      const slug = input.slug === undefined ? undefined : slugs.parse(input.slug)
      const row = db.write((tx) => {
        const before = requireByIdOrSlug(workspaceId, idOrSlug, domain)
        const { title, notes, isActive, externalId } = input
        const content = contentChange(before, input, judge.targetOf)
        const control = judge.controlChange(before, input)
        const filing = organisation.filingOf(tx, workspaceId, input)
        const targetUrl = retargeted(before, content.targetUrl, filing.utm)
        const wanted = { ...content, targetUrl, slug, title, notes, isActive, externalId }
        const passwordHash = hashOf(principal, input)
        return change(tx, principal, before, { ...wanted, ...control, ...filing, passwordHash })
      })
      return counted(row)
    },

    /** A page of a link's changes, newest first. Throws `not_found`, `validation_failed`. */
    listHistory(principal: Principal, idOrSlug: string, query: ListHistory): HistoryPage {
      const row = requireByIdOrSlug(principal.workspaceId, idOrSlug, query.domain)
      return listHistory(db.read, row, query)
    },

    /**
     * Makes a link again what it was before a change of its history, as a change of its own.
     * Throws `not_found` and whatever `update` throws.
     */
    rollback(principal: Principal, idOrSlug: string, to: Rollback, domain?: string): CountedLink {
      const row = db.write((tx) => {
        const before = requireByIdOrSlug(principal.workspaceId, idOrSlug, domain)
        const wanted = organisation.withoutGone(stateBefore(tx, before, to))
        judge.requireTargets(wanted)
        return change(tx, principal, before, wanted)
      })
      return counted(row)
    },

    /**
     * Hides a link at once; a loop removes its clicks in chunks. Its slug stays reserved for the
     * workspace. Returns the id. Throws `not_found`.
     */
    delete(principal: Principal, idOrSlug: string, domain?: string): string {
      const { workspaceId } = principal
      return db.write((tx) => {
        const row = requireByIdOrSlug(workspaceId, idOrSlug, domain)
        const deletion = { deletedAt: clock.now(), externalId: null }
        tx.update(links).set(deletion).where(eq(links.no, row.no)).run()
        slugs.entomb(tx, row)
        rows.moveLiveCount(workspaceId, -1)
        announce(tx, 'link.deleted', row)
        return row.id
      })
    },

    /** How many links a workspace has, and how many more its plan allows. */
    usageOf: ({ workspaceId }: Principal): LinkUsage =>
      usageOf(rows.countLive(workspaceId), entitlements.limitsOf(workspaceId).links),

    shortUrlOf,
    /** How many live links a workspace has. */
    countLive: rows.countLive,
  }
  return service
}
