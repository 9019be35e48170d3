import type { Principal } from '../../core/access'
import { type Clock, startOfUtcMonth, toIso } from '../../core/clock'
import { notFound } from '../../core/errors'
import type { Interval, Period } from '../../core/period'
import { parseTimeZone } from '../../core/time-zone'
import type { ReadingWorker } from '../../platform/reading-worker'
import type { Entitlements } from '../billing/service'
import type { ClickIds, ClickReader, ClickService, Figures } from '../clicks/service'
import type { LinkCensus, LinkService } from '../links/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import { askedPeriod, choiceOf, filtersOf, spanOf, verdictsOf } from './asked'
import { decidedOf } from './decided'
import type { AttributionModel, EarnedReader } from './earned'
import { createLinkNames } from './link-names'
import type { Choice, ExportPiece, ListName, Question, Reply } from './question'
import {
  type AnalyticsJobs,
  type AnalyticsRunner,
  createAnalyticsInThread,
  createAnalyticsWorker,
} from './read-worker'
import { createAnalyticsReader } from './reader'
import type { AnalyticsQuery, DetailQuery, ExportQuery, LinkExportQuery } from './schema'

export type {
  AttributionModel,
  Earned,
  EarnedAnswer,
  EarnedExport,
  EarnedQuery,
  EarnedReader,
  EarnedTotals,
  EarnedWish,
} from './earned'

export type AnalyticsDeps = {
  clock: Clock
  runner: AnalyticsRunner
  clicks: Pick<ClickService, 'clicksThisMonth'>
  links: Pick<LinkService, 'requireByIdOrSlug' | 'shortUrlOf'>
  census: Pick<LinkCensus, 'countEdits' | 'formerTargets'>
  entitlements: Pick<Entitlements, 'limitsOf'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
}

export type AnalyticsService = ReturnType<typeof createAnalyticsService>

/** What was answered, and about which time. */
export type Answered = {
  reply: Reply
  interval: Interval | null
  timezone: string
  previous: Period['previous']
  withheld: boolean
}

type Wish = Question['wants'] & {
  limit?: number
  compares?: boolean
  attribution?: AttributionModel
  isNeverWithheld?: boolean
}

/** A question about what came of clicks. */
type EarnedAsked = AnalyticsQuery & { attribution: AttributionModel; rows: number }

export const LISTS = {
  traffic: ['link', 'domain', 'folder', 'tag'],
  acquisition: [
    ...(['referrer', 'utm_source', 'utm_medium'] as const),
    ...(['utm_campaign', 'utm_term', 'utm_content'] as const),
  ],
  geo: ['country', 'region', 'city'],
  technology: ['device', 'os', 'browser'],
} as const satisfies Record<string, readonly ListName[]>
const TOPS: readonly ListName[] = [...LISTS.acquisition, ...LISTS.geo, ...LISTS.technology]
const TOP_ROWS = 10

