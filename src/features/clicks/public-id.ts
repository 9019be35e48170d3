import { timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../core/secret'
import { timeOfId } from './click-id'

/** Which click of which link. */
export type ClickRef = {
  /** As in `clicks.id`. */
  id: number
  linkNo: number
}

export type ClickIds = ReturnType<typeof createClickIds>

/** The key of {@link createClickIds}, for this thread and the others. */
export const clickIdKey = (appSecret: string): Uint8Array => deriveKey(appSecret, 'click-id')

// Crockford's base 32 in lower case, as in every other id: byte order equals numeric order.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const PREFIX = 'clk_'
/** Characters of the click (55 bits), its link (35) and the MAC (65). */
const CLICK_LENGTH = 11
const LINK_LENGTH = 7
const MAC_LENGTH = 13
const CLICK_START = PREFIX.length
const LINK_START = CLICK_START + CLICK_LENGTH
const MAC_START = LINK_START + LINK_LENGTH
const ID_LENGTH = MAC_START + MAC_LENGTH
/** A click's number is taken apart in two, since bits are counted up to 32 at a time. */
const LOW_LENGTH = 6
const LOW_RANGE = 32 ** LOW_LENGTH
const CODES = Buffer.from(ALPHABET)
const FORM = new RegExp(`^${PREFIX}[${ALPHABET}]{${CLICK_LENGTH + LINK_LENGTH + MAC_LENGTH}}$`)

/**
 * Public ids of clicks, `clk_` and 31 characters: the click's number, which holds its time, the
 * number of its link, and 65 bits of HMAC-SHA-256 over both and the workspace. So an id is known to
 * be ours, and of this workspace, before its click is stored and after it was dropped. What an id
 * was made of never changes: the same click has the same id wherever it is shown.
 */
export function createClickIds(key: Uint8Array) {
  const keyed = new Bun.CryptoHasher('sha256', key)
  // Bun asks for room for its longest digest.
  const digest = Buffer.alloc(64)
  // One id after the other is put together here, byte by byte: exports make millions.
  const bytes = Buffer.from(PREFIX.padEnd(ID_LENGTH, '0'))
  const body = bytes.subarray(CLICK_START, MAC_START)

  function put(value: number, from: number, length: number): void {
    let rest = value
    for (let at = from + length - 1; at >= from; at--) {
      bytes[at] = CODES[rest & 31] ?? 0
      rest >>>= 5
    }
  }

  function putMac(workspaceNo: number): void {
    keyed.copy().update(`${workspaceNo}.`).update(body).digest(digest)
    for (let at = 0; at < MAC_LENGTH; at++) {
      bytes[MAC_START + at] = CODES[(digest[at] ?? 0) & 31] ?? 0
    }
  }

  function textOf({ id, linkNo, workspaceNo }: ClickRef & { workspaceNo: number }): string {
    const high = Math.floor(id / LOW_RANGE)
    put(high, CLICK_START, CLICK_LENGTH - LOW_LENGTH)
    put(id - high * LOW_RANGE, LINK_START - LOW_LENGTH, LOW_LENGTH)
    put(linkNo, LINK_START, LINK_LENGTH)
    putMac(workspaceNo)
    return bytes.toString('latin1')
  }

  return {
    /** For the same ids in another thread. */
    key,

    /** When a click was. */
    timeOf: timeOfId,

    /** The public id of a click. */
    textOf,

    /** What an id names; undefined when it was not made here for this workspace. */
    read(text: string, workspaceNo: number): (ClickRef & { at: number }) | undefined {
      if (!FORM.test(text)) return undefined
      const id = decode(text.slice(CLICK_START, LINK_START))
      const linkNo = decode(text.slice(LINK_START, MAC_START))
      const expected = textOf({ id, linkNo, workspaceNo })
      if (!timingSafeEqual(Buffer.from(text), Buffer.from(expected))) return undefined
      return { id, linkNo, at: timeOfId(id) }
    },
  }
}

function decode(text: string): number {
  let value = 0
  for (const character of text) value = value * 32 + ALPHABET.indexOf(character)
  return value
}
