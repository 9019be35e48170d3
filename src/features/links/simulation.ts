import type { Principal } from '../../core/access'
import { parseAgentName } from '../../core/agent-names'
import type { Clock } from '../../core/clock'
import { parseCountry } from '../../core/country'
import { preferredLanguages } from '../../core/language'
import { utmOf } from './campaign'
import { controlOf } from './control'
import { type DecidedLink, type Decision, decide, type VisitFacts } from './decision'
import { createDraw, type Draw } from './draw'
import type { CountedLink } from './schema'
import type { LinkService } from './service'
import { reasonOf } from './simulation-reason'
import type { Simulate, Simulation } from './simulation-schema'
import type { LinkRow } from './table'

export type SimulationDeps = {
  clock: Clock
  links: Pick<LinkService, 'requireByIdOrSlug'>
  /** What visitors draw by is derived from it. */
  appSecret: string
}

export type LinkSimulations = ReturnType<typeof createSimulations>

/** Where a visitor would go, and why, without anybody going there. */
export function createSimulations({ clock, links, appSecret }: SimulationDeps) {
  const draw = createDraw(appSecret)
  return {
    /**
     * Decides for an imagined visit as the redirect would; nothing is counted. A password counts
     * as given, and a limit as used up once the link's `clicks` have reached it. Throws
     * `not_found`.
     */
    simulate(principal: Principal, idOrSlug: string, visit: Simulate, domain?: string): Simulation {
      const link = links.requireByIdOrSlug(principal, idOrSlug, domain)
      const decided = decidedLink(link.row)
      const facts = factsOf(link, visit, draw)
      const nowMs = visit.at ? Date.parse(visit.at) : clock.now()
      const decision = decide(decided, facts, nowMs)
      const named = Boolean(visit.visitor)
      const reason = reasonOf({ row: link.row, decided, decision, facts, nowMs, named })
      return { ...endOf(link, decided, decision), reason }
    },
  }
}

/** A row as redirects know it. */
const decidedLink = (row: LinkRow): DecidedLink => ({
  isActive: row.isActive,
  targetUrl: row.targetUrl,
  targetUtm: utmOf(row.targetUrl),
  control: controlOf(row),
})

/** The visit that is imagined. */
function factsOf({ row, totals }: CountedLink, visit: Simulate, draw: Draw): VisitFacts {
  const { country, device, os, browser, language, visitor } = visit
  const query = queryOf(visit.query ?? '')
  const parameters = new URLSearchParams(query)
  const name = (trait: 'device' | 'os' | 'browser', text: string | null | undefined): string =>
    parseAgentName(trait, text ?? '')?.toLowerCase() ?? ''
  const agent = {
    ...{ device: name('device', device), os: name('os', os), browser: name('browser', browser) },
  }
  const languages = preferredLanguages(language ?? '')
  return {
    query,
    country: () => parseCountry(country ?? '') ?? '',
    languages: () => languages,
    agent: () => agent,
    parameter: (parameter) => parameters.getAll(parameter),
    draw: (label) => draw({ linkNo: row.no, address: visitor ?? '', userAgent: '' }, label),
    isUsedUp: () => row.clickLimit !== null && (totals?.clicks ?? 0) >= row.clickLimit,
    isLocked: () => false,
  }
}

const queryOf = (query: string | Record<string, string>): string =>
  typeof query === 'string' ? query.replace(/^\?/, '') : new URLSearchParams(query).toString()

/** Where the visit ends. */
function endOf(
  { shortUrl }: CountedLink,
  { control }: DecidedLink,
  decision: Decision,
): Omit<Simulation, 'reason'> {
  const nobody = { rule: null, variant: null }
  if (decision.kind !== 'go') {
    return { outcome: 'closed', target: control?.expiredUrl ?? null, ...nobody }
  }
  const { targetUrl, rule, variant } = decision
  if (targetUrl === null) return { outcome: 'page', target: shortUrl, ...nobody }
  return {
    outcome: 'redirect',
    target: targetUrl,
    rule: rule === '' ? null : rule,
    variant: variant === '' ? null : variant,
  }
}
