import { readConfig } from '../../src/config'
import type { AnswerEngine, EngineAnswer } from '../../src/features/engines/service'
import { createEngines } from '../../src/features/engines/service'
import { createInternet } from '../../src/platform/internet'
import { createTestClock } from './clock'
import { engineServer, type Question, type Reply } from './engine-server'

/** The host of Google's grounding links, which the tests' DNS sends to loopback. */
export const GROUNDING_HOST = 'vertexaisearch.cloud.google.com'

type Script = (question: Question) => Reply | Promise<Reply>

/** All engines against one scripted server; nobody waits longer for an answer than `patienceMs`. */
export function engineWorld(script: Script, patienceMs = 10_000) {
  const server = engineServer(script)
  const clock = createTestClock('2026-11-21T12:00:00.000Z')
  const { guarded, trusted: patient } = createInternet({
    ...{ outboundAllow: [GROUNDING_HOST], dnsServers: [] },
    resolve: async (host) => (host === GROUNDING_HOST ? ['127.0.0.1'] : []),
  })
  const trusted: typeof patient = {
    ...patient,
    request: (input) =>
      patient.request({ ...input, timeoutMs: Math.min(input.timeoutMs, patienceMs) }),
  }
  const config = readConfig(server.env).engines
  const engines = createEngines({ clock, config, internet: guarded, trusted })
  const find = (name: string): AnswerEngine => {
    const engine = engines.find(name)
    if (!engine) throw new Error(`${name} is not configured.`)
    return engine
  }
  return {
    ...{ server, clock, engines, find, config, trusted },
    ask: (name: string, prompt = 'Which CRM is best?', signal?: AbortSignal) =>
      find(name).ask({ prompt, signal }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What an engine makes of one reply. */
export async function answerTo(name: Question['engine'], reply: Reply): Promise<EngineAnswer> {
  await using world = engineWorld(() => reply)
  return await world.ask(name)
}
