import { deriveKey } from '../../core/secret'

/** Who draws: known only for the length of a request, and never stored. */
export type Drawer = { linkNo: number; address: string; userAgent: string }

/**
 * A number from 0 (included) to 1 (excluded) that is the same whenever the same visitor of a link
 * draws for the same `label`, and unrelated for any other label, visitor or link: the first 48
 * bits of HMAC-SHA-256 under a key of APP_SECRET. Across restarts, without a cookie.
 */
export type Draw = (drawer: Drawer, label: string) => number

const RANGE = 2 ** 48

/** One keyed hash a draw, as the visitor's own. */
export function createDraw(appSecret: string): Draw {
  const keyed = new Bun.CryptoHasher('sha256', deriveKey(appSecret, 'visitor-draw'))
  const digest = Buffer.alloc(64)
  return ({ linkNo, address, userAgent }, label) => {
    keyed.copy().update(`${label}\n${linkNo}\n${address}\n${userAgent}`).digest(digest)
    return digest.readUIntLE(0, 6) / RANGE
  }
}
