import {
  finding,
  findingsOf,
  htmlPages,
  inlinks,
  type ScannedPage,
  type SiteView,
} from '../site-view'
import type { Check } from './check'
import { byAnswer, byPage, byProbe, bySite, isGone } from './proof'

const answered = (site: SiteView, evidenceOf: (page: ScannedPage) => string | undefined) =>
  [...site.pages.values()].flatMap((page) => {
    const evidence = evidenceOf(page)
    return evidence === undefined ? [] : [finding(site, page.url, evidence)]
  })

/** The addresses that one leads through, itself first; and whether they come round again. */
export function redirectChain(site: SiteView, url: string): { hops: string[]; loops: boolean } {
  const hops = [url]
  for (let page = site.pages.get(url); page?.redirect; page = site.pages.get(page.redirect.to)) {
    const { to } = page.redirect
    if (hops.includes(to)) return { hops: [...hops, to], loops: true }
    hops.push(to)
  }
  return { hops, loops: false }
}

/** Answers that say nothing of whether the page exists: a wall, or a pause. */
const UNDECIDED: readonly number[] = [401, 403, 406, 407, 429, 503]

export const pathChecks = {
  internal_broken: {
    group: 'paths',
    provenBy: byAnswer,
    severity: 'critical',
    effort: 'M',
    title: 'Links lead to pages that do not exist',
    why: 'Visitors and search engines end there.',
    howToFix: 'Change the links, or let the addresses lead to where the content is now.',
    find: (site) =>
      answered(site, ({ url, status }) => {
        const isBroken =
          status !== null && status >= 400 && status < 500 && !UNDECIDED.includes(status)
        return isBroken && inlinks(site, url).length > 0 ? String(status) : undefined
      }),
  },
  server_error: {
    group: 'paths',
    provenBy: byPage,
    severity: 'critical',
    effort: 'M',
    title: 'Pages fail on the server',
    why: 'A page that fails is neither seen nor indexed.',
    howToFix: 'Look into the log of the server for these addresses.',
    find: (site) =>
      answered(site, ({ status }) =>
        status !== null && status >= 500 && status !== 503 ? String(status) : undefined,
      ),
  },
  no_answer: {
    group: 'paths',
    provenBy: byPage,
    severity: 'warning',
    effort: 'M',
    title: 'Pages do not answer in time',
    why: 'Who waits long goes away, and crawlers give up.',
    howToFix: 'Find out why these pages are slow or cut off.',
    find: (site) =>
      answered(site, ({ status, failure }) =>
        status === null && (failure === 'timeout' || failure === 'reset') ? failure : undefined,
      ),
  },
  redirect_chain: {
    group: 'paths',
    provenBy: bySite,
    severity: 'note',
    effort: 'S',
    title: 'Addresses move more than once',
    why: 'Each step costs time, and after some of them crawlers stop.',
    howToFix: 'Let each address lead straight to the last one.',
    find: (site) =>
      answered(site, ({ url, redirect }) => {
        if (!redirect) return undefined
        const { hops, loops } = redirectChain(site, url)
        return !loops && hops.length > 2 ? hops.join(' → ') : undefined
      }),
  },
  redirect_loop: {
    group: 'paths',
    provenBy: bySite,
    severity: 'critical',
    effort: 'S',
    title: 'Addresses lead round in a circle',
    why: 'No page is ever reached.',
    howToFix: 'Remove one of the redirects.',
    find: (site) =>
      answered(site, ({ url, redirect }) => {
        if (!redirect) return undefined
        const { hops, loops } = redirectChain(site, url)
        return loops ? hops.join(' → ') : undefined
      }),
  },
  temporary_redirect: {
    group: 'paths',
    provenBy: bySite,
    severity: 'note',
    effort: 'S',
    title: 'Links go through temporary redirects',
    why: 'A move that is said to be temporary may keep the old address in results.',
    howToFix: 'Answer 301 or 308 where the move is to stay, and change the links.',
    find: (site) =>
      answered(site, ({ url, redirect, status }) =>
        redirect?.kind === 'temporary' && inlinks(site, url).length > 0
          ? `${status} to ${redirect.to}`
          : undefined,
      ),
  },
  external_broken: {
    group: 'paths',
    provenBy: byProbe,
    severity: 'warning',
    effort: 'S',
    title: 'Links lead to pages of other sites that are gone',
    why: 'Who follows them finds nothing there.',
    howToFix: 'Change the links to where the content is now, or remove them.',
    find: (site) =>
      [...site.probes].flatMap(([url, probe]) =>
        probe.kind === 'link' && isGone(probe)
          ? [finding(site, url, String(probe.status ?? 'no such host'))]
          : [],
      ),
  },
  http_links: {
    group: 'paths',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Pages of https link to http',
    why: 'The way over http costs a redirect and can be read by others.',
    howToFix: 'Write the links with https.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ url, facts }) => {
        const { hostname } = new URL(url)
        const old = facts.links.find((link) => link.url.startsWith(`http://${hostname}/`))
        return url.startsWith('https:') ? old?.url : undefined
      }),
  },
} satisfies Record<string, Check>
