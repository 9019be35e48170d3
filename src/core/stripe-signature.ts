import { createHmac, timingSafeEqual } from 'node:crypto'
import { MINUTE } from './clock'

/** How far the time in a signature may be from ours (docs.stripe.com/webhooks#replay-attacks). */
export const TOLERANCE_MS = 5 * MINUTE

/** More than Stripe ever sends while two secrets live; a longer header is not read to its end. */
const SIGNATURES_MAX = 16
const HEX_SHA256 = /^[0-9a-f]{64}$/

/**
 * Whether a `Stripe-Signature` header, `t=<unix seconds>,v1=<hex>,…`, signs the body as it came:
 * HMAC-SHA256 of `t.body` under the whole text of the secret, one of several `v1` being enough.
 * Other schemes (`v0`) count for nothing. Takes the same time wherever a signature differs.
 */
export function isSignedByStripe(
  header: string,
  { body, secret, nowMs }: { body: Uint8Array; secret: string; nowMs: number },
): boolean {
  const parts = header.split(',', SIGNATURES_MAX).map((part) => part.trim().split('=', 2))
  const valuesOf = (name: string) => parts.flatMap(([key, text = '']) => (key === name ? text : []))
  const [time = '', ...more] = valuesOf('t')
  const isOneTime = more.length === 0 && /^\d{1,12}$/.test(time)
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest()
  const isSigned = valuesOf('v1')
    .filter((text) => HEX_SHA256.test(text))
    .map((text) => timingSafeEqual(Buffer.from(text, 'hex'), expected))
    .includes(true)
  return isOneTime && isSigned && Math.abs(nowMs - Number(time) * 1000) <= TOLERANCE_MS
}
