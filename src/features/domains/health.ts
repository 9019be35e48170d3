import { and, eq, isNotNull, ne } from 'drizzle-orm'
import { type Actor, SYSTEM_ACTOR } from '../../core/access'
import { type Clock, HOUR, MINUTE, toIso } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Audit } from '../audit/service'
import type { Outbox } from '../webhooks/outbox'
import type { Diagnosis } from './diagnosis'
import type { DomainHosts } from './hosts'
import { type DomainRow, domains } from './table'

const CHECK_EVERY_MS = HOUR
/** A failure is looked at again soon: one alone may be a hiccup of DNS. */
const DOUBT_MS = 10 * MINUTE
const FAILURES_TO_TELL = 2

export type DomainHealthDeps = {
  db: Pick<Database, 'afterCommit'>
  clock: Clock
  outbox: Pick<Outbox, 'enqueue'>
  audit: Pick<Audit, 'record'>
  hosts: Pick<DomainHosts, 'reload'>
}

export type DomainHealth = ReturnType<typeof createDomainHealth>

/** Up to a fifth more or less, so that domains added together are not asked together for ever. */
const jittered = (ms: number): number => Math.round(ms * (0.8 + Math.random() * 0.4))

/** What a look at DNS means for a domain. */
export function createDomainHealth({ db, clock, outbox, audit, hosts }: DomainHealthDeps) {
  function record(tx: Tx, row: DomainRow, action: string, actor: Actor): void {
    audit.record(tx, {
      ...{ workspaceId: row.workspaceId, actor, subjectId: row.id },
      ...{ action: `domain.${action}`, details: { domain: row.host } },
    })
  }

  const set = (tx: Tx, id: string, changes: Partial<DomainRow>): DomainRow =>
    tx.update(domains).set(changes).where(eq(domains.id, id)).returning().get()

  function requireUnowned(tx: Tx, host: string, except: string): void {
    const owned = and(eq(domains.host, host), isNotNull(domains.verifiedAt), ne(domains.id, except))
    if (tx.select({ id: domains.id }).from(domains).where(owned).get()) throw domainTaken(host)
  }

  function verify(tx: Tx, row: DomainRow, actor: Actor): DomainRow {
    requireUnowned(tx, row.host, row.id)
    const now = clock.now()
    const verified = set(tx, row.id, {
      ...{ verifiedAt: now, updatedAt: now },
      nextCheckAt: now + jittered(DOUBT_MS),
    })
    const data = { id: row.id, domain: row.host, verifiedAt: toIso(now) }
    outbox.enqueue(tx, { type: 'domain.verified', workspaceId: row.workspaceId, data })
    record(tx, row, 'verified', actor)
    db.afterCommit(hosts.reload)
    return verified
  }

  function pointing(tx: Tx, row: DomainRow): Partial<DomainRow> {
    if (row.health !== 'unhealthy') return { health: 'healthy', failures: 0 }
    record(tx, row, 'recovered', SYSTEM_ACTOR)
    return { health: 'healthy', failures: 0, unhealthySince: null, recoveredAt: clock.now() }
  }

  /** One that never pointed here is awaited without alarm: its owner may still be moving. */
  function failing(tx: Tx, row: DomainRow, { findings }: Diagnosis): Partial<DomainRow> {
    if (row.health === 'waiting') return {}
    const failures = row.failures + 1
    if (row.health === 'unhealthy' || failures < FAILURES_TO_TELL) return { failures }
    const unhealthySince = clock.now()
    const routing = findings.filter(({ purpose }) => purpose === 'routing')
    outbox.enqueue(tx, {
      ...{ type: 'domain.unhealthy', workspaceId: row.workspaceId },
      data: {
        ...{ id: row.id, domain: row.host, unhealthySince: toIso(unhealthySince) },
        message: routing.find(({ status }) => status !== 'ok')?.message ?? '',
        records: routing,
      },
    })
    record(tx, row, 'unhealthy', SYSTEM_ACTOR)
    return { failures, health: 'unhealthy', unhealthySince }
  }

  return {
    /**
     * Stores what somebody who asked has seen: the first that proves a domain owns it, and a
     * domain that points here again is healthy. Only the loop's looks count as failures. Throws
     * `already_exists` for a domain that another workspace has proven.
     */
    settle(tx: Tx, before: DomainRow, diagnosis: Diagnosis, actor: Actor): DomainRow {
      const proves = before.verifiedAt === null && diagnosis.owned
      const row = proves ? verify(tx, before, actor) : before
      const checkedAt = clock.now()
      const health = row.verifiedAt !== null && diagnosis.pointsHere ? pointing(tx, row) : {}
      return set(tx, row.id, { ...health, checkedAt, findings: diagnosis.findings })
    },

    /**
     * Stores what the loop has seen. Two failures in a row of a domain that pointed here are told
     * once; it keeps serving. When nothing could be known, nothing changes.
     */
    recheck(tx: Tx, row: DomainRow, diagnosis: Diagnosis): DomainRow {
      const now = clock.now()
      if (diagnosis.pointsHere === null) {
        return set(tx, row.id, { checkedAt: now, nextCheckAt: now + jittered(DOUBT_MS) })
      }
      const health = diagnosis.pointsHere ? pointing(tx, row) : failing(tx, row, diagnosis)
      const inDoubt = health.failures === 1
      return set(tx, row.id, {
        ...{ ...health, checkedAt: now, findings: diagnosis.findings },
        nextCheckAt: now + jittered(inDoubt ? DOUBT_MS : CHECK_EVERY_MS),
      })
    },
  }
}

/** Says nothing of whose it is. */
export const domainTaken = (host: string): AppError =>
  new AppError('already_exists', `The domain ${host} is in use already.`, { field: 'domain' })
