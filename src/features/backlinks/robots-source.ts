import { type Clock, MINUTE } from '../../core/clock'
import { unpack } from '../../core/content-encoding'
import { headerOf } from '../../core/header'
import { ROBOTS_BYTES_MAX } from '../../core/robots'
import {
  askForRobots,
  ROBOTS_FRESH_MS,
  type RobotsReply,
  type RobotsRules,
  robotsOf,
} from '../../core/robots-answer'
import type { Send } from './sending'

const TIMEOUT_MS = 5_000
const KEPT_MAX = 500
const KEPT_CHARACTERS_MAX = 64 * 1024
/** Where a site forbids all because its file fails, it is asked again soon. */
const FAILURE_KEPT_MS = 5 * MINUTE

async function ask(send: Send, url: string, signal?: AbortSignal): Promise<RobotsReply | null> {
  const request = { url, timeoutMs: TIMEOUT_MS, bytesMax: ROBOTS_BYTES_MAX, signal }
  const { body, headers, ...answer } = await send({ ...request, accept: 'text/plain' })
  const encoding = headerOf(headers, 'content-encoding') ?? ''
  try {
    return { ...answer, body: unpack(body, encoding, ROBOTS_BYTES_MAX) }
  } catch {
    return null
  }
}

/** The files that were asked for in one call, by their address: each is asked for once. */
export type RobotsAsked = Map<string, Promise<RobotsReply | null>>

export type RobotsQuestion = { send: Send; asked: RobotsAsked; signal?: AbortSignal | undefined }

export type RobotsSource = ReturnType<typeof createRobotsSource>

/** The robots.txt of sites by scheme, host and port, kept for as long as they may be relied upon. */
export function createRobotsSource({ clock }: { clock: Clock }) {
  const kept = new Map<string, { rules: RobotsRules; until: number }>()

  async function fetchRules(origin: string, { send, signal, asked }: RobotsQuestion) {
    const answer = await askForRobots(origin, (url) => {
      const reply = asked.get(url) ?? ask(send, url, signal)
      asked.set(url, reply)
      return reply
    })
    const rules = robotsOf(answer)
    if ((answer?.text.length ?? 0) <= KEPT_CHARACTERS_MAX) {
      if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value ?? '')
      const keepMs = rules.kind === 'disallow_all' ? FAILURE_KEPT_MS : ROBOTS_FRESH_MS
      kept.set(origin, { rules, until: clock.now() + keepMs })
    }
    return rules
  }

  return {
    /** The rules of an address's site. Rejects when this server could not or may not ask for them. */
    async of(url: string, question: RobotsQuestion): Promise<RobotsRules> {
      const { origin } = new URL(url)
      const known = kept.get(origin)
      if (known && known.until > clock.now()) return known.rules
      return await fetchRules(origin, question)
    },
  }
}
