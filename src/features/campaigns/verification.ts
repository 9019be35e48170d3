import { eq } from 'drizzle-orm'
import { type Actor, SYSTEM_ACTOR } from '../../core/access'
import { AppError } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { Backlinks, CheckedBacklink } from '../backlinks/service'
import type { Sites } from '../sites/service'
import type { Evidence } from './evidence'
import { CHECKED_STATUSES, type SubmissionStatus } from './life-cycle'
import type { Moves } from './moves'
import type { Submissions } from './submissions'
import { type SubmissionRow, submissions as table } from './table'

export type VerificationDeps = {
  backlinks: Pick<Backlinks, 'watch' | 'listeners'>
  sites: Pick<Sites, 'findById'>
  submissions: Pick<Submissions, 'change'>
  moves: Moves
}

const CHECKER: Actor = { ...SYSTEM_ACTOR, name: 'Link checker' }
const LISTED: readonly SubmissionStatus[] = ['live', ...CHECKED_STATUSES]

export type Finding = { to: SubmissionStatus; reason: string | null; message: string | null }

/** Levels of a link that is on the domain, but not plainly to the landing page. */
const NOT_PLAIN: readonly string[] = ['host', 'domain']

const placeOf = (text: string): string => {
  const { hostname, pathname } = new URL(text)
  return `${hostname.replace(/^www\./, '')}${pathname.replace(/\/$/, '')}`
}

type Seen = Pick<CheckedBacklink, 'after'> & {
  row: Pick<CheckedBacklink['row'], 'firstSeenAt'>
  check: Pick<CheckedBacklink['check'], 'verdict' | 'reasons'> & {
    links: readonly Pick<CheckedBacklink['check']['links'][number], 'level' | 'url'>[]
  }
}

/** Where a link leads that was to lead to the landing page; null where it does. */
function elsewhere({ check: { links } }: Seen, landingPage: string | null): string | null {
  const [link] = links
  if (!link || landingPage === null || !NOT_PLAIN.includes(link.level)) return null
  return placeOf(link.url) === placeOf(landingPage) ? null : link.url
}

const found = (to: SubmissionStatus, reason?: string, message?: string): Finding => ({
  ...{ to, reason: reason ?? null, message: message ?? null },
})

/**
 * What a check makes of a listing; null where it proves nothing: the page could not be seen, or the
 * link was missed once and may be back.
 */
export function findingOf(seen: Seen, landingPage: string | null): Finding | null {
  const { row, after, check } = seen
  const { verdict, reasons } = check
  if (after === 'lost') return found('lost', 'link_lost', 'The link of the listing is gone.')
  if (verdict === 'missing' || verdict === 'page_gone') {
    if (row.firstSeenAt !== null) return null
    const what = verdict === 'missing' ? 'The page of the listing has no link' : 'There is no page'
    return found('live_no_link', verdict, `${what}, as far as was seen.`)
  }
  if (verdict === 'unknown') return null
  const other = elsewhere(seen, landingPage)
  if (other) return found('wrong_data', 'other_page', `The listing links to ${other} instead.`)
  if (verdict === 'live_nofollow') {
    return found('live_nofollow', 'nofollow', 'The link is there, but is not to be followed.')
  }
  if (verdict === 'live_not_indexable') {
    const why = reasons.join(', ').replaceAll('_', ' ')
    return found('live', 'not_indexable', `The link is there, but not for search engines: ${why}.`)
  }
  return found('verified')
}

/** Listings as watched backlinks, and what their checks say of submissions. */
export function createVerification(deps: VerificationDeps) {
  const { backlinks, sites, submissions, moves } = deps

  function apply(tx: Tx, row: SubmissionRow, finding: Finding, evidence: Evidence): void {
    const { to, reason, message } = finding
    if (row.status !== to) {
      const why = { reason: reason ?? undefined, message: message ?? undefined }
      moves.move(tx, row, { to, by: 'checker', actor: CHECKER, ...why, evidence })
    } else if (row.reason !== reason || row.message !== message) {
      submissions.change(tx, row, { reason, message })
    }
  }

  /** Brings the submissions of a listing to what has just been seen of it. */
  backlinks.listeners.push((tx, checked) => {
    const { verdict, reasons, finalUrl, status } = checked.check
    const evidence: Evidence = {
      ...{ verdict, reasons, final_url: finalUrl },
      ...(status === null ? {} : { http_status: status }),
    }
    const rows = tx.select().from(table).where(eq(table.backlinkId, checked.row.id)).all()
    for (const row of rows.filter((one) => LISTED.includes(one.status))) {
      const site = sites.findById(tx, row.workspaceId, row.siteId)
      const finding = findingOf(checked, site?.url ?? null)
      if (finding) apply(tx, row, finding, evidence)
    }
  })

  return {
    /** Has the page of a listing watched; where the plan has no room, the submission says so. */
    watchListing(tx: Tx, row: SubmissionRow): SubmissionRow {
      const { workspaceId, projectId, siteId, listingUrl } = row
      if (listingUrl === null) throw new Error(`The listing of ${row.id} has no address.`)
      const wanted = { workspaceId, projectId, siteId, url: listingUrl }
      try {
        const { id } = backlinks.watch(tx, { ...wanted, origin: 'submission' })
        return submissions.change(tx, row, { backlinkId: id })
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'limit_reached')) throw error
        const changes = { backlinkId: null, reason: 'not_watched', message: error.message }
        return submissions.change(tx, row, changes)
      }
    },
  }
}
