import type { Counts } from '../clicks/service'
import type { CountedLink } from '../links/service'
import { addEarned, type Earned, nothingEarned } from './earned'
import type { Choice, LinkedListName, ListName, Question } from './question'

/** What has no value, in answers and in filters. */
export const UNKNOWN = 'Unknown'

/** Clicks and what came of them, by what a list is about. */
export type Listed<K> = {
  counts: ReadonlyMap<K, Counts>
  earned: ReadonlyMap<K, Earned>
}

/** What a link is put together with others by. */
const KEYS: Record<LinkedListName, (link: CountedLink) => string[]> = {
  domain: ({ host }) => [host],
  folder: ({ folderId }) => (folderId === null ? [] : [folderId]),
  tag: ({ tagIds }) => tagIds,
}

/** Whether a list is put together from those of links. */
export const isLinked = (name: ListName): name is LinkedListName => name in KEYS

/** Whether a question cannot be answered without knowing the links. */
export const needsLinks = ({ links, domains, folders, tags, wants }: Question): boolean =>
  links?.isExcluded === true ||
  [domains, folders, tags].some((choice) => choice !== null) ||
  wants.lists.some((name) => name === 'link' || isLinked(name))

/** Whether any of a link's values is among those chosen, or, when excluded, none. */
const lets = <T>(choice: Choice<T | string> | null, ...values: T[]): boolean =>
  choice === null ||
  (values.length === 0
    ? choice.values.includes(UNKNOWN)
    : values.some((value) => choice.values.includes(value))) !== choice.isExcluded

/** The links that a question is narrowed to; null for all. */
export function chosenLinks({ links, ...chosen }: Question, all: readonly CountedLink[]) {
  const { domains, folders, tags } = chosen
  if (domains === null && folders === null && tags === null) {
    if (links === null) return null
    if (!links.isExcluded) return links.values
  }
  return all
    .filter((link) => lets(links, link.no) && lets(domains, link.host))
    .filter((link) => lets(folders, ...KEYS.folder(link)) && lets(tags, ...link.tagIds))
    .map(({ no }) => no)
}

/** Figures of links put together by what a list is about. */
export function byLinks(
  { counts, earned }: Listed<number>,
  all: readonly CountedLink[],
  name: LinkedListName,
): Listed<string> {
  const sums = { counts: new Map<string, Counts>(), earned: new Map<string, Earned>() }
  for (const link of all) {
    const [more, came] = [counts.get(link.no), earned.get(link.no)]
    if (more === undefined && came === undefined) continue
    for (const key of KEYS[name](link)) {
      const sum = sums.counts.get(key) ?? []
      if (more) {
        const added = more.map((count, index) => count + (sum[index] ?? 0))
        sums.counts.set(key, added)
      }
      if (came) {
        const total = sums.earned.get(key) ?? nothingEarned()
        addEarned(total, came)
        sums.earned.set(key, total)
      }
    }
  }
  return sums
}

/** The figures of some keys. */
export const only = <K>(
  { counts, earned }: Listed<K>,
  isKnown: (key: K) => boolean,
): Listed<K> => ({
  counts: new Map([...counts].filter(([key]) => isKnown(key))),
  earned: new Map([...earned].filter(([key]) => isKnown(key))),
})
