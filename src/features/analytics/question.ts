import type { Span, TimeGrain } from '../../core/period'
import type { Figures, Group, Verdict } from '../clicks/service'
import type { LinkName } from '../links/service'
import type { AttributionModel, Earned, EarnedTotals } from './earned'

/** Dimensions that a question may be narrowed by. */
export const FILTERS = [
  ...(['country', 'device', 'browser', 'os', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
] as const
export type FilterName = (typeof FILTERS)[number]

/** One of the values, or, when excluded, none of them. */
export type Choice<T> = { values: T[]; isExcluded: boolean }

/** What a list of links' figures put together can be about. */
export type LinkedListName = 'domain' | 'folder' | 'tag'
/** What a list can be about. */
export type ListName = Group | LinkedListName

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
  /** Ids; `Unknown` is a link in no folder, or without tags. */
  folders: Choice<string> | null
  tags: Choice<string> | null
  verdicts: Verdict[]
  /** The last click when it is left out. */
  attribution?: AttributionModel
  wants: { chart: boolean; lists: ListName[] }
  limit: number
}

export type Point = Figures & Span & { label: string; earned: Earned }

export type ListRow = {
  name: string
  clicks: number
  uniques: number
  share: number
  earned: Earned
  /** Of a folder or tag. */
  id?: string
  link?: Omit<LinkName, 'no'>
}

export type Reply = {
  /** What was counted; of all time from the first click on. */
  span: Span
  totals: Figures
  earned: EarnedTotals
  previous: (Figures & { earned: EarnedTotals }) | null
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

/** The same as UTF-8, which goes from thread to thread without a copy. */
export type ExportPiece = { bytes: Uint8Array; afterId: number | null }
