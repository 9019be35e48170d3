import type { Clock } from '../../core/clock'
import { newId } from '../../core/ids'
import { isAlike, shinglesOf } from '../../core/likeness'
import type { FetchedPage, PageQuestion, PageSource } from './page-source'

/** What a site answers for an address that nobody could have made, in shingles; null for an error. */
export type SiblingAnswer = readonly number[] | null | 'unseen'

/** The address of a page with another last part of its path, of the same form. */
export function siblingOf(pageUrl: string, name: string): string {
  const url = new URL(pageUrl)
  const [, folder = '/', extension = '', slash = ''] =
    /^(.*\/)[^/]+?(\.[a-z0-9]{1,5})?(\/?)$/i.exec(url.pathname) ?? []
  return new URL(`${folder}${name}${extension}${slash}`, url.origin).href
}

/** Tells pages from what their sites answer with 200 for pages that do not exist. */
export function createSiblingProbe({ pages, clock }: { pages: PageSource; clock: Clock }) {
  async function askFor(url: string, question: PageQuestion): Promise<SiblingAnswer> {
    const page = await pages.read(url, { ...question, previous: undefined })
    if (page.status === null || page.status >= 500 || page.fetch === 'rate_limited') return 'unseen'
    if (page.status >= 300 || page.facts === null) return null
    return page.reason === null ? shinglesOf(page.facts.text) : 'unseen'
  }

  return {
    /**
     * Whether a page is the one that its site answers for a made-up address beside it: at least
     * nine tenths the same. Null where that could not be asked; a start page is itself.
     */
    async isSoftMissing(page: FetchedPage, question: PageQuestion): Promise<boolean | null> {
      const { pathname } = new URL(page.finalUrl)
      if (page.facts === null || pathname === '/') return false
      const form = siblingOf(page.finalUrl, '')
      const known = question.siblings?.get(form)
      const made = siblingOf(page.finalUrl, newId('req', clock.now()))
      const asked = known ?? askFor(made, question)
      question.siblings?.set(form, asked)
      const answer = await asked
      if (answer === 'unseen') return null
      return answer !== null && isAlike(answer, shinglesOf(page.facts.text))
    },
  }
}

export type SiblingProbe = ReturnType<typeof createSiblingProbe>