/** Questions about clicks. Every answer is counted in the read-only Worker. */
export function createAnalyticsService(deps: AnalyticsDeps) {
  const { clock, runner, clicks, links, census, entitlements, workspaces, publicUrl } = deps

  function numberOf(workspaceId: string): number {
    const no = workspaces.findLive(workspaceId)?.no
    if (no === undefined) throw notFound('workspace')
    return no
  }

  const linksNamed = createLinkNames({ links, mainHost: () => new URL(publicUrl()).hostname })

  /** Throws `not_found` for a link that the workspace has not. */
  function chosenLinks(
    principal: Principal,
    text: string | undefined,
    domains: Choice<string> | null,
  ): Choice<number> | null {
    const choice = choiceOf('linkId', text)
    if (choice === null) return null
    const hosts = domains === null || domains.isExcluded ? null : domains.values
    const nos = choice.values.flatMap((name) => linksNamed(principal, name, hosts))
    return { values: [...new Set(nos)], isExcluded: choice.isExcluded }
  }

  function chosenDomains(text: string | undefined): Choice<string> | null {
    const choice = choiceOf('domain', text)
    if (choice === null) return null
    const own = [new URL(publicUrl()).host, new URL(publicUrl()).hostname]
    const hosts = choice.values.map((value) => value.toLowerCase())
    return { ...choice, values: hosts.map((host) => (own.includes(host) ? '' : host)) }
  }

  /** Whether the month's clicks are over the plan's limit and the time asked about is in it. */
  function isWithheld(workspaceId: string, workspaceNo: number, span: Period['span']): boolean {
    const limit = entitlements.limitsOf(workspaceId).clicks
    if (limit === null || clicks.clicksThisMonth(workspaceNo) <= limit) return false
    return span === null || span.endMs > startOfUtcMonth(clock.now())
  }

  async function ask(principal: Principal, query: AnalyticsQuery, wish: Wish): Promise<Answered> {
    const { workspaceId } = principal
    const nowMs = clock.now()
    const zone = parseTimeZone(query.timezone)
    const { interval, span, previous } = askedPeriod(query, nowMs, zone)
    const domains = chosenDomains(query.domain)
    const chosen = {
      filters: filtersOf(query),
      links: chosenLinks(principal, query.linkId, domains),
      domains,
      folders: choiceOf('folderId', query.folderId),
      tags: choiceOf('tagId', query.tagId),
      verdicts: verdictsOf(query.verdict),
    }
    const workspaceNo = numberOf(workspaceId)
    const isOver = isWithheld(workspaceId, workspaceNo, span)
    const withheld = isOver && !wish.isNeverWithheld
    const reply = await runner.answer({
      ...{ workspaceId, workspaceNo, span, nowMs, timezone: zone.name, ...chosen },
      previous: wish.compares ? previous : null,
      grain: query.grain ?? null,
      wants: { chart: wish.chart, lists: withheld ? [] : wish.lists },
      limit: wish.limit ?? TOP_ROWS,
      attribution: wish.attribution ?? 'last',
    })
    const compared = wish.compares ? previous : null
    return { reply, interval, timezone: zone.name, previous: compared, withheld }
  }

  return {
    /** Totals, compared with the time before. */
    overview: (principal: Principal, query: AnalyticsQuery): Promise<Answered> =>
      ask(principal, query, { chart: false, lists: [], compares: true }),

    /** Totals over time. */
    chart: (principal: Principal, query: AnalyticsQuery): Promise<Answered> =>
      ask(principal, query, { chart: true, lists: [] }),

    /** The longest lists of one subject. */
    panel(
      principal: Principal,
      name: keyof typeof LISTS,
      { rows: limit, ...query }: AnalyticsQuery & { rows: number },
    ): Promise<Answered> {
      return ask(principal, query, { chart: false, lists: [...LISTS[name]], limit })
    },

    /** Overview, chart and the first rows of every list. */
    report: (principal: Principal, query: AnalyticsQuery): Promise<Answered> =>
      ask(principal, query, { chart: true, lists: [...LISTS.traffic, ...TOPS], compares: true }),

    /** A link over time and by everything known of its visitors. Throws `not_found`. */
    async detail(principal: Principal, idOrSlug: string, { domain, ...query }: DetailQuery) {
      const { row, shortUrl } = links.requireByIdOrSlug(principal, idOrSlug, domain)
      const asked = { ...query, linkId: row.id }
      const lists = [...TOPS, 'variant', 'rule'] as const
      const answered = await ask(principal, asked, { chart: true, lists: [...lists] })
      return {
        answered,
        link: { id: row.id, slug: row.slug, shortUrl },
        decided: decidedOf(answered, row, () => census.formerTargets(row.id)),
        edits: census.countEdits(row.id),
      }
    },

    /** What came of clicks, over time and by link; the click limit withholds nothing of it. */
    earned(
      principal: Principal,
      { attribution, rows: limit, ...query }: EarnedAsked,
    ): Promise<Answered> {
      const wish = { chart: true, lists: ['link' as const], attribution, limit }
      return ask(principal, query, { ...wish, isNeverWithheld: true })
    },

    /**
     * The lines of every conversion of a workspace, a piece at a time, as of `export`. Throws
     * `validation_failed`.
     */
    exportEarned(principal: Principal, query: ExportQuery): AsyncGenerator<Uint8Array> {
      const { workspaceId } = principal
      const zone = parseTimeZone(query.timezone)
      const ends = { start: query.from, end: query.to }
      const request = {
        ...{ workspaceNo: numberOf(workspaceId), format: query.format, publicUrl: publicUrl() },
        span: spanOf(ends, clock.now(), zone, ['from', 'to']),
      }
      return piecesOf((afterId) => runner.exportEarned({ ...request, afterId }))
    },

    /**
     * The lines of every click of a workspace, or of one link, a piece at a time: the next one is
     * read when the last has been taken. Throws `not_found`, `validation_failed`.
     */
    export(
      principal: Principal,
      query: LinkExportQuery,
      idOrSlug?: string,
    ): AsyncGenerator<Uint8Array> {
      const { workspaceId } = principal
      const link =
        idOrSlug === undefined ? null : links.requireByIdOrSlug(principal, idOrSlug, query.domain)
      const zone = parseTimeZone(query.timezone)
      const ends = { start: query.from, end: query.to }
      const request = {
        ...{ workspaceId, workspaceNo: numberOf(workspaceId), linkNo: link?.row.no ?? null },
        ...{ format: query.format, publicUrl: publicUrl() },
        span: spanOf(ends, clock.now(), zone, ['from', 'to']),
      }
      return piecesOf((afterId) => runner.exportPage({ ...request, afterId }))
    },

    /** Where links of a host are served. */
    shortUrlOf: links.shortUrlOf,

    /** How a host is shown. */
    domainNameOf: (host: string): string => (host === '' ? new URL(publicUrl()).host : host),
  }
}

