import { z } from 'zod'
import { toIso } from '../../core/clock'
import { Timestamp } from '../../http/schema'
import { publicReason } from './check-schema'
import type { Check } from './checker'

const EvidenceOfLink = z.object({
  url: z.string(),
  href: z.string().describe('As the page has it.'),
  match_level: z.string().describe('How near it comes to what is meant.'),
  rel: z.array(z.string()),
  follow: z.boolean().nullable(),
  anchor: z.string(),
  anchor_kind: z.string(),
  region: z.string(),
  hidden: z.boolean().describe('By its markup; style sheets are not evaluated.'),
  context_before: z.string().describe('At most 80 characters in front of it.'),
  context_after: z.string().describe('At most 80 characters behind it.'),
})

/** What a check saw of a page. */
export const Evidence = z
  .object({
    checked_at: Timestamp,
    present: z.boolean().nullable().describe('Null where it could not be seen.'),
    final_url: z.string(),
    redirect_chain: z.array(
      z.object({ url: z.string(), status: z.int(), location: z.string(), kind: z.string() }),
    ),
    http_status: z.int().nullable(),
    fetch: z.string(),
    title: z.string(),
    links: z.array(EvidenceOfLink).describe('The one that counts first.'),
    target_status: z.int().nullable().describe('What answers where the first one leads.'),
    link_follow: z.boolean().nullable(),
    page_follow: z.boolean().nullable(),
    effective_follow: z.boolean().nullable(),
    indexable: z.boolean(),
    canonical_url: z.string().nullable(),
    robots_directives: z.array(z.string()),
    x_robots_tags: z.array(z.string()),
    robots_allowed: z.boolean().nullable().describe('What robots.txt says to Googlebot.'),
    robots_rule: z.string().nullable(),
    body_sha256: z.string().nullable(),
    etag: z.string().nullable(),
    last_modified: z.string().nullable(),
  })
  .meta({ id: 'BacklinkEvidence' })

const toLink = (link: Check['links'][number]): z.infer<typeof EvidenceOfLink> => ({
  ...{ url: link.url, href: link.href, match_level: link.level, rel: link.rel },
  ...{ follow: link.follow, anchor: link.anchor, anchor_kind: link.anchorKind },
  ...{ region: link.region, hidden: link.hidden },
  ...{ context_before: link.before, context_after: link.after },
})

export const toEvidence = (check: Check): z.infer<typeof Evidence> => ({
  ...{ checked_at: toIso(check.checkedAt), present: check.present, final_url: check.finalUrl },
  ...{ redirect_chain: check.chain, http_status: check.status },
  ...{ fetch: publicReason(check.fetch), title: check.title, links: check.links.map(toLink) },
  target_status: check.targetPage?.status ?? null,
  ...{ link_follow: check.linkFollow, page_follow: check.pageFollow },
  ...{ effective_follow: check.effectiveFollow, indexable: check.indexable },
  ...{ canonical_url: check.canonical.url, robots_directives: check.directives.applied },
  ...{ x_robots_tags: check.xRobotsTags, robots_allowed: check.robotsGoogle?.allowed ?? null },
  ...{ robots_rule: check.robotsGoogle?.rule ?? null, body_sha256: check.bodySha256 },
  ...{ etag: check.etag, last_modified: check.lastModified },
})
