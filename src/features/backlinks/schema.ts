import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import type { ErrorCode } from '../../core/errors'
import { URL_LENGTH_MAX } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { LINK_TYPES, linkTypeOf, publicReason } from './check-schema'
import { Evidence, toEvidence } from './evidence-schema'
import {
  BACKLINK_ISSUES,
  BACKLINK_ORIGINS,
  BACKLINK_STATES,
  BACKLINK_TURNS,
  type BacklinkCheckRow,
  type BacklinkRow,
} from './table'
import { VERDICTS } from './verdict'

/** Most pages of one call. */
const URLS_MAX = 100

const oneOf = <T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` })

export const ListBacklinks = pageQuery().extend({
  project_id: z.string().max(200).optional(),
  site_id: z.string().max(200).optional(),
  verdict: oneOf(VERDICTS).optional().describe('Of the last check.'),
  state: oneOf(BACKLINK_STATES).optional(),
  issue: oneOf(BACKLINK_ISSUES).optional().describe('What somebody has to look at.'),
  q: z.string().max(200).optional().describe('Part of the URL, in any case.'),
})
export type ListBacklinks = z.infer<typeof ListBacklinks>

export const WatchBacklinks = z
  .object({
    project_id: z
      .string({ error: 'is required: the project that the pages link to' })
      .min(1)
      .max(200)
      .meta({ examples: ['proj_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    urls: z
      .array(z.string().max(URL_LENGTH_MAX * 2))
      .min(1)
      .max(URLS_MAX)
      .describe('Pages elsewhere that link, or should link, to the project.')
      .meta({ examples: [['https://directory.example/listing']] }),
  })
  .meta({ id: 'WatchBacklinks' })
export type WatchBacklinks = z.infer<typeof WatchBacklinks>

/** Which file of evidence is asked for. */
export const ExportBacklinks = z.object({
  project_id: z.string().max(200).optional().describe('All projects when it is left out.'),
})
export type ExportBacklinks = z.infer<typeof ExportBacklinks>

export const EvidenceFile = z
  .string()
  .describe('One line per backlink. Text that spreadsheets would run begins with an apostrophe.')

const time = (about: string) => Timestamp.nullable().describe(about)

export const Backlink = z
  .object({
    id: z.string().meta({ examples: ['bl_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    project_id: z.string(),
    site_id: z.string().nullable(),
    url: z.string(),
    origin: z.enum(BACKLINK_ORIGINS),
    state: z
      .enum(BACKLINK_STATES)
      .describe('`suspect` is a miss that waits to be confirmed, `new` one that was never seen.'),
    verdict: z.enum(VERDICTS).nullable().describe('Of the last check; null before the first.'),
    issue: z.enum(BACKLINK_ISSUES).nullable().describe('Open until a check sees that it is over.'),
    reasons: z.array(z.string()),
    http_status: z.int().nullable(),
    final_url: z.string().nullable(),
    link_type: z.enum(LINK_TYPES).nullable(),
    target_url: z.string().nullable(),
    anchor_text: z.string().nullable(),
    rel: z.array(z.string()),
    indexable: z.boolean().nullable(),
    effective_follow: z.boolean().nullable(),
    first_seen_at: time('When the link was seen first.'),
    last_seen_at: time('When the link was seen last.'),
    lost_at: time('When its loss was confirmed.'),
    unknown_since: time('Since when nobody could see whether it is there.'),
    unverifiable_since: time('When that had lasted for 14 days.'),
    checked_at: time('Null before the first check.'),
    next_check_at: Timestamp,
    created_at: Timestamp,
  })
  .meta({ id: 'Backlink' })
export type Backlink = z.infer<typeof Backlink>

const CheckOfBacklink = z.object({
  checked_at: Timestamp,
  state_before: z.enum(BACKLINK_STATES),
  state_after: z.enum(BACKLINK_STATES),
  turn: z.enum(BACKLINK_TURNS).nullable().describe('What it made of the backlink.'),
  verdict: z.enum(VERDICTS),
  http_status: z.int().nullable().describe('304 where the page was as before.'),
  fetch: z.string(),
  reasons: z.array(z.string()),
  body_sha256: z.string().nullable(),
  changes: z.array(
    z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
  ),
  evidence: Evidence.nullable().describe('Null where it is as in the check before.'),
})

export const BacklinkWithHistory = Backlink.extend({
  evidence: Evidence.nullable().describe('Of the last check that could see.'),
  history: z.array(CheckOfBacklink).describe('Newest first, at most a hundred.'),
}).meta({ id: 'BacklinkWithHistory' })

export const WATCH_RESULTS = ['created', 'existing', 'failed'] as const

/** What became of one URL. */
export type Watched = {
  url: string
  result: (typeof WATCH_RESULTS)[number]
  id: string | null
  code: ErrorCode | null
  message: string | null
}

export const WatchedBacklinks = dataOf(
  z
    .object({
      created: z.int(),
      existing: z.int(),
      failed: z.int(),
      results: z
        .array(
          z.object({
            url: z.string(),
            result: z.enum(WATCH_RESULTS),
            id: z.string().nullable(),
            code: z.string().nullable(),
            message: z.string().nullable(),
          }),
        )
        .describe('In the order of the request.'),
    })
    .meta({ id: 'WatchedBacklinks' }),
)

export const OneBacklink = dataOf(Backlink)
export const OneBacklinkWithHistory = dataOf(BacklinkWithHistory)
export const BacklinkList = pageOf(Backlink)

/** The only way in which a backlink becomes JSON. */
export function toBacklink(row: BacklinkRow): Backlink {
  const { evidence } = row
  const link = evidence?.links[0]
  return {
    ...{ id: row.id, project_id: row.projectId, site_id: row.siteId, url: row.url },
    ...{ origin: row.origin, state: row.state, verdict: row.verdict, issue: row.issue },
    reasons: publicReasons(row.reasons),
    ...{ http_status: evidence?.status ?? null, final_url: evidence?.finalUrl ?? null },
    ...{ link_type: evidence ? linkTypeOf(evidence) : null, target_url: link?.url ?? null },
    ...{ anchor_text: link?.anchor ?? null, rel: link?.rel ?? [] },
    ...{ indexable: evidence?.indexable ?? null },
    ...{ effective_follow: evidence?.effectiveFollow ?? null },
    ...{ first_seen_at: toIsoOrNull(row.firstSeenAt), last_seen_at: toIsoOrNull(row.lastSeenAt) },
    ...{ lost_at: toIsoOrNull(row.lostAt), unknown_since: toIsoOrNull(row.unknownSince) },
    ...{ unverifiable_since: toIsoOrNull(row.unverifiableAt) },
    ...{ checked_at: toIsoOrNull(row.checkedAt), next_check_at: toIso(row.nextCheckAt) },
    created_at: toIso(row.createdAt),
  }
}

const publicReasons = (reasons: readonly string[]): string[] => [
  ...new Set(reasons.map(publicReason)),
]

const toCheck = (row: BacklinkCheckRow): z.infer<typeof CheckOfBacklink> => ({
  ...{ checked_at: toIso(row.checkedAt), state_before: row.stateBefore },
  ...{ state_after: row.stateAfter, turn: row.turn, verdict: row.verdict },
  ...{ http_status: row.status, fetch: publicReason(row.fetch) },
  ...{ reasons: publicReasons(row.reasons), body_sha256: row.bodySha256, changes: row.changes },
  evidence: row.evidence && toEvidence(row.evidence),
})

export const toBacklinkWithHistory = (
  row: BacklinkRow,
  history: readonly BacklinkCheckRow[],
): z.infer<typeof BacklinkWithHistory> => ({
  ...toBacklink(row),
  evidence: row.evidence && toEvidence(row.evidence),
  history: history.map(toCheck),
})

export function toWatchedBacklinks(results: Watched[]) {
  const countOf = (name: Watched['result']) =>
    results.filter(({ result }) => result === name).length
  const [created, existing, failed] = WATCH_RESULTS.map(countOf)
  return { created: created ?? 0, existing: existing ?? 0, failed: failed ?? 0, results }
}
