import type { RobotsVerdict } from '../../core/robots'
import type { RobotsDirectives } from '../../core/robots-directives'
import type { Canonical } from './canonical'
import type { LinkEvidence } from './link-evidence'
import type { PageDoubt } from './page-kind'
import type { FetchState } from './page-source'
import type { TargetPage } from './target-side'
import type { Reason } from './wording'

export const VERDICTS = [
  ...(['live', 'live_nofollow', 'live_not_indexable', 'missing', 'page_gone', 'unknown'] as const),
] as const
export type Verdict = (typeof VERDICTS)[number]

/** What became of the page that another names as canonical; `unseen` when nobody looked. */
export type CanonicalPage = 'links' | 'absent' | 'broken' | 'unseen'

/** All that a verdict rests on. */
export type Seen = {
  fetch: FetchState
  status: number | null
  /** Why the page could not be read, or not be followed to its end. */
  reason: Reason | null
  /** Whether a 2xx page was read as HTML, wholly or in part. */
  read: boolean
  complete: boolean
  doubt: PageDoubt | null
  /** The one that counts first. */
  links: readonly LinkEvidence[]
  /** Whether a link may lead to the target in a way that we must not follow. */
  hiddenRedirector: boolean
  directives: RobotsDirectives
  /** What robots.txt says to Googlebot; null when it was not read. */
  google: RobotsVerdict | null
  canonical: Canonical
  canonicalPage: CanonicalPage
  /** What answers where the first link leads; null without one. */
  targetPage: TargetPage | null
  /** What is worth saying and changes nothing. */
  notes: readonly Reason[]
}

export type Judgement = {
  verdict: Verdict
  /** Null when it could not be known. */
  present: boolean | null
  linkFollow: boolean | null
  pageFollow: boolean | null
  effectiveFollow: boolean | null
  crawlable: boolean | null
  indexable: boolean
  /** Present, followed and indexable. */
  counts: boolean
  reasons: Reason[]
}

/** A link is missing only where a whole, real page was read and had none; else nobody knows. */
function presenceOf(seen: Seen): boolean | null {
  const [primary] = seen.links
  if (primary) return true
  const isCertain =
    seen.read &&
    seen.complete &&
    seen.doubt === null &&
    seen.reason === null &&
    !seen.hiddenRedirector
  return isCertain ? false : null
}

/** What keeps the page out of an index. */
function indexReasons({ directives, google, canonical, canonicalPage }: Seen): Reason[] {
  const reasons: Reason[] = []
  if (directives.noindex) reasons.push('noindex')
  if (google && !google.allowed) reasons.push('robots_blocked_google')
  if (canonical.state === 'other_site') reasons.push('canonical_other_site')
  if (canonical.state === 'other_page' && canonicalPage === 'absent') {
    reasons.push('canonical_without_link')
  }
  if (canonical.state === 'other_page' && canonicalPage === 'unseen') {
    reasons.push('canonical_not_checked')
  }
  return reasons
}

/** What is said of a canonical and keeps nothing out: it is a hint, and a broken one is none. */
function canonicalNotes({ canonical, canonicalPage }: Seen): Reason[] {
  const notes: Reason[] = []
  if (canonical.ignoredInBody) notes.push('canonical_in_body')
  if (canonical.state === 'conflict') notes.push('canonical_conflict')
  if (canonical.state === 'other_page') notes.push('canonical_other')
  if (canonical.state === 'other_page' && canonicalPage === 'broken') notes.push('canonical_broken')
  return notes
}

function verdictOf(seen: Seen, rest: Omit<Judgement, 'verdict' | 'reasons' | 'counts'>): Verdict {
  if (seen.fetch === 'gone' || seen.status === 404) return 'page_gone'
  if (seen.reason !== null || seen.doubt !== null || rest.present === null) return 'unknown'
  if (!rest.present) return 'missing'
  if (rest.effectiveFollow === null) return 'unknown'
  if (!rest.effectiveFollow) return 'live_nofollow'
  return rest.indexable ? 'live' : 'live_not_indexable'
}

const FETCHED: readonly FetchState[] = ['ok', 'redirected']

/** The one verdict of everything that was seen, with the reasons for it. */
export function judge(seen: Seen): Judgement {
  const present = presenceOf(seen)
  const linkFollow = seen.links[0]?.follow ?? null
  const pageFollow = seen.read ? !seen.directives.nofollow : null
  const effectiveFollow =
    linkFollow === null || pageFollow === null ? null : linkFollow && pageFollow
  const outOfIndex = seen.read ? indexReasons(seen) : []
  const indexable = seen.read && seen.doubt === null && outOfIndex.length === 0
  const crawlable = seen.google?.allowed ?? null
  const rest = { present, linkFollow, pageFollow, effectiveFollow, crawlable, indexable }
  const reasons: (Reason | false | null)[] = [
    !FETCHED.includes(seen.fetch) && seen.fetch,
    seen.reason,
    seen.doubt,
    seen.hiddenRedirector && present === null && 'redirector_not_followed',
    present === true && linkFollow === null && 'redirect_follow_unknown',
    ...outOfIndex,
    ...(seen.read ? canonicalNotes(seen) : []),
    seen.directives.nofollow && 'page_nofollow',
    seen.targetPage?.broken === true && 'target_broken',
    ...seen.notes,
  ]
  return {
    ...rest,
    verdict: verdictOf(seen, rest),
    counts: present === true && effectiveFollow === true && indexable && seen.doubt === null,
    reasons: [...new Set(reasons)].filter((reason) => reason !== null && reason !== false),
  }
}
