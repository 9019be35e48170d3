import { randomBytes } from 'node:crypto'
import type { EventType } from '../../core/events'

const SECRET_PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** A new signing secret: `whsec_` and base64 of 32 random bytes. */
export function newSigningSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

export type Signable = {
  eventId: string
  type: EventType
  /** The stored bytes, which are sent as they are. */
  body: Uint8Array
  /** When this attempt is made, ms UTC. */
  atMs: number
  /** Every secret valid now, newest first; at least one. */
  secrets: readonly string[]
}

/**
 * The headers by which a receiver knows that a delivery is ours, in three families:
 * Standard Webhooks 1.0.0 (`v1`, HMAC-SHA256 over `id.timestamp.body` under the decoded bytes,
 * one signature per valid secret), `LinkJet-Signature` (hex HMAC over `timestamp.body`) and
 * `X-LinkTJ-Signature` (hex HMAC over the body), the last two under the whole secret text. While
 * two secrets live the hex headers, which hold one signature, are made with the older.
 */
export function signatureHeaders(signable: Signable): Record<string, string> {
  const { eventId, type, body, atMs, secrets } = signable
  const oldest = secrets.at(-1)
  if (oldest === undefined) throw new Error('There is no secret to sign with.')
  const seconds = Math.floor(atMs / 1000)
  const standard = secrets.map((secret) => `v1,${standardSignature(signable, seconds, secret)}`)
  const timed = hmac(oldest).update(`${seconds}.`).update(body).digest('hex')
  return {
    'webhook-id': eventId,
    'webhook-timestamp': String(seconds),
    'webhook-signature': standard.join(' '),
    'LinkJet-Signature': `t=${seconds},v1=${timed}`,
    'X-LinkTJ-Event': type,
    'X-LinkTJ-Signature': hmac(oldest).update(body).digest('hex'),
  }
}

const hmac = (key: string | Buffer) => new Bun.CryptoHasher('sha256', key)

function standardSignature({ eventId, body }: Signable, seconds: number, secret: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
  return hmac(key).update(`${eventId}.${seconds}.`).update(body).digest('base64')
}
