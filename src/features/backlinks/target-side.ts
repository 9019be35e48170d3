import { evidenceOf, type LinkEvidence, type Redirector, redirectorsOf } from './link-evidence'
import type { PageFacts } from './page-facts'
import type { FetchedPage, PageQuestion, PageSource } from './page-source'
import { matchOf, type Target } from './target'

/** Redirectors of one page that are followed, and how many at a time. */
const REDIRECTORS_MAX = 10
const AT_ONCE = 4
/** As much of an answer as says where it leads. */
const GLANCE_BYTES = 64 * 1024

/** What answers at the address that a link leads to. */
export type TargetPage = {
  /** Null where it could not or must not be asked. */
  status: number | null
  /** Whether it certainly is an error: 404, 410 or a failing server. */
  broken: boolean
}

/** A redirector that was followed: the link that it makes, `elsewhere`, or that nobody knows. */
type Followed = LinkEvidence | 'elsewhere' | 'unknown'

const BROKEN_STATES: readonly FetchedPage['fetch'][] = ['gone', 'server_error']

/** Whether search engines follow a redirect for sure: not one by a page, nor one closed to them. */
const isFollowed = ({ chain, barsGoogle }: FetchedPage): boolean =>
  !barsGoogle && chain.every(({ kind }) => kind !== 'meta' && kind !== 'http-refresh')

type TargetQuestion = { target: Target; question: PageQuestion }

/** What is at the other end of links. */
export function createTargetSide({ pages }: { pages: PageSource }) {
  const glance = (url: string, question: PageQuestion, until?: (url: URL) => boolean) =>
    pages.read(url, { ...question, previous: undefined, bytesMax: GLANCE_BYTES, until })

  async function follow(
    { link, url, namesTarget, isCertain }: Redirector,
    { pieces }: PageFacts,
    { target, question }: TargetQuestion,
  ): Promise<Followed> {
    const page = await glance(url.href, question, (next) => matchOf(target, next) !== null)
    const lands = new URL(page.finalUrl)
    if (page.chain.length > 0 && matchOf(target, lands) !== null) {
      const evidence = evidenceOf(link, lands, 'redirect_to_domain', pieces)
      return isFollowed(page) ? evidence : { ...evidence, follow: null }
    }
    const isPage = page.status !== null && page.status >= 200 && page.status < 300
    // A page between, which names the target, may lead there by a script.
    if (isPage && page.reason === null) return namesTarget ? 'unknown' : 'elsewhere'
    if (page.status === 404 || page.status === 410) return 'elsewhere'
    return isCertain ? 'unknown' : 'elsewhere'
  }

  return {
    /**
     * Follows links of a page that may lead to the target by redirects, the most promising first,
     * until one does. `unknown` says that one might, and could or must not be followed.
     */
    async followRedirectors(
      facts: PageFacts,
      pageUrl: string,
      asked: TargetQuestion,
    ): Promise<{ links: LinkEvidence[]; unknown: boolean }> {
      const all = redirectorsOf(facts, asked.target, pageUrl)
      let unknown = all.slice(REDIRECTORS_MAX).some(({ isCertain }) => isCertain)
      for (let at = 0; at < Math.min(all.length, REDIRECTORS_MAX); at += AT_ONCE) {
        const some = all.slice(at, Math.min(at + AT_ONCE, REDIRECTORS_MAX))
        const followed = await Promise.all(some.map((one) => follow(one, facts, asked)))
        const links = followed.filter((one) => typeof one === 'object')
        if (links.length > 0) return { links, unknown: false }
        unknown ||= followed.includes('unknown')
      }
      return { links: [], unknown }
    },

    /** What answers where a link leads; asked once for all pages of a call. */
    pageOf(url: string, question: PageQuestion): Promise<TargetPage> {
      const page = url.replace(/#.*$/s, '')
      const known = question.targets?.get(page)
      if (known) return known
      const asked = glance(page, question).then(({ status, fetch }) => {
        return { status, broken: status === 404 || BROKEN_STATES.includes(fetch) }
      })
      question.targets?.set(page, asked)
      return asked
    },
  }
}

export type TargetSide = ReturnType<typeof createTargetSide>
