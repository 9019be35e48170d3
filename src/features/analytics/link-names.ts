import type { Principal } from '../../core/access'
import { AppError, notFound } from '../../core/errors'
import type { LinkService } from '../links/service'

export type LinkNamesDeps = {
  links: Pick<LinkService, 'requireByIdOrSlug'>
  /** Under which name links of the server's own host are asked for. */
  mainHost: () => string
}

/**
 * Numbers of the links that a filter names: an id, `host/slug`, or a slug. A slug is looked for on
 * `hosts` where a question is narrowed to some ('' is the server's own), and may be on several;
 * else the main host comes first. Throws `not_found`.
 */
export function createLinkNames({ links, mainHost }: LinkNamesDeps) {
  const numberOf = (principal: Principal, idOrSlug: string, host?: string): number =>
    links.requireByIdOrSlug(principal, idOrSlug, host === '' ? mainHost() : host).row.no

  function numbersOn(principal: Principal, name: string, host: string): number[] {
    try {
      return [numberOf(principal, name, host)]
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return []
      throw error
    }
  }

  return (principal: Principal, name: string, hosts: readonly string[] | null): number[] => {
    const slash = name.lastIndexOf('/')
    if (slash !== -1) return [numberOf(principal, name.slice(slash + 1), name.slice(0, slash))]
    if (hosts === null) return [numberOf(principal, name)]
    const found = hosts.flatMap((host) => numbersOn(principal, name, host))
    if (found.length === 0) throw notFound('link')
    return found
  }
}
