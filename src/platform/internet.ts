import { isIP } from 'node:net'
import { type ErrorCode, invalid } from '../core/errors'
import { remembered } from '../core/remembered'
import { normaliseHost } from '../core/url'
import {
  createDestinationPolicy,
  type Destination,
  DestinationError,
  type DestinationPolicy,
  type Scheme,
  trustingPolicy,
} from './destination'
import { createDnsRecords, createResolve, DnsError, type DnsRecords, type Resolve } from './dns'
import { exchange, type OutboundRequest, type OutboundResponse, orStop, within } from './exchange'
import { createKeptConnections } from './internet-kept'
import { createVettingProxy, type ProxyLimits, type VettingProxy } from './internet-proxy'
import type { Logger } from './logger'
import { OutboundError, toOutboundError } from './outbound-error'

export type JudgeOptions = {
  schemes?: readonly Scheme[] | undefined
  /** Where the URL stands in the input: `url` by default. */
  field?: string | undefined
  code?: ErrorCode | undefined
}

export type CheckOptions = JudgeOptions & {
  /** What to do with a name without an answer; `accept` by default, since each request vets anew. */
  unresolved?: 'accept' | 'refuse' | undefined
}

/** The way out to other hosts. Redirects are never followed and proxies never used. */
export type Internet = {
  /** One request, on a connection of its own unless it says otherwise. Rejects with `OutboundError`. */
  request(request: OutboundRequest): Promise<OutboundResponse>
  /** The addresses of a host that may be connected to. Rejects with `OutboundError`. */
  resolve(host: string): Promise<string[]>
  /** Judges a URL by its form alone and returns it parsed. Throws `AppError`, `invalid_url`. */
  judgeUrl(url: string, options?: JudgeOptions): URL
  /** As `judgeUrl`, and by every address that its name has now. Rejects with `AppError`. */
  checkDestination(url: string, options?: CheckOptions): Promise<void>
}

export type InternetDeps = {
  /** `OUTBOUND_ALLOW`: CIDR, host or host:port. */
  outboundAllow: readonly string[]
  /** `DNS_SERVERS`; the system's when empty. */
  dnsServers: readonly string[]
  logger?: Logger | undefined
  /** Replaces DNS in tests. */
  resolve?: Resolve | undefined
  /** Replaces the questions for records in tests. */
  dns?: DnsRecords | undefined
  /** PEM of certificates to trust instead of the built-in authorities. */
  ca?: string | undefined
}

type PortDeps = {
  policy: DestinationPolicy
  resolve: Resolve
  ca: string | undefined
  logger: Logger | undefined
}

function toRefusal(error: unknown, { field = 'url', code = 'invalid_url' }: JudgeOptions): unknown {
  const isJudgement = error instanceof DestinationError || error instanceof DnsError
  return isJudgement ? invalid(field, error.message, code) : error
}

const DESTINATIONS_MAX = 1_000

/** Destinations by URL, parsed once: by form alone one URL is always the same. */
function createReader(policy: DestinationPolicy) {
  const readers = new Map<string, (url: string) => Destination>()
  return (url: string, schemes: readonly Scheme[] = ['https']): Destination => {
    const key = schemes.join()
    const read =
      readers.get(key) ?? remembered(DESTINATIONS_MAX, (text) => policy.read(text, schemes))
    readers.set(key, read)
    return read(url)
  }
}

function createPort({ policy, resolve, ca, logger }: PortDeps): Internet {
  const read = createReader(policy)
  const kept = createKeptConnections()
  const vettedAddresses = async (destination: Destination): Promise<string[]> => {
    if (destination.literal) return [destination.host]
    return policy.vet(destination, await resolve(destination.host))
  }

  const send = (input: OutboundRequest) =>
    within(input, async (stop) => {
      const destination = read(input.url, input.schemes)
      const addresses = destination.literal
        ? [destination.host]
        : await orStop(vettedAddresses(destination), stop)
      const target = { destination, addresses, ca }
      return input.keepAlive ? kept.exchange(target, input, stop) : exchange(target, input, stop)
    })

  return {
    async request(input) {
      const startedAt = performance.now()
      try {
        return { ...(await send(input)), durationMs: performance.now() - startedAt }
      } catch (error) {
        if (error instanceof OutboundError && error.reason === 'forbidden_address') {
          logger?.warn('outbound destination refused', { host: new URL(input.url).host })
        }
        throw error
      }
    },
    async resolve(host) {
      try {
        const destination = policy.read(`https://${isIP(host) === 6 ? `[${host}]` : host}/`, [
          'https',
        ])
        if (destination.host !== normaliseHost(host)) throw new OutboundError('invalid_url')
        return await vettedAddresses(destination)
      } catch (error) {
        throw toOutboundError(error)
      }
    },
    judgeUrl(url, options = {}) {
      try {
        const destination = policy.read(url, options.schemes ?? ['https'])
        // By form alone no address can speak for a name.
        if (destination.exceptionFor !== null && !destination.literal) policy.vet(destination, [])
        return destination.url
      } catch (error) {
        throw toRefusal(error, options)
      }
    },
    async checkDestination(url, options = {}) {
      try {
        await vettedAddresses(policy.read(url, options.schemes ?? ['https']))
      } catch (error) {
        if (error instanceof DnsError && options.unresolved !== 'refuse') return
        throw toRefusal(error, options)
      }
    },
  }
}

/**
 * The two ways out. `guarded` is for every URL that a user can influence: it refuses, by the rules
 * of contract §7, whatever is not a public address, both when a URL is registered and at each
 * request on the very addresses that are then connected to. `trusted` is for hosts that the
 * operator configured and vets nothing. Throws for a bad item of `outboundAllow` or `dnsServers`.
 */
export function createInternet(deps: InternetDeps): {
  guarded: Internet
  trusted: Internet
  /** What DNS says of a name; asks its servers and connects to nothing that it names. */
  dns: DnsRecords
  /** A proxy by the rules of `guarded`, for a browser that may reach nothing else. */
  openProxy(limits: ProxyLimits): Promise<VettingProxy>
} {
  const { outboundAllow, dnsServers, logger, ca } = deps
  const resolve = createResolve({ servers: dnsServers, ask: deps.resolve })
  const policy = createDestinationPolicy(outboundAllow)
  return {
    guarded: createPort({ policy, resolve, ca, logger }),
    openProxy: (limits) => createVettingProxy({ policy, resolve, logger }, limits),
    trusted: createPort({ policy: trustingPolicy, resolve, ca, logger }),
    dns: deps.dns ?? createDnsRecords({ servers: dnsServers }),
  }
}
