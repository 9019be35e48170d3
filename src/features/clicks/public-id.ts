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

  function macOf(workspaceNo: number, body: string): string {
    keyed.copy().update(`${workspaceNo}.${body}`).digest(digest)
    let text = ''
    for (let at = 0; at < MAC_LENGTH; at++) text += ALPHABET[(digest[at] ?? 0) & 31]
    return text
  }

  return {
    /** For the same ids in another thread. */
    key,

    /** When a click was. */
    timeOf: timeOfId,

    /** The public id of a click. */
    textOf({ id, linkNo, workspaceNo }: ClickRef & { workspaceNo: number }): string {
      const body = encode(id, CLICK_LENGTH) + encode(linkNo, LINK_LENGTH)
      return PREFIX + body + macOf(workspaceNo, body)
    },

    /** What an id names; undefined when it was not made here for this workspace. */
    read(text: string, workspaceNo: number): (ClickRef & { at: number }) | undefined {
      if (!FORM.test(text)) return undefined
      const linkStart = PREFIX.length + CLICK_LENGTH
      const macStart = linkStart + LINK_LENGTH
      const expected = macOf(workspaceNo, text.slice(PREFIX.length, macStart))
      if (!timingSafeEqual(Buffer.from(text.slice(macStart)), Buffer.from(expected))) {
        return undefined
      }
      const id = decode(text.slice(PREFIX.length, linkStart))
      return { id, linkNo: decode(text.slice(linkStart, macStart)), at: timeOfId(id) }
    },
  }
}

function encode(value: number, length: number): string {
  let rest = value
  let text = ''
  for (let at = 0; at < length; at++) {
    text = (ALPHABET[rest % 32] ?? '') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function decode(text: string): number {
  let value = 0
  for (const character of text) value = value * 32 + ALPHABET.indexOf(character)
  return value
}
