import { eq } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { invalid } from '../../core/errors'
import { hashToken, randomToken } from '../../core/secret'
import type { Database, Tx } from '../../platform/database'
import type { Passwords } from '../../platform/passwords'
import type { Audit } from '../audit/service'
import type { WorkspaceDirectory, WorkspaceRow } from '../workspaces/service'
import type { ShareReport } from './schema'
import { type ReportRow, reports } from './table'

export type SharingDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
  directory: Pick<WorkspaceDirectory, 'findLive'>
  linkPasswords: Pick<Passwords, 'hash'>
  publicUrl: () => string
}

/** What a share will be, its password hashed: writing must not wait for that. */
export type PreparedShare = { passwordHash: string | null; expiresAt: number | null }

/** A report on its page, with the workspace whose branding it bears. */
export type SharedPage = { report: ReportRow; workspace: WorkspaceRow }

type Find = (tx: Tx, principal: Principal, id: string) => ReportRow

/** Reports shown to people without an account, at an address that only they are given. */
export function createSharing({ requireById, ...deps }: SharingDeps & { requireById: Find }) {
  const { db, clock, audit, directory, linkPasswords, publicUrl } = deps

  function record(tx: Tx, principal: Principal, action: string, id: string, details = {}): void {
    const { workspaceId } = principal
    const entry = { workspaceId, actor: actorOf(principal), action: `report.${action}` }
    audit.record(tx, { ...entry, subjectId: id, details })
  }

  const change = (tx: Tx, id: string, share: Partial<ReportRow>): ReportRow =>
    tx.update(reports).set(share).where(eq(reports.id, id)).returning().get()

  return {
    /** Throws `validation_failed` for an end that has passed, `not_found` before any hashing. */
    async prepare(principal: Principal, id: string, input: ShareReport): Promise<PreparedShare> {
      requireById(db.read, principal, id)
      const expiresAt = input.expiresAt ? Date.parse(input.expiresAt) : null
      if (expiresAt !== null && expiresAt <= clock.now()) {
        throw invalid('expiresAt', 'must be in the future')
      }
      const { password } = input
      return { passwordHash: password ? await linkPasswords.hash(password) : null, expiresAt }
    },

    /** Opens the page at a new address; an earlier one is closed at once. Throws `not_found`. */
    share(principal: Principal, id: string, { passwordHash, expiresAt }: PreparedShare) {
      const [token, sharedAt] = [randomToken(), clock.now()]
      const row = db.write((tx) => {
        requireById(tx, principal, id)
        record(tx, principal, 'shared', id, { hasPassword: passwordHash !== null, expiresAt })
        return change(tx, id, {
          ...{ shareTokenHash: hashToken(token), sharePasswordHash: passwordHash },
          ...{ shareExpiresAt: expiresAt, sharedAt },
        })
      })
      return { row, sharedAt, url: `${publicUrl()}/r/${token}` }
    },

    /** Closes the page at once; once more does nothing. Throws `not_found`. */
    revoke(principal: Principal, id: string): string {
      return db.write((tx) => {
        if (requireById(tx, principal, id).shareTokenHash === null) return id
        const share = { shareTokenHash: null, sharePasswordHash: null }
        change(tx, id, { ...share, shareExpiresAt: null, sharedAt: null })
        record(tx, principal, 'unshared', id)
        return id
      })
    },

    /** What a token opens now; undefined for one that is unknown, expired or revoked. */
    pageOf(token: string): SharedPage | undefined {
      const hashed = eq(reports.shareTokenHash, hashToken(token))
      const report = db.read.select().from(reports).where(hashed).get()
      if (!report || (report.shareExpiresAt ?? Number.POSITIVE_INFINITY) <= clock.now()) {
        return undefined
      }
      const workspace = directory.findLive(report.workspaceId)
      return workspace && { report, workspace }
    },
  }
}

export type Sharing = ReturnType<typeof createSharing>
