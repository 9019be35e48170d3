import { mayFetch, namesAgent } from '../../../core/robots'
import { finding, findingsOf, htmlPages } from '../site-view'
import type { Check } from './check'
import { byPage, byRobots, bySite } from './proof'

const CRAWLERS = ['GPTBot', 'ClaudeBot', 'PerplexityBot', 'Google-Extended'] as const

const ORGANISATION =
  /^(Organization|Corporation|LocalBusiness|OnlineBusiness|OnlineStore|.*Organization)$/

export const aiChecks = {
  ai_crawlers_refused: {
    group: 'ai',
    provenBy: byRobots,
    severity: 'note',
    effort: 'S',
    title: 'robots.txt keeps crawlers of AI engines out',
    why: 'Whether they may read the site is the choice of its owner; this is what is chosen now.',
    howToFix: 'Leave it if it is meant; else allow them in robots.txt.',
    find(site) {
      // An answer that failed is nobody's choice.
      if (site.robots.reason !== null) return []
      const refused = CRAWLERS.filter((token) => !mayFetch(site.robots.robots, token, '/').allowed)
      if (refused.length === 0) return []
      const told = refused.map(
        (token) =>
          `${token} ${namesAgent(site.robots.robots, token) ? 'by name' : 'with everybody'}`,
      )
      return [finding(site, new URL('/robots.txt', site.start).href, told.join(', '))]
    },
  },
  scripts_only: {
    group: 'ai',
    provenBy: byPage,
    severity: 'warning',
    effort: 'L',
    title: 'Pages are empty without JavaScript',
    why: 'Most crawlers of AI engines run no scripts and see nothing.',
    howToFix: 'Render the pages on the server, or in advance.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.isShell ? `${facts.words} words without scripts` : undefined,
      ),
  },
  organization_missing: {
    group: 'ai',
    provenBy: bySite,
    severity: 'note',
    effort: 'S',
    title: 'No page says in structured data whose site it is',
    why: 'Engines tell names apart by it.',
    howToFix: 'Add JSON-LD of the type Organization to the start page.',
    find(site) {
      const pages = htmlPages(site)
      const isSaid = pages.some(({ facts }) => facts.types.some((type) => ORGANISATION.test(type)))
      return isSaid || pages.length === 0 || !site.complete
        ? []
        : [finding(site, site.start, 'no Organization in JSON-LD')]
    },
  },
} satisfies Record<string, Check>
