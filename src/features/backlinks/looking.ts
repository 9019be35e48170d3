import { type Clock, DAY, SECOND } from '../../core/clock'
import type { Internet } from '../../platform/internet'
import { createGate, unlimited } from './allowance'
import { type Check, createChecker } from './checker'
import { createPageSource } from './page-source'
import { createRobotsSource, type RobotsAsked } from './robots-source'
import { createHostGates, createSend } from './sending'
import type { BacklinkRow } from './table'
import type { Target } from './target'

export type LookingDeps = {
  internet: Internet
  clock: Clock
  publicUrl: () => string
  nextTurn: () => Promise<void>
}

/** What was found; `check` is what had been found where the page is `unmodified`. */
export type Looked = { check: Check; unmodified: boolean; landingPage: string | null }

/** Looks at the page of a backlink. Never rejects for what the page or its host does. */
export type Look = (row: BacklinkRow, target: Target, signal: AbortSignal) => Promise<Looked>

/** One check with everything that it follows. */
const CHECK_MS = 45 * SECOND
const PARSING_AT_ONCE = 2
/** After so long a page is read again, though its host says that it is as it was. */
const EVIDENCE_FRESH_MS = 30 * DAY

/** What the page was marked with, where an answer of "as it was" would say enough. */
function markOf({ evidence }: BacklinkRow, { url: landingPage }: Target, now: number) {
  if (!evidence || (evidence.etag === null && evidence.lastModified === null)) return undefined
  const isFresh = now - evidence.checkedAt < EVIDENCE_FRESH_MS
  // What it says of a date may have come true.
  const isDated = evidence.directives.applied.some((rule) => rule.startsWith('unavailable_after'))
  const isSame = evidence.landingPage === landingPage && evidence.present !== null
  if (!isFresh || isDated || !isSame) return undefined
  const { etag, lastModified } = evidence
  return { etag, lastModified }
}

/** The engine of checks as the monitor uses it. */
export function createLooking({ internet, clock, publicUrl, nextTurn }: LookingDeps) {
  const robots = createRobotsSource({ clock })
  const parsing = createGate(PARSING_AT_ONCE)
  const pages = createPageSource({ robots, parsing, nextTurn })
  const checker = createChecker({ pages, clock })

  return {
    /** For looks that belong together: each site's robots.txt is asked for once. */
    begin(): Look {
      const send = createSend({ internet, publicUrl, gates: createHostGates() }, unlimited)
      const asked: RobotsAsked = new Map()
      return async (row, target, stopping) => {
        const signal = AbortSignal.any([stopping, AbortSignal.timeout(CHECK_MS)])
        const landingPage = target.url
        const previous = markOf(row, target, clock.now())
        const question = { send, asked, signal }
        const check = await checker.check(row.url, target, { ...question, previous })
        if (check.fetch !== 'not_modified') return { check, unmodified: false, landingPage }
        const { evidence } = row
        // That the page is the same says nothing of what robots.txt says of it.
        const isSame =
          previous !== undefined &&
          evidence?.finalUrl === check.finalUrl &&
          evidence.robotsGoogle?.allowed === check.robotsGoogle?.allowed
        if (isSame && evidence) return { check: evidence, unmodified: true, landingPage }
        const read = await checker.check(row.url, target, question)
        return { check: read, unmodified: false, landingPage }
      }
    },
  }
}

export type Looking = ReturnType<typeof createLooking>
