import { type Clock, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Internet } from '../../platform/internet'
import type { Logger } from '../../platform/logger'
import { createAllowances, createGate } from './allowance'
import type { CheckedUrl } from './check-schema'
import { type Check, createChecker } from './checker'
import { createPageSource } from './page-source'
import { createRobotsSource } from './robots-source'
import { createHostGates, createSend } from './sending'
import { parseTarget, type Target } from './target'

export type PublicCheckDeps = {
  internet: Internet
  clock: Clock
  logger: Logger
  publicUrl: () => string
  nextTurn: () => Promise<void>
}

/** Contract §5. */
const REQUESTS_PER_CALL = 60
const CALLS_MAX = 4
/** For all pages of one call together. */
const CALL_MS = 20 * SECOND
const PAGE_BYTES_MAX = 1024 * 1024
const PARSING_AT_ONCE = 4

export type CheckedPages = { domain: string; checked: CheckedUrl[] }
export type BegunCheck = { domain: string; checked: Promise<CheckedUrl>[] }

/** The address that a person means; null for a text that is none. */
function addressOf(text: string): string | null {
  const given = text.trim()
  const full = /^[a-z][a-z0-9+.-]*:/i.test(given) ? given : `https://${given}`
  if (!URL.canParse(full)) return null
  const url = new URL(full)
  const isPage = url.protocol === 'http:' || url.protocol === 'https:'
  return isPage && url.username === '' && url.password === '' ? url.href : null
}

/** The check that anybody may ask for: bounded in time, requests, bytes and calls at a time. */
export function createPublicCheck(deps: PublicCheckDeps) {
  const { internet, clock, logger, publicUrl, nextTurn } = deps
  const robots = createRobotsSource({ clock })
  const parsing = createGate(PARSING_AT_ONCE)
  const pages = createPageSource({ robots, parsing, nextTurn, pageBytesMax: PAGE_BYTES_MAX })
  const checker = createChecker({ pages, clock })
  let running = 0

  /** One promise for each address, of which none rejects. */
  function checkEach(urls: readonly string[], target: Target): Promise<CheckedUrl>[] {
    const addresses = urls.map(addressOf)
    const distinct = [...new Set(addresses)].filter((address) => address !== null)
    const nextAllowance = createAllowances(REQUESTS_PER_CALL, distinct.length)
    const gates = createHostGates()
    const together = { asked: new Map(), targets: new Map(), siblings: new Map() }
    const call = { ...together, signal: AbortSignal.timeout(CALL_MS) }
    const checks = new Map<string, Promise<Check | null>>()
    for (const address of distinct) {
      const send = createSend({ internet, publicUrl, gates }, nextAllowance())
      const check = checker.check(address, target, { ...call, send })
      // A fault of ours with one page must not take the results of the others.
      const failed = (error: unknown): null => {
        logger.error('backlink check failed', { host: new URL(address).host, error })
        return null
      }
      checks.set(address, check.catch(failed))
    }
    return urls.map(async (url, index): Promise<CheckedUrl> => {
      const address = addresses[index] ?? null
      if (address === null) {
        return { url, check: null, reason: 'invalid_url', checkedAt: clock.now() }
      }
      const check = await checks.get(address)
      if (check) return { url, check, checkedAt: check.checkedAt }
      return { url, check: null, reason: 'check_failed', checkedAt: clock.now() }
    })
  }

  /**
   * Begins to look at each page for links to `domain`: one promise for each, in the order of the
   * question, of which none rejects. Throws `invalid_domain`, and `rate_limited` while too many ask.
   */
  function begin(domain: string, urls: readonly string[]): BegunCheck {
    const target = parseTarget(domain)
    if (running >= CALLS_MAX) {
      throw new AppError('rate_limited', 'Too many checks are under way. Try again in a moment.', {
        retryAfterSeconds: 5,
      })
    }
    running++
    const checked = checkEach(urls, target)
    void Promise.all(checked).finally(() => running--)
    return { domain: target.host, checked }
  }

  return {
    begin,
    /** As {@link begin}, when all pages have their answer, whatever their hosts do. */
    async check(domain: string, urls: readonly string[]): Promise<CheckedPages> {
      const begun = begin(domain, urls)
      return { domain: begun.domain, checked: await Promise.all(begun.checked) }
    },
  }
}

export type PublicCheck = ReturnType<typeof createPublicCheck>
