import type { Clock } from '../../core/clock'
import { KNOWN_ENGINES, type KnownEngine } from '../../core/engine-name'
import type { Internet } from '../../platform/internet'
import { chatgpt } from './chatgpt'
import { claude } from './claude'
import { type CompatibleServer, compatible } from './compatible'
import { type AnswerEngine, createEngine, type EngineInfo } from './engine'
import { gemini } from './gemini'
import { createGroundingLinks } from './grounding-links'
import type { VisionJudge } from './judgement'
import { createVisionJudge } from './judging'
import { perplexity } from './perplexity'
import type { Account, Configured, Provider } from './provider'

export type {
  AnswerStatus,
  AskedFrom,
  EngineAnswer,
  EngineCost,
  EngineFailure,
  EngineQuestion,
  EngineSource,
  EngineSurface,
  FailureKind,
  JsonValue,
  TokenUsage,
} from './answer'
export type { AnswerEngine, EngineInfo } from './engine'
export type {
  Criterion,
  Draw,
  Evidence,
  JudgedCriterion,
  Judgement,
  Picture,
  VisionJudge,
} from './judgement'
export type { Consumption } from './prices'

export type Engines = {
  /** Who looks at pictures; null where no engine that sees is configured. */
  judge: VisionJudge | null
  /** Every engine that Linkstead knows, `not_configured` ones too, in a fixed order. */
  list(): readonly EngineInfo[]
  /** An engine that is ready, by name. */
  find(name: string): AnswerEngine | undefined
}

/** Who answers: null for an engine without a key. */
export type EngineConfig = Readonly<Record<KnownEngine, Account | null>> & {
  readonly local: CompatibleServer | null
  /** The engine that looks at pictures; null for the first of those that are known to see. */
  readonly vision: string | null
}

/** A model of the operator may see or not: it is asked to look only where `vision` names it. */
const SEEING: readonly string[] = ['chatgpt', 'claude', 'gemini']

const PROVIDERS: Readonly<Record<KnownEngine, (account: Account) => Provider>> = {
  chatgpt,
  claude,
  gemini,
  perplexity,
}

/** The providers that are configured, in the order in which they are listed. */
function configuredProviders(config: EngineConfig): Configured[] {
  const known = KNOWN_ENGINES.flatMap((name) => {
    const account = config[name]
    return account ? [{ name, model: account.model, provider: PROVIDERS[name](account) }] : []
  })
  const { local } = config
  return local ? [...known, { ...local, provider: compatible(local) }] : known
}

export type EnginesDeps = {
  clock: Clock
  /** Guarded: for links that stand in answers. */
  internet: Pick<Internet, 'request'>
  /** For the hosts that the operator configured. */
  trusted: Pick<Internet, 'request'>
  config: EngineConfig
  /** Longest that an answer may take; what tests have no time for. */
  answerTimeoutMs?: number | undefined
}

/** Every engine that Linkstead knows. Nothing is loaded, and nobody asked, before a question. */
export function createEngines({ config, internet, ...deps }: EnginesDeps): Engines {
  const links = createGroundingLinks({ internet })
  const configured = configuredProviders(config)
  const eyes = configured.find(({ name }) =>
    config.vision === null ? SEEING.includes(name) : name === config.vision,
  )
  return {
    ...listEngines(configured.map((one) => createEngine(one, { ...deps, links }))),
    judge: eyes ? createVisionJudge(eyes, deps) : null,
  }
}

const unconfigured = (name: KnownEngine): EngineInfo => {
  const { surface, cites, takesLocation } = PROVIDERS[name]({ apiKey: '', baseUrl: '', model: '' })
  return { name, status: 'not_configured', surface, model: null, cites, takesLocation }
}

/** The engines by name: those that are ready, and the known ones that are not. */
function listEngines(ready: readonly AnswerEngine[]): Omit<Engines, 'judge'> {
  const byName = new Map(ready.map((engine) => [engine.name, engine]))
  const known = KNOWN_ENGINES.map((name) => byName.get(name) ?? unconfigured(name))
  const own = ready.filter(({ name }) => !KNOWN_ENGINES.some((taken) => taken === name))
  const infos = [...known, ...own].map(({ name, status, surface, model, cites, takesLocation }) =>
    Object.freeze({ name, status, surface, model, cites, takesLocation }),
  )
  return { list: () => infos, find: (name) => byName.get(name) }
}
