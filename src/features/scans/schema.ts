import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { type ActionStatus, statusOf } from './actions'
import { CHECKS, type CheckKey } from './checks/catalogue'
import { CHECK_GROUPS, SEVERITIES } from './checks/check'
import { kindOf, type ListedPage, PAGE_KINDS } from './page-list'
import { sentenceOf } from './reasons'
import { type ActionRow, SCAN_STATUSES, type ScanRow } from './table'

const CHECK_KEYS = Object.keys(CHECKS) as [CheckKey, ...CheckKey[]]
export const ACTION_STATUSES = ['open', 'regressed', 'ignored', 'done'] as const

export const ScanParams = z.object({
  id: z.string().min(1).max(200),
  scanId: z.string().min(1).max(200),
})
export const ActionParams = z.object({
  id: z.string().min(1).max(200),
  actionId: z.string().min(1).max(200),
})

const Changed = z.object({
  count: z.int(),
  sample: z.array(z.string()).describe('Up to ten of the addresses.'),
})

const Checks = z.array(z.string()).describe('Keys of checks.')

const Diff = z.object({
  comparedTo: z
    .string()
    .nullable()
    .describe('The last scan with the same limit that ended the same way; null where none is.'),
  pages: z.object({ added: Changed, gone: Changed, changed: Changed }).nullable(),
  actions: z.object({ opened: Checks, fixed: Checks, regressed: Checks }),
})

