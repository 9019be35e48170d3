import { findingsOf, htmlPages } from '../site-view'
import type { Check } from './check'
import { byPage, bySite } from './proof'

export const languageChecks = {
  lang_missing: {
    group: 'languages',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Pages do not say their language',
    why: 'Screen readers and translators have to guess.',
    howToFix: 'Set the lang attribute of html.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.lang === null ? 'no lang' : undefined,
      ),
  },
  hreflang_no_return: {
    group: 'languages',
    provenBy: bySite,
    severity: 'warning',
    effort: 'M',
    title: 'Versions in other languages do not point back',
    why: 'Only versions that name each other count.',
    howToFix: 'Let each version list all of them.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ url, facts }) => {
        const silent = facts.hreflang.find(({ url: other }) => {
          const page = other === url ? undefined : site.pages.get(other)?.facts
          return page && !page.hreflang.some((back) => back.url === url)
        })
        return silent && `${silent.url} (${silent.lang}) does not name it`
      }),
  },
  hreflang_no_self: {
    group: 'languages',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Lists of languages leave out the page itself',
    why: 'The list should name every version, the page among them.',
    howToFix: 'Add the page itself to its list.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ url, facts }) =>
        facts.hreflang.length > 0 && !facts.hreflang.some((version) => version.url === url)
          ? facts.hreflang.map(({ lang }) => lang).join(', ')
          : undefined,
      ),
  },
  hreflang_no_default: {
    group: 'languages',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Lists of languages name no version for everybody else',
    why: 'Readers of other languages are sent to any of them.',
    howToFix: 'Add a version with hreflang x-default.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.hreflang.length > 1 && !facts.hreflang.some(({ lang }) => lang === 'x-default')
          ? facts.hreflang.map(({ lang }) => lang).join(', ')
          : undefined,
      ),
  },
} satisfies Record<string, Check>
