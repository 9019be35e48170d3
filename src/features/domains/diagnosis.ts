import { type Clock, MINUTE } from '../../core/clock'
import type { DnsAnswer, DnsRecords } from '../../platform/dns'
import {
  type DnsRecord,
  type Finding,
  instruction,
  placeOfHost,
  proofNameOf,
  recordsFor,
  type ServerPlace,
} from './records'

/** Longest chain of aliases that is followed; resolvers themselves give up at about as many. */
const ALIASES_MAX = 8
const SEEN_MAX = 10
const SEEN_LENGTH_MAX = 255
const PLACE_FRESH_MS = 5 * MINUTE

export type DiagnosisDeps = { dns: DnsRecords; clock: Clock; publicHost: () => string }

/** What DNS says now of a domain. */
export type Diagnosis = {
  /** Whether the workspace's proof is there. */
  owned: boolean
  /** Whether visitors arrive here; null when even the server's own name could not be looked up. */
  pointsHere: boolean | null
  findings: Finding[]
}

type Seen = { chain: string[]; a: DnsAnswer; aaaa: DnsAnswer; alias: DnsAnswer['verdict'] }

export type DomainDiagnosis = ReturnType<typeof createDiagnosis>

/** Compares what DNS says with what it should, in sentences that say what to change. */
export function createDiagnosis({ dns, clock, publicHost }: DiagnosisDeps) {
  let known: { place: Promise<ServerPlace>; host: string; at: number } | undefined

  async function lookUp(host: string): Promise<ServerPlace> {
    const place = placeOfHost(host)
    if (place.v4.length + place.v6.length > 0) return place
    const [a, aaaa] = await Promise.all([dns.a(host), dns.aaaa(host)])
    return { host, v4: a.values.toSorted(), v6: aaaa.values.map(canonical).toSorted() }
  }

  function placeNow(): Promise<ServerPlace> {
    const host = publicHost()
    const place = lookUp(host)
    known = { place, host, at: clock.now() }
    return place
  }

  /** Where domains have to point, as looked up within the last minutes. */
  function place(): Promise<ServerPlace> {
    const isFresh = known?.host === publicHost() && clock.now() - known.at < PLACE_FRESH_MS
    return known && isFresh ? known.place : placeNow()
  }

  async function look(host: string): Promise<Seen> {
    const [chain, a, aaaa] = await Promise.all([aliases(host), dns.a(host), dns.aaaa(host)])
    return { ...chain, a, aaaa: { ...aaaa, values: aaaa.values.map(canonical) } }
  }

  async function aliases(host: string): Promise<Pick<Seen, 'chain' | 'alias'>> {
    const chain: string[] = []
    let alias: DnsAnswer['verdict'] = 'missing'
    for (let name = host; chain.length < ALIASES_MAX; ) {
      const { verdict, values } = await dns.cname(name)
      const [next] = values
      if (chain.length === 0 || verdict === 'unavailable') alias = verdict
      if (next === undefined || next === host || chain.includes(next)) break
      chain.push(next)
      if (next === publicHost()) break
      name = next
    }
    return { chain, alias }
  }

  return {
    place,

    /** Asks DNS anew; never rejects. */
    async diagnose(host: string, proof: string): Promise<Diagnosis> {
      const proofName = proofNameOf(host)
      const [server, seen, texts] = await Promise.all([placeNow(), look(host), dns.txt(proofName)])
      const arrival = judge(server, seen)
      const findings = recordsFor(host, proof, server).map((record) =>
        record.type === 'TXT'
          ? findingOfProof(record, texts)
          : findingOfRoute(record, seen, arrival),
      )
      const owned = findings.some(({ type, status }) => type === 'TXT' && status === 'ok')
      return { owned, pointsHere: arrival.pointsHere, findings }
    },
  }
}

/** One writing for each IPv6 address (RFC 5952), as the URL parser knows it. */
const canonical = (address: string): string =>
  URL.canParse(`http://[${address}]/`)
    ? new URL(`http://[${address}]/`).hostname.slice(1, -1)
    : address

/** Whether visitors arrive, and the addresses that are not ours. */
type Arrival = { pointsHere: boolean | null; strangers: string[] }

function judge(server: ServerPlace, { chain, a, aaaa }: Seen): Arrival {
  if (chain.includes(server.host)) return { pointsHere: true, strangers: [] }
  const ours = new Set([...server.v4, ...server.v6])
  if (ours.size === 0) return { pointsHere: null, strangers: [] }
  const addresses = [...a.values, ...aaaa.values]
  const strangers = addresses.filter((address) => !ours.has(address))
  return { pointsHere: addresses.length > 0 && strangers.length === 0, strangers }
}

const clipped = (values: readonly string[]): string[] =>
  values.slice(0, SEEN_MAX).map((value) => value.slice(0, SEEN_LENGTH_MAX))

const told = (values: readonly string[]): string =>
  values.map((value) => `"${value.slice(0, 80)}"`).join(', ')

const UNAVAILABLE = 'DNS did not answer. Its servers failed or kept silent: try again later.'

function findingOfProof(record: DnsRecord, { verdict, values }: DnsAnswer): Finding {
  const seen = clipped(values)
  const finding = { ...record, seen }
  if (values.some((value) => value.trim() === record.value)) {
    return { ...finding, status: 'ok', message: 'The proof of ownership is there.' }
  }
  if (verdict === 'unavailable') return { ...finding, status: 'unknown', message: UNAVAILABLE }
  if (verdict === 'missing') {
    const message = `${record.name} has no TXT record. ${instruction(record)}`
    return { ...finding, status: 'missing', message }
  }
  const message = `${record.name} says ${told(seen)} instead. ${instruction(record)}`
  return { ...finding, status: 'wrong', message }
}

function findingOfRoute(
  record: DnsRecord,
  seen: Seen,
  { pointsHere, strangers }: Arrival,
): Finding {
  const { values, verdict } = seenInPlaceOf(record, seen)
  const finding = { ...record, seen: clipped(values) }
  const isSet = record.value !== null && values.includes(record.value)
  if (isSet && strangers.length > 0) {
    const message = `${record.name} also points to ${told(clipped(strangers))}. Remove these records, or visitors miss this server.`
    return { ...finding, status: 'wrong', message }
  }
  if (isSet || pointsHere) {
    const message = isSet ? 'It points here.' : 'It points here, through other records.'
    return { ...finding, status: 'ok', message }
  }
  if (verdict === 'unavailable') return { ...finding, status: 'unknown', message: UNAVAILABLE }
  if (values.length === 0) {
    const message = `${record.name} has no ${record.type} record. ${instruction(record)}`
    return { ...finding, status: 'missing', message }
  }
  const message = `${record.name} points to ${told(finding.seen)} instead. ${instruction(record)}`
  return { ...finding, status: 'wrong', message }
}

/** Of a missing alias the addresses are shown, since they are what has to go. */
function seenInPlaceOf({ type }: DnsRecord, { chain, alias, a, aaaa }: Seen): DnsAnswer {
  if (type === 'A') return a
  if (type === 'AAAA') return aaaa
  if (chain.length > 0) return { verdict: 'found', values: chain }
  const addresses = [...a.values, ...aaaa.values]
  return addresses.length > 0
    ? { verdict: 'found', values: addresses }
    : { verdict: alias === 'unavailable' ? alias : a.verdict, values: [] }
}
