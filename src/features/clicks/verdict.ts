import type { Agent } from '../../platform/user-agent'
import type { Visit } from './visit'

/** What a visit was; rows hold the place in this list. `clicks` are human + duplicate. */
export const VERDICTS = ['human', 'duplicate', 'bot', 'preview', 'prefetch'] as const

export type Verdict = (typeof VERDICTS)[number]

/** What one visit alone can be; that it repeats another is only seen beside others. */
export type SpotVerdict = Exclude<Verdict, 'duplicate'>

/** The same visitor on the same link within this time clicks a duplicate. */
export const DUPLICATE_WINDOW_MS = 10_000

/**
 * The verdict before duplicates are looked at. Who asks comes first: a bot that prefetches is a
 * bot. HEAD never opens the target for a person, so with a browser's name it is a program too.
 */
export function judge(visit: Pick<Visit, 'isHead' | 'isPrefetch'>, agent: Agent): SpotVerdict {
  if (agent.kind !== 'human') return agent.kind
  if (visit.isPrefetch) return 'prefetch'
  return visit.isHead ? 'bot' : 'human'
}

/** Whether a verdict is part of `clicks`. */
export const isCounted = (verdict: Verdict): boolean =>
  verdict === 'human' || verdict === 'duplicate'
