import { expect } from 'bun:test'
import type { OutboundRequest } from '../../src/platform/exchange'
import { createInternet } from '../../src/platform/internet'
import { OutboundError, type OutboundReason } from '../../src/platform/outbound-error'

/** A name that the tests' DNS sends to loopback, and that the allow list covers. */
export const ALLOWED = 'hooks.example.com'

/** Both ports, with DNS that answers `resolve` and exceptions for {@link ALLOWED} by default. */
export function internetWith(
  resolve: (host: string) => Promise<string[]> = async () => ['127.0.0.1'],
  extra: { outboundAllow?: string[]; ca?: string } = {},
) {
  return createInternet({ outboundAllow: [ALLOWED], dnsServers: [], resolve, ...extra })
}

/** A GET with room for two seconds and 64 KiB. */
export const get = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  method: 'GET',
  timeoutMs: 2_000,
  responseBytesMax: 65_536,
  ...more,
})

/** The error of work that must fail. */
export async function failure(work: Promise<unknown>): Promise<OutboundError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof OutboundError) return error
  throw new Error(`Expected an OutboundError, got ${String(error)}.`)
}

export const expectFailure = async (work: Promise<unknown>, reason: OutboundReason) =>
  expect((await failure(work)).reason).toBe(reason)
