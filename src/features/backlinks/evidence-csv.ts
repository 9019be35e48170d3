import { toIso } from '../../core/clock'
import { csvLine } from '../../core/csv'
import { type CheckedUrl, publicReason } from './check-schema'
import { CHECKER_VERSION, type Check } from './checker'

type Cell = string | number | boolean | null

/** The columns of the evidence, and what each says of a check. */
const COLUMNS: Record<string, (check: Check) => Cell> = {
  final_url: (check) => check.finalUrl,
  redirect_chain: (check) =>
    check.chain.map(({ url, kind, location }) => `${url} ${kind} ${location}`).join(' | '),
  http_status: (check) => check.status,
  fetch: (check) => publicReason(check.fetch),
  present: (check) => check.present,
  match_level: (check) => check.links[0]?.level ?? null,
  href_found: (check) => check.links[0]?.href ?? null,
  rel: (check) => check.links[0]?.rel.join(' ') ?? null,
  link_follow: (check) => check.linkFollow,
  page_follow: (check) => check.pageFollow,
  effective_follow: (check) => check.effectiveFollow,
  anchor: (check) => check.links[0]?.anchor ?? null,
  anchor_kind: (check) => check.links[0]?.anchorKind ?? null,
  canonical: (check) => check.canonical.url,
  meta_robots: (check) => check.directives.applied.join(', '),
  x_robots_tag: (check) => check.xRobotsTags.join(' | '),
  robots_verdict: (check) =>
    check.robotsGoogle === null ? null : check.robotsGoogle.allowed ? 'allowed' : 'disallowed',
  robots_rule: (check) => check.robotsGoogle?.rule ?? null,
  indexable: (check) => check.indexable,
  reasons: (check) => [...new Set(check.reasons.map(publicReason))].join(' '),
  target_status: (check) => check.targetPage?.status ?? null,
  body_sha256: (check) => check.bodySha256,
}

/** What stands in front of the columns of a line, and behind them. */
type Marks = {
  linkId: string | null
  url: string
  /** Null where nobody has looked yet. */
  checkedAt: number | null
  checkerVersion: string
  userAgent: string
}

const HEADING = [
  ...['link_id', 'checked_at', 'source_url', ...Object.keys(COLUMNS)],
  ...['checker_version', 'user_agent', 'evidence_type'],
]

/** The names of the columns, and of those that stand behind them. */
export const evidenceHeading = (...more: readonly string[]): string =>
  csvLine([...HEADING, ...more])

/** A check as evidence, or that there is none: RFC 4180, UTF-8. */
export function evidenceLine(
  check: Check | null,
  marks: Marks,
  more: readonly Cell[] = [],
): string {
  const { linkId, url, checkedAt, checkerVersion, userAgent } = marks
  const cells = Object.values(COLUMNS).map((cell) => (check === null ? null : cell(check)))
  const at = checkedAt === null ? null : toIso(checkedAt)
  return csvLine([linkId, at, url, ...cells, checkerVersion, userAgent, 'automatic', ...more])
}

/** Checks as a file, one line each below the names of the columns. */
export function evidenceCsv(checked: readonly CheckedUrl[], userAgent: string): string {
  const marks = { linkId: null, checkerVersion: CHECKER_VERSION, userAgent }
  const lines = checked.map(({ url, check, checkedAt }) =>
    evidenceLine(check, { ...marks, url, checkedAt }),
  )
  return evidenceHeading() + lines.join('')
}
