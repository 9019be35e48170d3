import type { Principal } from '../../core/access'
import { toIso } from '../../core/clock'
import { type IsoWeek, weekBefore } from '../../core/iso-week'
import type { Span } from '../../core/period'
import type { TimeZone } from '../../core/time-zone'
import type { AnalyticsService, Answered, EarnedReader, EarnedTotals } from '../analytics/service'
import type { Entitlements } from '../billing/service'
import type { WorkspaceRow } from '../workspaces/service'

export type Totals = { clicks: number; uniques: number; bots: number }

/** Money of one currency in minor units, refunds taken off. */
export type Revenue = { currency: string; amount: number }

export type Earnings = {
  leads: number
  sales: number
  refunds: number
  revenue: Revenue[]
  /** Customers who came by a click, per click; null without clicks. */
  conversionRate: number | null
}

export type ReportLine = { name: string; clicks: number; uniques: number; share: number }
export type LinkLine = ReportLine & { id: string; shortUrl: string; title: string | null }

export type ReportDay = Totals & {
  /** Local date, `2026-03-02`. */
  date: string
}

/** What another part of the product adds to a report, ready to be shown. */
export type SectionFigures = {
  /** What it is about, as a member of the wire: `backlinks`. */
  key: string
  title: string
  figures: { label: string; value: number; previous: number | null }[]
  /** What was found, most important first. */
  items: { label: string; detail: string | null; url: string | null }[]
}

/** A part of the product that has something to say of a week. */
export type ReportSection = {
  /** Null where the workspace has nothing of it, so that no zero is made up. */
  read(
    workspace: Pick<WorkspaceRow, 'id' | 'no'>,
    span: Span,
    previous: Span,
    signal: AbortSignal,
  ): Promise<SectionFigures | null> | SectionFigures | null
}

/** Everything that a report says; kept as it was counted. */
export type ReportFigures = {
  totals: Totals
  previous: Totals
  days: ReportDay[]
  /** Over the monthly click limit there are no lists. */
  withheld: boolean
  links: LinkLine[] | null
  referrers: ReportLine[] | null
  countries: ReportLine[] | null
  conversions: (Earnings & { previous: Earnings }) | null
  sections: SectionFigures[]
}

export type FiguresDeps = {
  analytics: Pick<AnalyticsService, 'overview' | 'report' | 'shortUrlOf'>
  entitlements: Pick<Entitlements, 'planOf'>
  conversions: { reader: Pick<EarnedReader, 'firstAt'> }
  sections: readonly ReportSection[]
}

/** Counts weeks, by the same questions that the analytics of the API answer. */
export function createReportFigures(deps: FiguresDeps) {
  const { analytics, entitlements, conversions, sections } = deps

  const ask = ({ startMs, endMs }: Span, { name: timezone }: TimeZone) => ({
    ...{ start: toIso(startMs), end: toIso(endMs), timezone },
  })

  function listsOf({ reply: { lists }, withheld }: Answered, isAdvanced: boolean) {
    if (withheld) return { links: null, referrers: null, countries: null }
    return {
      links: (lists.link ?? []).flatMap((row) => {
        if (!row.link) return []
        const { id, title } = row.link
        return [{ ...lineOf(row), id, shortUrl: analytics.shortUrlOf(row.link), title }]
      }),
      referrers: isAdvanced ? (lists.referrer ?? []).map(lineOf) : null,
      countries: isAdvanced ? (lists.country ?? []).map(lineOf) : null,
    }
  }

  /** Null where the plan has no conversions, or none had ever been told. */
  function conversionsOf(no: number, now: Answered, before: Answered, endMs: number) {
    if ((conversions.reader.firstAt(no) ?? Number.POSITIVE_INFINITY) >= endMs) return null
    return { ...earningsOf(now), previous: earningsOf(before) }
  }

  /** What a week of a workspace was, compared with the one before. */
  return async function figuresOf(
    workspace: WorkspaceRow,
    week: IsoWeek,
    zone: TimeZone,
    signal: AbortSignal,
  ): Promise<ReportFigures> {
    const { id, no } = workspace
    const principal = readerIn(id)
    const before = weekBefore(week, zone)
    const { features } = entitlements.planOf(id)
    const answered = await analytics.report(principal, ask(week, zone))
    const compared = await analytics.overview(principal, ask(before, zone))
    const found: SectionFigures[] = []
    for (const section of sections) {
      const figures = await section.read({ id, no }, week, before, signal)
      if (figures) found.push(figures)
    }
    const hasConversions = features.includes('conversions')
    return {
      totals: totalsOf(answered.reply.totals),
      previous: totalsOf(compared.reply.totals),
      days: (answered.reply.chart?.points ?? []).map((point) => ({
        date: point.label.slice(0, 10),
        ...totalsOf(point),
      })),
      withheld: answered.withheld,
      ...listsOf(answered, features.includes('advanced_analytics')),
      conversions: hasConversions ? conversionsOf(no, answered, compared, week.endMs) : null,
      sections: found,
    }
  }
}

/** Whether there is nothing to tell: no person came, nothing was earned, now or the week before. */
export function isQuiet({ totals, previous, conversions, sections }: ReportFigures): boolean {
  if (totals.clicks > 0 || previous.clicks > 0 || sections.length > 0) return false
  if (!conversions) return true
  const happened = ({ leads, sales, refunds }: Earnings) => leads + sales + refunds > 0
  return !happened(conversions) && !happened(conversions.previous)
}

/** Growth from `before` to `now`: 0.25 is a quarter more; null when there was nothing. */
export const growth = (now: number, before: number): number | null =>
  before === 0 ? null : Math.round((now / before - 1) * 1e4) / 1e4

const totalsOf = ({ clicks, uniques, bots }: Totals): Totals => ({ clicks, uniques, bots })

const lineOf = ({ name, clicks, uniques, share }: ReportLine): ReportLine => ({
  ...{ name, clicks, uniques, share },
})

function earningsOf({ reply: { earned, totals } }: Answered): Earnings {
  const { leads, sales, refunds, led } = earned
  const { clicks } = totals
  const conversionRate = clicks === 0 ? null : Math.round((led / clicks) * 1e4) / 1e4
  return { leads, sales, refunds, revenue: revenueOf(earned), conversionRate }
}

const revenueOf = ({ turnover }: EarnedTotals): Revenue[] =>
  Object.entries(turnover)
    .map(([currency, { gross, refunded }]) => ({ currency, amount: gross - refunded }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1))

/** The server itself, asking about one workspace. It passes no gate. */
const readerIn = (workspaceId: string): Principal => ({
  ...{ kind: 'token', userId: null, keyId: null, sessionId: null, actorName: 'Linkstead' },
  ...{ superadmin: false, boundWorkspaceId: workspaceId, grantedScopes: new Set() },
  ...{ allowedOrigins: null, workspaceId, role: null, scopes: new Set() },
})
