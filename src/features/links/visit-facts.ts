import { preferredLanguages } from '../../core/language'
import { remembered } from '../../core/remembered'
import type { ClientAddress } from '../../platform/client-address'
import type { Geo } from '../../platform/geo'
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

/** What a request says, each read when a rule asks for it. */
export function createVisitFacts({ geo, addressOf, classify, draw, gates }: VisitFactsDeps) {
  return (
    link: HotLink,
    request: Request,
    server: Parameters<ClientAddress>[1],
    query: string,
  ): VisitFacts => {
    const header = (name: string): string => request.headers.get(name) ?? ''
    let languages: readonly string[] | undefined
    let parameters: URLSearchParams | undefined
    return {
      query,
      country: () => geo.placeOf(addressOf(request, server)).country,
      languages() {
        languages ??= languagesOf(header('accept-language'))
        return languages
      },
      agent: () => lowerCase(classify(header('user-agent'))),
      parameter(name) {
        parameters ??= new URLSearchParams(query.slice(0, QUERY_LENGTH_MAX))
        return parameters.getAll(name)
      },
      draw(label) {
        const address = addressOf(request, server)
        return draw({ linkNo: link.no, address, userAgent: header('user-agent') }, label)
      },
      isUsedUp: () => gates.isUsedUp(link, request),
      isLocked: () => gates.isLocked(link, request),
    }
  }
}

/** What browsers send is short and much the same; what is longer is read each time. */
const COMMON_LENGTH_MAX = 100
const commonLanguages = remembered(5_000, preferredLanguages)

const languagesOf = (header: string): readonly string[] =>
  header.length > COMMON_LENGTH_MAX ? preferredLanguages(header) : commonLanguages(header)

export const lowerCase = ({ device, os, browser }: Pick<Agent, 'device' | 'os' | 'browser'>) => ({
  device: device.toLowerCase(),
  os: os.toLowerCase(),
  browser: browser.toLowerCase(),
})
