import { deriveKey } from '../../core/secret'
import { isApex, PROOF_LABEL } from './host-name'

export const RECORD_TYPES = ['TXT', 'CNAME', 'A', 'AAAA'] as const
export const RECORD_STATUSES = ['unchecked', 'ok', 'missing', 'wrong', 'unknown'] as const

/** A DNS record to set. `value` is null while the server's own addresses cannot be looked up. */
export type DnsRecord = {
  purpose: 'ownership' | 'routing'
  type: (typeof RECORD_TYPES)[number]
  name: string
  value: string | null
}

/** A record to set, what was seen in its place, and what to do about it. */
export type Finding = DnsRecord & {
  status: (typeof RECORD_STATUSES)[number]
  seen: string[]
  message: string
}

/** Where domains have to point: the host of PUBLIC_URL, and its addresses where they are known. */
export type ServerPlace = { host: string; v4: string[]; v6: string[] }

/** The text by which each workspace proves its domains: nobody can guess another's. */
export function createProofs(appSecret: string) {
  const key = deriveKey(appSecret, 'domain-ownership')
  return (workspaceId: string): string => {
    const mac = new Bun.CryptoHasher('sha256', key).update(workspaceId).digest('base64url')
    return `linkstead-verify=${mac.slice(0, 32)}`
  }
}

/** The name that holds the proof of a host. */
export const proofNameOf = (host: string): string => `${PROOF_LABEL}.${host}`

/**
 * The exact records to set for a host: the proof, and a CNAME to the server; addresses where DNS
 * allows no CNAME (a registrable domain itself) or where the server has no name.
 */
export function recordsFor(host: string, proof: string, place: ServerPlace): DnsRecord[] {
  const ownership: DnsRecord = {
    ...{ purpose: 'ownership', type: 'TXT' },
    ...{ name: proofNameOf(host), value: proof },
  }
  const route = (type: DnsRecord['type'], value: string | null): DnsRecord => ({
    ...{ purpose: 'routing', type, name: host, value },
  })
  if (needsAlias(host, place)) return [ownership, route('CNAME', place.host)]
  const addresses = [
    ...place.v4.map((address) => route('A', address)),
    ...place.v6.map((address) => route('AAAA', address)),
  ]
  return [ownership, ...(addresses.length > 0 ? addresses : [route('A', null)])]
}

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':')

const needsAlias = (host: string, place: ServerPlace): boolean =>
  !isApex(host) && !isAddress(place.host)

/** The server's place before anything was looked up: all that is known when it is an address. */
export function placeOfHost(host: string): ServerPlace {
  if (host === 'localhost') return { host, v4: ['127.0.0.1'], v6: ['::1'] }
  if (!isAddress(host)) return { host, v4: [], v6: [] }
  return host.includes(':') ? { host, v4: [], v6: [host] } : { host, v4: [host], v6: [] }
}

/** Records to set, with what the last check saw of each. */
export function withFindings(
  records: readonly DnsRecord[],
  findings: readonly Finding[] | null,
): Finding[] {
  return records.map((record) => {
    const found = findings?.find(
      ({ type, name, value }) =>
        type === record.type && name === record.name && value === record.value,
    )
    return found ?? { ...record, status: 'unchecked', seen: [], message: instruction(record) }
  })
}

/** What to do where a record is not yet set. */
export function instruction({ type, name, value }: DnsRecord): string {
  if (value === null) return `Set an ${type} record of ${name} to this server's address.`
  if (type === 'TXT') return `Add a TXT record named ${name} with the text "${value}".`
  const article = type === 'A' || type === 'AAAA' ? 'an' : 'a'
  return `Set ${article} ${type} record of ${name} to ${value}.`
}
