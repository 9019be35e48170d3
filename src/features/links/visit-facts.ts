import { preferredLanguages } from '../../core/language'
import { remembered } from '../../core/remembered'
import type { ClientAddress } from '../../platform/client-address'
import type { Geo, Place } from '../../platform/geo'
import type { Agent } from '../../platform/user-agent'
import type { VisitFacts } from './decision'
import type { Draw } from './draw'
import type { LinkGates } from './gates'
import type { HotLink } from './hot-links'

/** So much of a visit's query is looked at; a rule's parameter stands near its beginning. */
const QUERY_LENGTH_MAX = 8192

export type VisitFactsDeps = {
  geo: Geo
  addressOf: ClientAddress
  classify: (userAgent: string) => Agent
  draw: Draw
  gates: Pick<LinkGates, 'isUsedUp' | 'isLocked'>
}

type RequestServer = Parameters<ClientAddress>[1]

/** What a request for a link says, for its decision and for its click. */
export type RequestFacts = VisitFacts & {
  readonly address: string
  readonly place: Place
  readonly userAgent: string
}

/** What is asked elsewhere: the page of a typed link for its password, and counts, not its card. */
export type Waived = 'password' | 'limit'

/** A function that reads requests, each fact at most once and only when it is asked for. */
export function createVisitFacts(deps: VisitFactsDeps) {
  return (
    link: HotLink,
    request: Request,
    server: RequestServer,
    query: string,
    waived?: Waived,
  ): RequestFacts => new FactsOfRequest(deps, link, request, server, query, waived)
}

/** A class, since closures for each visit cost more than what they work out. */
class FactsOfRequest implements RequestFacts {
  readonly query: string
  private readonly deps: VisitFactsDeps
  private readonly link: HotLink
  private readonly request: Request
  private readonly server: RequestServer
  private readonly waived: Waived | undefined
  private knownAddress: string | undefined
  private knownPlace: Place | undefined
  private knownUserAgent: string | undefined
  private knownLanguages: readonly string[] | undefined
  private knownParameters: URLSearchParams | undefined

  constructor(
    deps: VisitFactsDeps,
    link: HotLink,
    request: Request,
    server: RequestServer,
    query: string,
    waived: Waived | undefined,
  ) {
    this.deps = deps
    this.link = link
    this.request = request
    this.server = server
    this.query = query
    this.waived = waived
    this.knownAddress = undefined
    this.knownPlace = undefined
    this.knownUserAgent = undefined
    this.knownLanguages = undefined
    this.knownParameters = undefined
  }

  get address(): string {
    this.knownAddress ??= this.deps.addressOf(this.request, this.server)
    return this.knownAddress
  }

  get place(): Place {
    this.knownPlace ??= this.deps.geo.placeOf(this.address)
    return this.knownPlace
  }

  get userAgent(): string {
    this.knownUserAgent ??= this.request.headers.get('user-agent') ?? ''
    return this.knownUserAgent
  }

  country(): string {
    return this.place.country
  }

  languages(): readonly string[] {
    this.knownLanguages ??= languagesOf(this.request.headers.get('accept-language') ?? '')
    return this.knownLanguages
  }

  agent(): LowerCased {
    return lowerCase(this.deps.classify(this.userAgent))
  }

  parameter(name: string): readonly string[] {
    this.knownParameters ??= new URLSearchParams(this.query.slice(0, QUERY_LENGTH_MAX))
    return this.knownParameters.getAll(name)
  }

  draw(label: string): number {
    const { address, userAgent } = this
    return this.deps.draw({ linkNo: this.link.no, address, userAgent }, label)
  }

  isUsedUp(): boolean {
    return this.waived !== 'limit' && this.deps.gates.isUsedUp(this.link, this.request)
  }

  isLocked(): boolean {
    return this.waived !== 'password' && this.deps.gates.isLocked(this.link, this.request)
  }
}

/** What browsers send is short and much the same; what is longer is read each time. */
const COMMON_LENGTH_MAX = 100
const commonLanguages = remembered(5_000, preferredLanguages)

const languagesOf = (header: string): readonly string[] =>
  header.length > COMMON_LENGTH_MAX ? preferredLanguages(header) : commonLanguages(header)

type LowerCased = { readonly device: string; readonly os: string; readonly browser: string }

/** The classifier remembers what it made, so most visits bring an agent that was here before. */
const lowerCased = new WeakMap<object, LowerCased>()

/** An agent's names as rules compare them. */
export function lowerCase(agent: Pick<Agent, 'device' | 'os' | 'browser'>): LowerCased {
  const known = lowerCased.get(agent)
  if (known !== undefined) return known
  const made = {
    device: agent.device.toLowerCase(),
    os: agent.os.toLowerCase(),
    browser: agent.browser.toLowerCase(),
  }
  lowerCased.set(agent, made)
  return made
}
