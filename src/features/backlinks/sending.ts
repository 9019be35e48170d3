import { ENCODINGS } from '../../core/content-encoding'
import { headerOf } from '../../core/header'
import type { Internet } from '../../platform/internet'
import { type Allowance, AllowanceSpent, createGate, type Gate } from './allowance'
import { OUR_BOT } from './bots'

/** Who asks, for people who read their logs. */
export const userAgentOf = (publicUrl: string): string => `${OUR_BOT}/1.0 (+${publicUrl})`

export type Sent = {
  status: number
  headers: readonly (readonly [name: string, value: string])[]
  /** The address that a redirect names, in the characters of its author; null without one. */
  location: string | null
  body: Uint8Array
  truncated: boolean
}

export type Sending = {
  url: string
  accept: string
  timeoutMs: number
  bytesMax: number
  signal?: AbortSignal | undefined
  headers?: Readonly<Record<string, string>> | undefined
}

/** One GET within the allowance. Rejects with {@link AllowanceSpent} or an `OutboundError`. */
export type Send = (request: Sending) => Promise<Sent>

/** Requests to one host at a time. */
const PER_HOST = 4

export type HostGates = (host: string) => Gate

export function createHostGates(): HostGates {
  const gates = new Map<string, Gate>()
  return (host) => {
    const gate = gates.get(host) ?? createGate(PER_HOST)
    gates.set(host, gate)
    return gate
  }
}

/** Headers come as bytes; many servers write addresses in UTF-8 into them. */
export function headerText(value: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? value : text
}

/** The way to other people's pages: named honestly, counted, few at a time. */
export function createSend(
  deps: { internet: Internet; publicUrl: () => string; gates: HostGates },
  allowance: Allowance,
): Send {
  const { internet, publicUrl, gates } = deps
  return ({ url, accept, timeoutMs, bytesMax, signal, headers }) =>
    gates(new URL(url).host)(async () => {
      if (!allowance.take()) throw new AllowanceSpent('no requests left')
      const answer = await internet.request({
        ...{ url, method: 'GET' as const, timeoutMs, responseBytesMax: bytesMax, signal },
        schemes: ['http', 'https'],
        keepAlive: true,
        headers: {
          'user-agent': userAgentOf(publicUrl()),
          accept,
          'accept-encoding': ENCODINGS,
          ...headers,
        },
      })
      const location = headerOf(answer.headers, 'location')?.trim()
      return { ...answer, location: location ? headerText(location) : null }
    })
}