/** The texts of pages, each read while the one before is sent. */
async function* piecesOf(
  read: (afterId: number) => Promise<ExportPiece>,
): AsyncGenerator<Uint8Array> {
  let next: Promise<ExportPiece> | null = read(0)
  while (next !== null) {
    const { bytes, afterId }: ExportPiece = await next
    next = afterId === null ? null : read(afterId)
    // One that fails is told when it is its turn.
    next?.catch(() => undefined)
    if (bytes.length > 0) yield bytes
  }
}

type ComposedDeps = Omit<AnalyticsDeps, 'runner' | 'census' | 'clicks'> & {
  clicks: AnalyticsDeps['clicks'] & { clickIds: ClickIds }
  census: LinkCensus
  reader: ClickReader
  conversions: { reader: EarnedReader }
  /** Null counts in this thread. */
  reading: Pick<ReadingWorker<AnalyticsJobs>, 'call'> | null
}

/** Analytics that are counted in the reading Worker, or in this thread when told to. */
export function createAnalytics(deps: ComposedDeps) {
  const { census: links, reader: clicks, reading } = deps
  const { clickIds } = deps.clicks
  const conversions = deps.conversions.reader
  const runner = reading
    ? createAnalyticsWorker(reading)
    : createAnalyticsInThread(createAnalyticsReader({ clicks, links, conversions, clickIds }))
  return createAnalyticsService({ ...deps, runner })
}

/** When an answer is about, as it goes over the wire. */
export const periodFor = ({ reply: { span }, interval, timezone }: Answered) => ({
  ...{ start: toIso(span.startMs), end: toIso(span.endMs), timezone, interval },
})

/** Growth from `before` to `now`: 0.25 is a quarter more; null when there was nothing. */
export const changeOf = (now: Figures, before: Figures) => {
  const change = (name: keyof Figures): number | null =>
    before[name] === 0 ? null : Math.round((now[name] / before[name] - 1) * 1e4) / 1e4
  return { clicks: change('clicks'), uniques: change('uniques'), bots: change('bots') }
}
