import { canonicalClusters } from '../canonical-clusters'
import { finding, findingsOf, htmlPages, indexablePages, inlinks, isNoindex } from '../site-view'
import type { Check } from './check'
import { byLinkedPage, byPage, bySite } from './proof'

export const DEPTH_MOST = 4
export const WORDS_LEAST = 100

export const structureChecks = {
  orphan: {
    group: 'structure',
    provenBy: bySite,
    severity: 'warning',
    effort: 'M',
    title: 'No link leads to pages of the sitemap',
    why: 'What nothing links to is rarely found and little trusted.',
    howToFix: 'Link to these pages from where their readers are.',
    find: (site) =>
      // While pages are unread, a link to it may stand on one of them.
      findingsOf(site, site.complete ? indexablePages(site) : [], ({ url, inSitemap, depth }) =>
        inSitemap && depth === null && inlinks(site, url).length === 0
          ? 'only in the sitemap'
          : undefined,
      ),
  },
  deep: {
    group: 'structure',
    provenBy: byLinkedPage,
    severity: 'note',
    effort: 'M',
    title: 'Pages lie far from the start page',
    why: `What takes more than ${DEPTH_MOST} clicks is rarely reached.`,
    howToFix: 'Link to them from pages nearer to the start.',
    find: (site) =>
      findingsOf(site, indexablePages(site), ({ depth }) =>
        depth !== null && depth > DEPTH_MOST ? `${depth} clicks` : undefined,
      ),
  },
  dead_end: {
    group: 'structure',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Pages lead nowhere',
    why: 'Who lands there can only go back.',
    howToFix: 'Add the navigation, or a link onwards.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.links.length === 0 && !facts.isShell ? 'no links' : undefined,
      ),
  },
  thin: {
    group: 'structure',
    provenBy: byPage,
    severity: 'note',
    effort: 'L',
    title: 'Pages say very little',
    why: 'A page of a few words rarely answers what somebody asked.',
    howToFix: 'Write what readers look for, or join it with another page.',
    find: (site) =>
      findingsOf(site, indexablePages(site), ({ facts }) =>
        facts.words < WORDS_LEAST && !facts.isShell ? `${facts.words} words` : undefined,
      ),
  },
  duplicate_content: {
    group: 'structure',
    provenBy: bySite,
    severity: 'warning',
    effort: 'M',
    title: 'The same page stands at several addresses',
    why: 'Its links and its rank are spread over all of them.',
    howToFix: 'Let the others redirect to one, or name it as their canonical address.',
    find(site) {
      const clusters = canonicalClusters(site.pages.values())
      return htmlPages(site).flatMap((page) => {
        const leader = clusters.get(page.url)
        // A page that names its original, or is not to be indexed, is no double.
        const isSettled = page.facts.canonicals.some((canonical) => canonical === leader)
        if (leader === undefined || leader === page.url || isSettled || isNoindex(page)) return []
        return [finding(site, page.url, `the same as ${leader}`)]
      })
    },
  },
} satisfies Record<string, Check>
