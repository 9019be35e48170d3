import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** When the certificate of a host begins and ends to be valid, in milliseconds. */
export type Validity = { from: number; until: number }

/** Of the certificate that the other end of an open connection showed; null where there is none. */
export function validityOf(socket: Socket): Validity | null {
  if (!(socket instanceof TLSSocket)) return null
  const { valid_from: begins, valid_to: ends } = socket.getPeerCertificate()
  const [from, until] = [Date.parse(begins), Date.parse(ends)]
  return Number.isNaN(from) || Number.isNaN(until) ? null : { from, until }
}
