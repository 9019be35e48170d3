import type { PageDoubt } from './page-kind'
import type { FetchState } from './page-source'
import type { Verdict } from './verdict'

/** A verdict as clients read it: what it is called, and what it means for them. */
export const VERDICT_WORDS: Readonly<Record<Verdict, { title: string; meaning: string }>> = {
  live: {
    title: 'Live',
    meaning:
      'The link is there, and nothing keeps search engines from following it or listing the page.',
  },
  live_nofollow: {
    title: 'Live, not followed',
    meaning: 'The link is there for readers, but search engines are asked not to follow it.',
  },
  live_not_indexable: {
    title: 'Live, page not listed',
    meaning: 'The link is there, but search engines are kept from listing the page it is on.',
  },
  missing: {
    title: 'No link',
    meaning: 'The whole page was read, and no link on it leads to the domain.',
  },
  page_gone: { title: 'Page gone', meaning: 'The site says that this page does not exist.' },
  unknown: {
    title: 'Not known',
    meaning: 'The truth could not be seen from here. This is no sign that the link is lost.',
  },
}

type TypedReason =
  | Exclude<FetchState, 'ok' | 'redirected' | 'timeout' | 'unreachable' | 'ssrf_refused'>
  | PageDoubt

const REASON_WORDS = {
  not_modified: 'The page has not changed since it was read before.',
  client_error: 'The page answered with an error.',
  gone: 'The page was taken down for good.',
  server_error: 'The server of the page is failing.',
  dns: 'The host name does not resolve.',
  nxdomain: 'There is no host of this name.',
  tls: 'The certificate of the site is not valid, so browsers warn of it.',
  not_fetched: 'The page was not asked for.',
  blocked_bot: 'The site keeps automatic visitors out. Open the page in a browser to see.',
  rate_limited: 'The site asked us to come back later.',
  too_large: 'The page is larger than is read; what lies beyond was not seen.',
  not_html: 'The address leads to a file that is no web page.',
  bot_wall: 'A check for human visitors stood in front of the page. Open it in a browser to see.',
  soft_404: 'The page says that it was not found, although its status is 200.',
  parked: 'The domain is parked or for sale.',
  js_required: 'The page is empty until scripts run, which a check does not do.',
  login_required: 'The page asks visitors to sign in.',
  empty_body: 'The page is empty.',
  not_reached: 'The host did not answer, or may not be asked.',
  budget_spent: 'One check makes at most 60 requests. Check this page again with fewer others.',
  invalid_url: 'This is no address of a web page: it should begin with https:// or http://.',
  check_failed: 'The check failed on our side. Try this page again.',
  bad_encoding: 'The page was sent in a form that cannot be read.',
  location_missing: 'The page redirects without saying where to.',
  location_invalid: 'The page redirects to what is no web address.',
  redirect_loop: 'The page redirects in a circle.',
  too_many_redirects: 'The page redirects more than ten times.',
  robots_unreachable: 'The robots.txt of the site fails, which forbids to ask for its pages.',
  robots_disallowed_us: 'The robots.txt of the site does not allow this check to read the page.',
  redirector_not_followed:
    'A link that may lead to the domain by a redirect could not be followed.',
  redirect_follow_unknown: 'The link redirects in a way that search engines may not follow.',
  noindex: 'The page asks search engines not to list it (noindex).',
  robots_blocked_google: 'The robots.txt of the site keeps Google out of the page.',
  canonical_other_site: 'The page names a page of another site as the original (canonical).',
  canonical_other: 'The page names another page of its site as the original (canonical).',
  canonical_without_link: 'The page that is named as the original does not have the link.',
  canonical_not_checked: 'The page that is named as the original could not be seen.',
  canonical_in_body: 'A canonical stands in the body of the page, where it counts for nothing.',
  canonical_conflict: 'The page names several originals that differ (canonical).',
  canonical_broken: 'The page that is named as the original is missing or not to be listed.',
  page_nofollow: 'The page asks search engines not to follow any of its links.',
  target_broken: 'The address that the link leads to answers with an error.',
  page_moved: 'The page has moved; what is said here is said of its new address.',
  moved_to_other_site: 'It moved to another site.',
  moved_to_home: 'It moved to the start page of the site.',
  moved_to_http: 'It moved from https to http.',
  link_in_noscript: 'The domain is named only for browsers without scripts.',
  in_iframe: 'The domain is shown in a frame, which is no link of this page.',
  robots_meta_in_body: 'A meta tag for robots stands in the body of the page.',
  link_hidden: 'The link is hidden from readers by its own style.',
  soft_404_not_checked:
    'Whether the site answers the same for pages that do not exist is not known.',
} as const satisfies Record<TypedReason, string> & Record<string, string>

/** What a verdict may rest on. */
export type Reason = keyof typeof REASON_WORDS | FetchState

/** All reasons that a person can be told. */
export const REASONS = Object.keys(REASON_WORDS)

/** A reason of a check as a sentence; one without words of its own stays as it is. */
export const wordsOf = (reason: string): string =>
  (REASON_WORDS as Readonly<Record<string, string>>)[reason] ?? reason

/** What the `rel` of a link comes to, with the caution that search engines ask for. */
export const LINK_TYPE_WORDS = {
  dofollow: 'no qualifying attribute (search engines treat these as hints)',
  nofollow: 'not to be followed',
  ugc: 'written by a user of the site',
  sponsored: 'paid for',
} as const

/** Where on its page a link stands. */
export const REGION_WORDS = {
  nav: 'in the navigation',
  header: 'in the head of the page',
  footer: 'in the footer',
  aside: 'in a side column',
  main: 'in the main part',
  body: 'in the page',
} as const

/** All of it, for pages that put backlinks into words by themselves. */
export const BACKLINK_WORDS = {
  ...{ verdicts: VERDICT_WORDS, reasons: REASON_WORDS },
  ...{ linkTypes: LINK_TYPE_WORDS, regions: REGION_WORDS },
}
