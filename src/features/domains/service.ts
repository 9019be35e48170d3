import { and, count, desc, eq, isNotNull, or, sql } from 'drizzle-orm'
import { actorOf, type PlanFeature, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import { normaliseHost } from '../../core/url'
import type { Database, Tx } from '../../platform/database'
import type { DnsRecords } from '../../platform/dns'
import type { Audit } from '../audit/service'
import type { Entitlements } from '../billing/service'
import type { Outbox } from '../webhooks/outbox'
import { createDiagnosis, type Diagnosis } from './diagnosis'
import { createDomainHealth, domainTaken } from './health'
import { isApex, parseDomain } from './host-name'
import { createDomainHosts } from './hosts'
import { createRecheckLoop } from './recheck'
import { createProofs, recordsFor, type ServerPlace, withFindings } from './records'
import type { CreateDomain, DomainMetadata, ListDomains, ShownDomain, UpdateDomain } from './schema'
import { createDomainServing } from './serving'
import { type DomainRow, domains } from './table'

export type { DomainServing } from './serving'

export type DomainDeps = {
  db: Database
  clock: Clock
  dns: DnsRecords
  appSecret: string
  publicUrl: () => string
  outbox: Pick<Outbox, 'enqueue'>
  audit: Pick<Audit, 'record'>
  entitlements: Pick<Entitlements, 'requireRoom' | 'requireFeature'>
  links: {
    /** How many live links a host has, counted up to `max`. */
    countOn(tx: Tx, host: string, max: number): number
    /** A target as links may have it. Throws `invalid_url`. */
    parseTarget(text: string, field: string): URL
    isReservedSlug(segment: string): boolean
  }
}

export type Domains = ReturnType<typeof createDomains>

const SORT = 'newest'
const METADATA_FEATURE: PlanFeature = 'domain_metadata'
const LINKS_COUNTED_MAX = 1_000

/** Hosts of workspaces: claimed, proven by DNS, watched, and served. */
export function createDomains(deps: DomainDeps) {
  const { db, clock, audit, entitlements, links, publicUrl } = deps
  const hosts = createDomainHosts({ db })
  const publicHost = (): string => normaliseHost(new URL(publicUrl()).hostname)
  const proofOf = createProofs(deps.appSecret)
  const diagnosis = createDiagnosis({ ...deps, publicHost })
  const health = createDomainHealth({ ...deps, hosts })
  const serving = createDomainServing({ hosts, isReserved: links.isReservedSlug })
  const { diagnose } = diagnosis
  const loop = createRecheckLoop({ db, clock, health, diagnose, proofOf })

  const mine = (workspaceId: string) => eq(domains.workspaceId, workspaceId)

  const shown = (row: DomainRow, place: ServerPlace): ShownDomain => ({
    row,
    records: withFindings(recordsFor(row.host, proofOf(row.workspaceId), place), row.findings),
  })

  function requireRow(tx: Tx, workspaceId: string, id: string): DomainRow {
    const wanted = and(mine(workspaceId), eq(domains.id, id))
    const row = tx.select().from(domains).where(wanted).get()
    if (!row) throw notFound('domain')
    return row
  }

  /** Why a workspace cannot claim a host: it has it already, or somebody has proven it. */
  function isTaken(tx: Tx, workspaceId: string, host: string): boolean {
    const inTheWay = or(mine(workspaceId), isNotNull(domains.verifiedAt))
    const taken = and(eq(domains.host, host), inTheWay)
    return tx.select({ id: domains.id }).from(domains).where(taken).get() !== undefined
  }

  const countOf = (tx: Tx, workspaceId: string): number =>
    tx.select({ n: count() }).from(domains).where(mine(workspaceId)).get()?.n ?? 0

  function record(tx: Tx, principal: Principal, action: string, row: DomainRow, details = {}) {
    audit.record(tx, {
      ...{ workspaceId: row.workspaceId, actor: actorOf(principal), subjectId: row.id },
      ...{ action: `domain.${action}`, details: { domain: row.host, ...details } },
    })
  }

  /** The metadata that a body names. Throws `plan_feature_required`, `invalid_url`. */
  function metadataOf(workspaceId: string, host: string, input: DomainMetadata) {
    const { rootRedirect, notFoundRedirect, title } = input
    const given = Object.fromEntries(
      Object.entries({ rootRedirect, notFoundRedirect, title }).filter(
        ([, value]) => value !== undefined,
      ),
    )
    if (Object.keys(given).length > 0) entitlements.requireFeature(workspaceId, METADATA_FEATURE)
    return {
      ...given,
      ...(typeof rootRedirect === 'string'
        ? { rootRedirect: targetOf(host, rootRedirect, 'rootRedirect') }
        : {}),
      ...(typeof notFoundRedirect === 'string'
        ? { notFoundRedirect: targetOf(host, notFoundRedirect, 'notFoundRedirect') }
        : {}),
    }
  }

  /** A redirect that leads away from this server's domains, or visitors would go in circles. */
  function targetOf(host: string, text: string, field: string): string {
    const target = links.parseTarget(text, field)
    const to = normaliseHost(target.hostname)
    if (to !== host && hosts.find(to) === undefined) return target.href
    const message = 'A domain cannot lead to itself or to another domain of this server.'
    throw invalid(field, message, 'invalid_url')
  }

  return {
    loop,
    serving,
    /** To be called after a commit that hid or restored a workspace. */
    reload: hosts.reload,
    place: diagnosis.place,
    shown,

    /** Whether a workspace could claim a host, and the records that it would have to set. */
    check(principal: Principal, text: string, place: ServerPlace) {
      const host = parseDomain(text, publicHost())
      const { workspaceId } = principal
      const available = !isTaken(db.read, workspaceId, host)
      return {
        ...{ domain: host, apex: isApex(host), available },
        message: available
          ? `${host} can be added. Set these records, then verify it.`
          : `The domain ${host} is in use already.`,
        records: withFindings(recordsFor(host, proofOf(workspaceId), place), null),
      }
    },

    /**
     * Claims a host; it serves once it is verified. Throws `invalid_domain`, `invalid_url`,
     * `plan_feature_required`, `already_exists`, `limit_reached`.
     */
    create(principal: Principal, input: CreateDomain): DomainRow {
      const { workspaceId } = principal
      const host = parseDomain(input.domain, publicHost())
      const metadata = metadataOf(workspaceId, host, input)
      return db.write((tx) => {
        if (isTaken(tx, workspaceId, host)) throw domainTaken(host)
        entitlements.requireRoom(tx, workspaceId, 'domains', countOf(tx, workspaceId))
        const now = clock.now()
        const row = tx
          .insert(domains)
          .values({
            ...{ id: newId('dom', now), workspaceId, host, health: 'waiting', failures: 0 },
            ...metadata,
            ...{ createdBy: actorOf(principal).name, createdAt: now, updatedAt: now },
          })
          .returning()
          .get()
        record(tx, principal, 'created', row)
        return row
      })
    },

    /** One page of domains, newest first. Throws `validation_failed` for a foreign cursor. */
    list({ workspaceId }: Principal, { limit, offset, cursor }: ListDomains): Page<DomainRow> {
      const at = cursor === undefined ? undefined : decodeCursor(cursor, SORT)
      const after = at && sql`(${domains.createdAt}, ${domains.id}) < (${at.value}, ${at.id})`
      const rows = db.read
        .select()
        .from(domains)
        .where(and(mine(workspaceId), after))
        .orderBy(desc(domains.createdAt), desc(domains.id))
        .limit(limit + 1)
        .offset(at ? 0 : offset)
        .all()
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id })
        : null
      return { data, meta: { total: countOf(db.read, workspaceId), limit, offset, nextCursor } }
    },

    /** Throws `not_found`. */
    requireById: (principal: Principal, id: string): DomainRow =>
      requireRow(db.read, principal.workspaceId, id),

    /** Throws `not_found`, `plan_feature_required`, `invalid_url`. */
    update(principal: Principal, id: string, input: UpdateDomain): DomainRow {
      const { workspaceId } = principal
      return db.write((tx) => {
        const before = requireRow(tx, workspaceId, id)
        const changes = metadataOf(workspaceId, before.host, input)
        const changed = Object.keys(changes)
        if (changed.length === 0) return before
        const row = tx
          .update(domains)
          .set({ ...changes, updatedAt: clock.now() })
          .where(eq(domains.id, id))
          .returning()
          .get()
        record(tx, principal, 'updated', row, { changed })
        db.afterCommit(hosts.reload)
        return row
      })
    },

    /** Asks DNS about a domain of the caller. Throws `not_found`. */
    async diagnose(principal: Principal, id: string): Promise<Diagnosis> {
      const { host, workspaceId } = requireRow(db.read, principal.workspaceId, id)
      return diagnosis.diagnose(host, proofOf(workspaceId))
    },

    /**
     * Takes note of a diagnosis: a domain whose proof is there serves from now on. Throws
     * `not_found`, `already_exists` when another workspace has proven it first.
     */
    settle: (principal: Principal, id: string, seen: Diagnosis): DomainRow =>
      db.write((tx) => {
        const row = requireRow(tx, principal.workspaceId, id)
        return health.settle(tx, row, seen, actorOf(principal))
      }),

    /**
     * Gives a domain up. Throws `not_found`, and `conflict` while live links would break. Returns
     * the id.
     */
    delete(principal: Principal, id: string): string {
      return db.write((tx) => {
        const row = requireRow(tx, principal.workspaceId, id)
        requireUnused(row.verifiedAt === null ? 0 : links.countOn(tx, row.host, LINKS_COUNTED_MAX))
        tx.delete(domains).where(eq(domains.id, id)).run()
        record(tx, principal, 'deleted', row)
        db.afterCommit(hosts.reload)
        return id
      })
    },

    /** Everything of a workspace that is removed for good. */
    purgeWorkspace(workspaceId: string): void {
      db.write((tx) => {
        tx.delete(domains).where(mine(workspaceId)).run()
        db.afterCommit(hosts.reload)
      })
    },

    /**
     * The namespace of links that a caller names by id or host: a verified domain of theirs, or
     * the server's own host (''). Throws `not_found`.
     */
    namespaceNamed(workspaceId: string, idOrHost: string): string {
      const host = hosts.hostNamed(workspaceId, idOrHost)
      if (host !== undefined) return host
      if (normaliseHost(idOrHost.trim()) === publicHost()) return ''
      const message = `There is no verified domain "${idOrHost.slice(0, 100)}" in this workspace.`
      throw new AppError('not_found', message, { field: 'domain' })
    },

    /** The verified hosts of a workspace. */
    hostsOf: hosts.hostsOf,

    /** Whether a host is a verified domain of anybody. */
    servesLinks: (host: string): boolean => hosts.find(host) !== undefined,

    /** Whether Caddy may get a certificate for a host: a verified domain of a live workspace. */
    mayHaveCertificate: (host: string): boolean => hosts.find(host)?.isLive ?? false,
  }
}

function requireUnused(links: number): void {
  if (links === 0) return
  const many = links >= LINKS_COUNTED_MAX ? `${LINKS_COUNTED_MAX} or more links` : undefined
  const told = many ?? (links === 1 ? '1 link' : `${links} links`)
  throw new AppError('conflict', `The domain still serves ${told}. Delete them first.`)
}
