import { type Clock, MINUTE } from '../../core/clock'
import { createPasses, type Passes } from '../../http/pass'
import { createPasswordDoor } from '../../http/password-door'
import { sentencePage } from '../../http/sentence-page'
import type { Passwords } from '../../platform/passwords'
import type { RateLimiter } from '../../platform/rate-limiter'
import type { Entitlements } from '../billing/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import { brandOf } from './brand'
import { type MailState, mailPage, passwordPage, reportPage } from './page'
import type { Recipients } from './recipients'
import type { SharedPage, Sharing } from './sharing'
import type { ReportRow } from './table'

/** Pictures at addresses, as PNGs of our own making. Rejects for what is none. */
export type Logos = {
  read(url: string, options: { mayFetch: boolean }): Promise<{ embedded(): Promise<Buffer> }>
}

export type VisitDeps = {
  clock: Clock
  appSecret: string
  publicUrl: () => string
  linkPasswords: Pick<Passwords, 'verify'>
  limiter: RateLimiter
  entitlements: Pick<Entitlements, 'planOf'>
  directory: Pick<WorkspaceDirectory, 'findLive'>
  sharing: Pick<Sharing, 'pageOf'>
  recipients: Pick<Recipients, 'seatBehind' | 'setOptOut'>
  logos: Logos
}

/** What people without an account see and do: shared pages, and the end of their mails. */
export function createReportVisits(deps: VisitDeps) {
  const { sharing, recipients, directory, entitlements, linkPasswords: passwords } = deps
  const passes = createPasses(deps, 'report-pass')
  const knock = createPasswordDoor({ passwords, limiter: deps.limiter }, 'report-password')
  const logoOf = createLogoMemory(deps)

  async function show({ report, workspace }: SharedPage): Promise<Response> {
    const brand = brandOf(workspace, entitlements)
    const logo = brand.logoUrl === null ? null : await logoOf(brand.logoUrl)
    return reportPage({ report, workspaceName: workspace.name, brand, logo })
  }

  function aboutMail(token: string, state: MailState): Response {
    const seat = recipients.seatBehind(token)
    const workspace = seat && directory.findLive(seat.workspaceId)
    if (!workspace) return missing()
    if (state !== 'asked') recipients.setOptOut(seat.memberId, state === 'ended')
    return mailPage(workspace.name, token, state)
  }

  return {
    /** The page behind a token, or the form in front of it. */
    async open(token: string, headers: Headers): Promise<Response> {
      const page = sharing.pageOf(token)
      if (!page) return missing()
      return mayEnter(page.report, passes, headers) ? show(page) : passwordPage('none')
    },

    /** What the form in front of a page brought, from a visitor known by the address. */
    async enter(token: string, request: Request, visitor: string): Promise<Response> {
      const report = sharing.pageOf(token)?.report
      if (!report) return missing()
      const [path, passwordHash] = [`/r/${token}`, report.sharePasswordHash]
      if (passwordHash === null) return seeOther(path)
      const outcome = await knock(request, { of: report.id, passwordHash, visitor })
      if (outcome instanceof Response) return outcome
      if (outcome !== 'right') return passwordPage(outcome)
      return seeOther(path, passes.cookie(earnedBy(report, passwordHash), path))
    },

    /** Asks whether to end the weekly mail. */
    askToUnsubscribe: (token: string): Response => aboutMail(token, 'asked'),

    /** Ends the weekly mail at the first POST (RFC 8058). */
    unsubscribe: (token: string): Response => aboutMail(token, 'ended'),

    /** Takes the end back. */
    resubscribe: (token: string): Response => aboutMail(token, 'begun'),
  }
}

/** The same for what is unknown, expired and revoked: nobody learns that there was a report. */
const missing = (): Response =>
  sentencePage(404, 'Nothing here', 'There is nothing at this address, or not any more.')

function seeOther(path: string, cookie?: string): Response {
  const headers = new Headers({ Location: path, 'Cache-Control': 'private, no-store' })
  if (cookie !== undefined) headers.set('Set-Cookie', cookie)
  return new Response(null, { status: 303, headers })
}

const earnedBy = ({ id }: ReportRow, version: string) => ({
  ...{ what: 'password' as const, of: id, version },
})

const mayEnter = (report: ReportRow, passes: Passes, headers: Headers): boolean =>
  report.sharePasswordHash === null ||
  passes.isHeld(earnedBy(report, report.sharePasswordHash), headers)

const REMEMBERED_MS = 10 * MINUTE
const REMEMBERED_MAX = 100

/**
 * Logos by their address. What could not be read is remembered too, so that visitors cannot make
 * us ask another host again and again; the page then does without.
 */
function createLogoMemory({ clock, logos }: Pick<VisitDeps, 'clock' | 'logos'>) {
  const known = new Map<string, { logo: Promise<Buffer | null>; until: number }>()
  return (url: string): Promise<Buffer | null> => {
    const found = known.get(url)
    if (found && found.until > clock.now()) return found.logo
    if (known.size >= REMEMBERED_MAX) known.clear()
    const logo = logos
      .read(url, { mayFetch: true })
      .then((picture) => picture.embedded())
      .catch(() => null)
    known.set(url, { logo, until: clock.now() + REMEMBERED_MS })
    return logo
  }
}
