import {
  finding,
  findingsOf,
  type HtmlPage,
  htmlPages,
  indexablePages,
  type SiteView,
} from '../site-view'
import type { Check } from './check'
import { byAllPages, byPage } from './proof'

export const TITLE_LENGTHS = { least: 10, most: 60 } as const

const first = (texts: readonly string[]): string => texts.find((text) => text !== '') ?? ''

/** Characters as a reader counts them. */
const lengthOf = (text: string): number => [...new Intl.Segmenter().segment(text)].length

/** Pages that say the same as another one, whatever the case. */
function repeated(site: SiteView, textOf: (page: HtmlPage) => string) {
  const byText = new Map<string, HtmlPage[]>()
  for (const page of indexablePages(site)) {
    const text = textOf(page).toLowerCase()
    if (text === '') continue
    byText.set(text, [...(byText.get(text) ?? []), page])
  }
  return [...byText.values()]
    .filter((pages) => pages.length > 1)
    .flatMap((pages) =>
      pages.map((page) => finding(site, page.url, `${pages.length} pages: ${textOf(page)}`)),
    )
}

export const snippetChecks = {
  title_missing: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'critical',
    effort: 'S',
    title: 'Pages have no title',
    why: 'The title is the line that people click in results.',
    howToFix: 'Give each page a title that says what it is about.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        first(facts.titles) === '' ? 'no title' : undefined,
      ),
  },
  title_duplicate: {
    group: 'snippet',
    provenBy: byAllPages,
    severity: 'warning',
    effort: 'M',
    title: 'Several pages have the same title',
    why: 'Nobody can tell them apart in results.',
    howToFix: 'Give each page a title of its own.',
    find: (site) => repeated(site, ({ facts }) => first(facts.titles)),
  },
  title_short: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Titles are very short',
    why: 'A few letters say little of what a page is about.',
    howToFix: `Write titles of at least ${TITLE_LENGTHS.least} characters.`,
    find: (site) =>
      findingsOf(site, indexablePages(site), ({ facts }) => {
        const title = first(facts.titles)
        return title !== '' && lengthOf(title) < TITLE_LENGTHS.least ? title : undefined
      }),
  },
  title_long: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Titles are cut off in results',
    why: 'What stands at the end of a long title is not shown.',
    howToFix: `Say what matters in the first ${TITLE_LENGTHS.most} characters.`,
    find: (site) =>
      findingsOf(site, indexablePages(site), ({ facts }) => {
        const title = first(facts.titles)
        return lengthOf(title) > TITLE_LENGTHS.most
          ? `${lengthOf(title)} characters: ${title}`
          : undefined
      }),
  },
  description_missing: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'warning',
    effort: 'M',
    title: 'Pages have no description',
    why: 'Without one, results show some sentence of the page.',
    howToFix: 'Describe each page in one or two sentences.',
    find: (site) =>
      findingsOf(site, indexablePages(site), ({ facts }) =>
        first(facts.descriptions) === '' ? 'no description' : undefined,
      ),
  },
  description_duplicate: {
    group: 'snippet',
    provenBy: byAllPages,
    severity: 'note',
    effort: 'M',
    title: 'Several pages have the same description',
    why: 'It describes at most one of them.',
    howToFix: 'Describe each page in its own words.',
    find: (site) => repeated(site, ({ facts }) => first(facts.descriptions)),
  },
  h1_missing: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Pages have no main heading',
    why: 'The heading tells readers and screen readers where they are.',
    howToFix: 'Give each page one h1.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.h1.length === 0 ? 'no h1' : undefined,
      ),
  },
  h1_multiple: {
    group: 'snippet',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Pages have several main headings',
    why: 'It stays open which of them names the page.',
    howToFix: 'Keep one h1 and make the others h2.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) =>
        facts.h1.length > 1 ? `${facts.h1.length}: ${facts.h1.slice(0, 3).join(' | ')}` : undefined,
      ),
  },
} satisfies Record<string, Check>
