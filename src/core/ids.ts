/** Every public id starts with one of these and an underscore (contract §1). */
export const ID_PREFIXES = [
  'ws',
  'usr',
  'mem',
  'ses',
  'key',
  'link',
  'clk',
  'dom',
  'fold',
  'tag',
  'utm',
  'imp',
  'cus',
  'conv',
  'proj',
  'scan',
  'act',
  'site',
  'job',
  'sbm',
  'bl',
  'prm',
  'cmp',
  'run',
  'ans',
  'ana',
  'whe',
  'evt',
  'dlv',
  'att',
  'rep',
  'plan',
  'sbs',
  'bill',
  'inv',
  'aud',
  'req',
  'mail',
  'grp',
  'cron',
] as const

export type IdPrefix = (typeof ID_PREFIXES)[number]

// Crockford's base 32 in lower case: no i, l, o, u, and byte order equals numeric order.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** `nowMs` as ten base-32 characters, so that ids sort by the time they were made. */
function encodeTime(nowMs: number): string {
  let rest = nowMs
  let text = ''
  for (let i = 0; i < 10; i++) {
    text = (ALPHABET[rest % 32] ?? '') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

const pool = new Uint8Array(4096)
let poolAt = pool.length

/** `length` characters of 5 random bits each, drawn from the system's generator in blocks. */
function randomText(length: number): string {
  if (poolAt + length > pool.length) {
    crypto.getRandomValues(pool)
    poolAt = 0
  }
  let text = ''
  for (let i = 0; i < length; i++) text += ALPHABET[(pool[poolAt + i] ?? 0) & 31]
  poolAt += length
  return text
}

/** An opaque id: prefix, 48 bits of time, 80 random bits (the layout of a ULID). */
export function newId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}_${encodeTime(nowMs)}${randomText(16)}`
}
