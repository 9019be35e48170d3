import { MINUTE } from '../../core/clock'

/** Whose clicks: numbers of `rollup_pages.scope`. */
export const SCOPES = { workspace: 0, link: 1 } as const

/** What clicks are counted by: numbers of `rollup_pages.dimension`. */
export const DIMENSIONS = {
  total: 0,
  country: 1,
  device: 2,
  os: 3,
  browser: 4,
  referrer: 5,
  utm_source: 6,
  utm_medium: 7,
  utm_campaign: 8,
  utm_term: 9,
  utm_content: 10,
  region: 11,
  city: 12,
  variant: 13,
  rule: 14,
  /** Of a workspace only: its links by their numbers. */
  link: 15,
} as const

export type Dimension = keyof typeof DIMENSIONS
/** What a click has a value of. */
export type ClickDimension = Exclude<Dimension, 'total' | 'link'>

/** In the order in which they are shown: the columns of `clicks` that hold numbers of terms. */
export const CLICK_DIMENSIONS = [
  ...(['country', 'region', 'city', 'device', 'os', 'browser', 'referrer'] as const),
  ...(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const),
  ...(['variant', 'rule'] as const),
] as const satisfies readonly ClickDimension[]

/** Spans of time: numbers of `rollup_pages.grain`. Quarter hours, since zones of +5:45 exist. */
export const GRAINS = { all: 0, day: 1, quarter: 2 } as const

export const QUARTER = 15 * MINUTE

/** Absent values that are counted as unknown (term 0); of the others only present ones have rows. */
export const SHOWN_AS_UNKNOWN: ReadonlySet<string> = new Set([
  'country',
  'device',
  'os',
  'browser',
  'referrer',
])

/** One row of `clicks` in the columns that rollups are made of. */
export type Click = Record<ClickDimension, number | null> & {
  id: number
  linkNo: number
  workspaceNo: number
  at: number
  verdict: number
  firsts: number
}

export const CLICK_COLUMNS = `id, link_no AS linkNo, workspace_no AS workspaceNo, at, verdict, firsts,
  ${CLICK_DIMENSIONS.join()}`
