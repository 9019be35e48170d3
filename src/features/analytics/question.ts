import type { Span, TimeGrain } from '../../core/period'
import type { Figures, Group, Verdict } from '../clicks/service'

/** Dimensions that a question may be narrowed by. */
export const FILTERS = [
  ...(['country', 'device', 'browser', 'os', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
] as const
export type FilterName = (typeof FILTERS)[number]

/** One of the values, or, when excluded, none of them. */
export type Choice<T> = { values: T[]; isExcluded: boolean }

/** What a list can be about; domains are counted by their links. */
export type ListName = Group | 'domain'

/** Everything the read-only Worker has to know. Plain data. */
export type Question = {
  workspaceId: string
  workspaceNo: number
  /** Null for all time. */
  span: Span | null
  previous: Span | null
  nowMs: number
  timezone: string
  grain: TimeGrain | null
  filters: ({ dimension: FilterName } & Choice<string>)[]
  links: Choice<number> | null
  /** Hosts; the server's own namespace is empty. */
  domains: Choice<string> | null
  verdicts: Verdict[]
  wants: { chart: boolean; lists: ListName[] }
  limit: number
}

export type Point = Figures & Span & { label: string }

export type ListRow = {
  name: string
  clicks: number
  uniques: number
  share: number
  link?: { id: string; slug: string; host: string; title: string | null }
}

export type Reply = {
  /** What was counted; of all time from the first click on. */
  span: Span
  totals: Figures
  previous: Figures | null
  chart: { grain: TimeGrain; points: Point[] } | null
  lists: { [Name in ListName]?: ListRow[] }
}

export type ExportRequest = {
  workspaceId: string
  workspaceNo: number
  linkNo: number | null
  span: Span
  format: 'csv' | 'ndjson'
  /** Origin of short URLs. */
  publicUrl: string
  afterId: number
}

/** Lines of some clicks; `afterId` of the next page, null at the end. */
export type ExportPage = { text: string; afterId: number | null }
