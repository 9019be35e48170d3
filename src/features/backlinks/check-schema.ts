import { z } from 'zod'
import { toIso } from '../../core/clock'
import type { Check } from './checker'
import type { LinkEvidence } from './link-evidence'
import { REGIONS } from './page-facts'
import { VERDICTS } from './verdict'

/** Most pages of one public check. */
export const CHECK_URLS_MAX = 25

export const CheckBacklinks = z.object({
  domain: z
    .string()
    .min(1)
    .max(2048)
    .describe('The domain that is linked to; hosts below it count.')
    .meta({ examples: ['example.com'] }),
  urls: z
    .array(z.string().min(1).max(2048))
    .min(1)
    .max(CHECK_URLS_MAX)
    .describe('Pages that should have the link.')
    .meta({ examples: [['https://directory.example/listing']] }),
})

export const CheckQuery = z.object({
  format: z
    .enum(['json', 'csv'], { error: 'must be json or csv' })
    .optional()
    .describe('CSV also by `Accept: text/csv`.'),
})

export const LINK_TYPES = ['dofollow', 'nofollow', 'ugc', 'sponsored'] as const

const RedirectHop = z.object({
  url: z.string(),
  status: z.int(),
  location: z.string(),
  kind: z.enum(['301', '302', '303', '307', '308', 'other', 'meta', 'http-refresh']),
})

const CheckResult = z
  .object({
    url: z.string(),
    finalUrl: z.string(),
    redirectChain: z.array(RedirectHop),
    httpStatus: z.int().nullable().describe('Null without an answer.'),
    domainFound: z.boolean().describe('Named anywhere on the page, as a link or not.'),
    hasLink: z.boolean(),
    linkType: z.enum(LINK_TYPES).nullable(),
    targetUrl: z.string().nullable(),
    anchorText: z.string().nullable(),
    relAttributes: z.array(z.string()),
    canonicalUrl: z.string().nullable(),
    robotsDirectives: z.array(z.string()),
    indexable: z.boolean(),
    verdict: z.enum(VERDICTS).describe('`unknown` where the truth could not be seen.'),
    reasons: z.array(z.string()),
    pageFollow: z.boolean().nullable(),
    effectiveFollow: z.boolean().nullable().describe('The link and its page are both followed.'),
    linkCount: z.int(),
    targetStatus: z.int().nullable().describe('What answers where the link leads, if it was seen.'),
    region: z.enum(REGIONS).nullable().describe('The part of the page that holds the link.'),
    hidden: z
      .boolean()
      .describe('By its own or an outer `hidden` or inline style; style sheets are not evaluated.'),
    contextBefore: z.string().nullable().describe('At most 80 characters in front of the link.'),
    contextAfter: z.string().nullable().describe('At most 80 characters behind it.'),
    checkedAt: z.iso.datetime(),
  })
  .meta({ id: 'BacklinkCheckResult' })

const count = (about: string) => z.int().describe(about)

export const BacklinkChecks = z
  .object({
    domain: z.string(),
    checked: z.int(),
    summary: z.object({
      alive: count('Pages that answered 2xx.'),
      dead: count('All others.'),
      withLink: count('Pages with a link to the domain.'),
      dofollow: count('Links without nofollow, ugc or sponsored.'),
      indexable: count('Pages that search engines may list.'),
      redirected: count('Pages that were reached by a redirect.'),
    }),
    results: z.array(CheckResult),
  })
  .meta({ id: 'BacklinkChecks' })

export type CheckResult = z.infer<typeof CheckResult>
export type BacklinkChecks = z.infer<typeof BacklinkChecks>

/** What was asked about, beside what was found, or why nothing was. */
export type CheckedUrl = { url: string; checkedAt: number } & (
  | { check: Check }
  | { check: null; reason: 'invalid_url' | 'check_failed' }
)

// Blocked, closed and silent hosts read the same, so that nobody scans networks through us.
const NOT_REACHED = /^(ssrf_refused|timeout|unreachable)$/

/** A state or reason as strangers may see it. */
export const publicReason = (reason: string): string =>
  NOT_REACHED.test(reason) ? 'not_reached' : reason

/** What a link is called by its `rel`; null without a link, and where it cannot be known. */
export function linkTypeOf(check: Check): (typeof LINK_TYPES)[number] | null {
  const [link] = check.links
  if (!link || link.follow === null) return null
  if (link.follow) return 'dofollow'
  return LINK_TYPES.find((type) => link.rel.includes(type)) ?? 'nofollow'
}

const NO_PLACE = {
  ...{ targetStatus: null, region: null, hidden: false, contextBefore: null, contextAfter: null },
}

const unchecked = (url: string, reason: string, checkedAt: number): CheckResult => ({
  ...{ url, finalUrl: url, redirectChain: [], httpStatus: null, domainFound: false },
  ...{ hasLink: false, linkType: null, targetUrl: null, anchorText: null, relAttributes: [] },
  ...{ canonicalUrl: null, robotsDirectives: [], indexable: false, verdict: 'unknown' },
  ...{ reasons: [reason], pageFollow: null, effectiveFollow: null, linkCount: 0 },
  ...NO_PLACE,
  checkedAt: toIso(checkedAt),
})

const placeOf = ({ targetPage }: Check, { region, hidden, before, after }: LinkEvidence) => ({
  ...{ targetStatus: targetPage?.status ?? null, region, hidden },
  ...{ contextBefore: before, contextAfter: after },
})

/** A page of a public check on the wire. */
export function toCheckResult(checked: CheckedUrl): CheckResult {
  const { url, check, checkedAt } = checked
  if (check === null) return unchecked(url, checked.reason, checkedAt)
  const [link] = check.links
  return {
    url,
    ...{ finalUrl: check.finalUrl, redirectChain: check.chain, httpStatus: check.status },
    ...{ domainFound: check.mentioned, hasLink: link !== undefined, linkType: linkTypeOf(check) },
    ...{ targetUrl: link?.url ?? null, anchorText: link?.anchor ?? null },
    ...{ relAttributes: link?.rel ?? [], canonicalUrl: check.canonical.url },
    ...{ robotsDirectives: check.directives.applied, indexable: check.indexable },
    ...{ verdict: check.verdict, reasons: [...new Set(check.reasons.map(publicReason))] },
    ...{ pageFollow: check.pageFollow, effectiveFollow: check.effectiveFollow },
    linkCount: check.links.length,
    ...(link ? placeOf(check, link) : NO_PLACE),
    checkedAt: toIso(checkedAt),
  }
}

/** The answer of a public check, in the order of the question. */
export function toBacklinkChecks(domain: string, checked: readonly CheckedUrl[]): BacklinkChecks {
  const results = checked.map(toCheckResult)
  const countOf = (holds: (result: CheckResult) => boolean): number => results.filter(holds).length
  const isAlive = ({ httpStatus }: CheckResult): boolean =>
    httpStatus !== null && httpStatus >= 200 && httpStatus < 300
  return {
    domain,
    checked: results.length,
    summary: {
      alive: countOf(isAlive),
      dead: countOf((result) => !isAlive(result)),
      withLink: countOf(({ hasLink }) => hasLink),
      dofollow: countOf(({ linkType }) => linkType === 'dofollow'),
      indexable: countOf(({ indexable }) => indexable),
      redirected: countOf(({ redirectChain }) => redirectChain.length > 0),
    },
    results,
  }
}