export const Scan = z
  .object({
    id: z.string().meta({ examples: ['scan_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    projectId: z.string(),
    status: z.enum(SCAN_STATUSES),
    reason: z
      .string()
      .nullable()
      .describe('Why it ended early: `max_pages`, `robots`, `redirects_to:other.example`, …')
      .meta({ examples: ['max_pages'] }),
    message: z.string().nullable().describe('The reason as a sentence for clients.'),
    startUrl: z.string().describe('Where the website begins, once that was found out.'),
    pagesMax: z.int().describe('Pages that the plan allows.'),
    pagesFetched: z.int().describe('Never falls.'),
    pagesKnown: z.int().describe('Addresses that were found, redirects among them.'),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    updatedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    nextScanAt: Timestamp.nullable().describe('When the website is looked at again.'),
    diff: Diff.nullable().describe('What this scan changed; null until it has ended.'),
  })
  .meta({ id: 'Scan' })
export type Scan = z.infer<typeof Scan>
export const OneScan = dataOf(Scan)

export const ListPages = pageQuery()
  .omit({ offset: true })
  .extend({
    scanId: z.string().max(200).optional().describe('The last scan that ended, by default.'),
    kind: z.enum(PAGE_KINDS, { error: `must be one of ${PAGE_KINDS.join(', ')}` }).optional(),
    check: z
      .enum(CHECK_KEYS, { error: 'must be the key of a check, such as title_missing' })
      .optional()
      .describe('Pages at which this check found something.'),
    q: z.string().min(1).max(200).optional().describe('A part of the address.'),
  })
export type ListPages = z.infer<typeof ListPages>

export const ScanPage = z
  .object({
    url: z.string(),
    kind: z.enum(PAGE_KINDS),
    status: z.int().nullable().describe('Of the answer; null where none came or none was asked.'),
    failure: z
      .string()
      .nullable()
      .describe('Why there is nothing to judge: `robots`, `timeout`, …'),
    redirectTo: z.string().nullable(),
    depth: z.int().nullable().describe('Clicks from the start; null where no link leads there.'),
    inSitemap: z.boolean(),
    title: z.string().nullable(),
    words: z.int().nullable(),
    checks: z.array(z.string()).describe('Keys of the checks that found something there.'),
    fetchedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ScanPage' })
export type ScanPage = z.infer<typeof ScanPage>
export const ScanPageList = pageOf(ScanPage)

const choiceOf = <const T extends readonly [string, ...string[]]>(values: T, about: string) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? value.split(',') : value),
      z.array(z.enum(values, { error: `must be of ${values.join(', ')}` })).max(20),
    )
    .optional()
    .describe(about)

export const ListActions = pageQuery().extend({
  limit: pageQuery().shape.limit.unwrap().optional().describe('Every action without it.'),
  status: choiceOf(ACTION_STATUSES, 'One or more, joined by commas.'),
  severity: choiceOf(SEVERITIES, 'One or more, joined by commas.'),
  group: choiceOf(CHECK_GROUPS, 'One or more, joined by commas.'),
})
export type ListActions = z.infer<typeof ListActions>

export const UpdateAction = z
  .object({
    status: z
      .enum(['open', 'ignored', 'done'], { error: 'must be open, ignored or done' })
      .describe('`done` waits for the next scan to see it; `open` takes either back.'),
  })
  .meta({ id: 'UpdateAction' })
export type UpdateAction = z.infer<typeof UpdateAction>

export const Action = z
  .object({
    id: z.string().meta({ examples: ['act_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    key: z.enum(CHECK_KEYS).meta({ examples: ['internal_broken'] }),
    title: z.string(),
    why: z.string(),
    howToFix: z.string(),
    group: z.enum(CHECK_GROUPS),
    severity: z.enum(SEVERITIES),
    effort: z.enum(['S', 'M', 'L']).describe('Minutes, hours or days.'),
    status: z.enum(ACTION_STATUSES).describe('`done` once a later scan has seen it fixed.'),
    awaitingCheck: z
      .boolean()
      .describe('Somebody says that it is done; no scan has seen that yet.'),
    affectedCount: z.int().describe('Addresses at which it was found.'),
    sampleUrls: z.array(z.string()).describe('Up to five of them.'),
    samples: z
      .array(z.object({ url: z.string(), evidence: z.string(), foundOn: z.array(z.string()) }))
      .describe('The same with what shows it, and up to five pages that lead there.'),
    firstSeen: Timestamp,
    lastSeen: Timestamp,
    verifiedByScanId: z.string().nullable().describe('The scan that saw it fixed.'),
  })
  .meta({ id: 'Action' })
export type Action = z.infer<typeof Action>
export const OneAction = dataOf(Action)
export const ActionList = pageOf(Action)

/** The only way in which a scan becomes JSON. */
export const toScan = (row: ScanRow): Scan => ({
  ...{ id: row.id, projectId: row.projectId, status: row.status },
  ...{ reason: row.reason, message: sentenceOf(row), startUrl: row.startUrl },
  ...{ pagesMax: row.pagesMax, pagesFetched: row.pagesFetched, pagesKnown: row.pagesKnown },
  createdAt: toIso(row.createdAt),
  startedAt: toIsoOrNull(row.startedAt),
  updatedAt: toIso(row.updatedAt),
  finishedAt: toIsoOrNull(row.finishedAt),
  nextScanAt: toIsoOrNull(row.nextAt),
  diff: row.diff,
})

/** The only way in which a page becomes JSON. */
export const toScanPage = (row: ListedPage): ScanPage => ({
  ...{ url: row.url, kind: kindOf(row), status: row.status, failure: row.failure },
  ...{ redirectTo: row.redirect_to, depth: row.depth, inSitemap: row.in_sitemap === 1 },
  ...{ title: row.title, words: row.words },
  checks: row.checks?.split(',') ?? [],
  fetchedAt: toIsoOrNull(row.fetched_at),
})

/** An action of a check that this version knows. */
export type KnownAction = ActionRow & { check: CheckKey }

export const isKnown = (row: ActionRow): row is KnownAction => Object.hasOwn(CHECKS, row.check)

/** The only way in which an action becomes JSON. */
export function toAction(row: KnownAction): Action {
  const { title, why, howToFix, group, severity, effort } = CHECKS[row.check]
  const status: ActionStatus = statusOf(row)
  return {
    ...{ id: row.id, key: row.check, title, why, howToFix, group, severity, effort, status },
    awaitingCheck: row.markedDoneAt !== null,
    affectedCount: row.affected,
    sampleUrls: row.samples.map(({ url }) => url),
    samples: row.samples,
    firstSeen: toIso(row.firstSeenAt),
    lastSeen: toIso(row.lastSeenAt),
    verifiedByScanId: row.verifiedByScanId,
  }
}
