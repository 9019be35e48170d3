import { headerOf } from '../../core/header'
import type { Internet } from '../../platform/internet'
import type { EngineSource } from './answer'
import { distinct, sourceOf } from './sources'

const TIMEOUT_MS = 5_000

/** Most links of one answer that are resolved. */
const LINKS_MAX = 40

/** The links that Google gives in place of its sources. */
function isGroundingLink({ url }: EngineSource): boolean {
  const { hostname, pathname } = new URL(url)
  return (
    hostname === 'vertexaisearch.cloud.google.com' &&
    pathname.startsWith('/grounding-api-redirect/')
  )
}

const DOMAIN = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z]{2,63}$/

/** Google often gives the source's domain as its title; else it is not known where it stands. */
function unresolved({ url, title }: EngineSource): EngineSource {
  const name = title?.toLowerCase().replace(/^www\./, '') ?? ''
  return { url, title, host: DOMAIN.test(name) ? name : null, key: null }
}

export type GroundingDeps = {
  /** The guarded way: a provider's answer says where these links lead. */
  internet: Pick<Internet, 'request'>
}

/**
 * Finds out where Google's grounding links lead, by one HEAD for each that is not followed. Never
 * rejects: a link that tells nothing stays as it is, and is known at most by its domain.
 */
export function createGroundingLinks({ internet }: GroundingDeps) {
  async function resolve(source: EngineSource, signal: AbortSignal | undefined) {
    try {
      const { status, headers } = await internet.request({
        ...{ url: source.url, method: 'HEAD', timeoutMs: TIMEOUT_MS, responseBytesMax: 0, signal },
      })
      const location = headerOf(headers, 'location')
      const isRedirect = status >= 300 && status < 400
      return (isRedirect && location && sourceOf(location, source.title)) || unresolved(source)
    } catch {
      return unresolved(source)
    }
  }

  return {
    /** The sources with every grounding link replaced by where it leads, as many lists as came. */
    async resolveAll(
      lists: readonly (readonly EngineSource[] | null)[],
      signal?: AbortSignal,
    ): Promise<(EngineSource[] | null)[]> {
      const links = new Map<string, Promise<EngineSource> | EngineSource>()
      for (const source of lists.flatMap((list) => list ?? []).filter(isGroundingLink)) {
        if (links.has(source.url)) continue
        const isOver = links.size >= LINKS_MAX
        links.set(source.url, isOver ? unresolved(source) : resolve(source, signal))
      }
      if (links.size === 0) return lists.map((list) => list && [...list])
      const known = new Map(
        await Promise.all([...links].map(async ([url, source]) => [url, await source] as const)),
      )
      return lists.map(
        (list) => list && distinct(list.map((source) => known.get(source.url) ?? source)),
      )
    },
  }
}

export type GroundingLinks = ReturnType<typeof createGroundingLinks>
