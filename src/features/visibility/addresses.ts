import { parse } from 'tldts'
import { kindBefore, kindOf, WORD } from './characters'

/** An address in the prose of an answer, by its place in the folded text. */
export type Address = { start: number; end: number; host: { start: number; end: number } }

export type Range = { start: number; end: number }

// A comma, and the full stops of other scripts, end an address that has no space behind it.
const URL_END = `\\s<>"'\`(){}\\[\\]|,。、；：！？」』）】》`
const SCHEME = new RegExp(`(?:https?://|www\\.)[^${URL_END}]+`, 'g')
const REST_OF_URL = new RegExp(`[/:?#][^${URL_END}]*`, 'y')

const LOCAL_PART_MAX = 64

/** Addresses with a scheme or `www.`. */
export function fullAddresses(text: string): Address[] {
  return [...text.matchAll(SCHEME)].flatMap(({ 0: whole, index }) => {
    if (kindBefore(text, index) === WORD) return []
    const scheme = /^https?:\/\//.exec(whole)?.[0].length ?? 0
    const authority = /^[^/?#]*/.exec(whole.slice(scheme))?.[0] ?? ''
    const userInfo = authority.lastIndexOf('@') + 1
    const host = authority.slice(userInfo).replace(/:\d*$/, '').replace(/\.+$/, '')
    const start = index + scheme + userInfo
    return [
      {
        ...{ start: index, end: index + whole.length },
        host: { start, end: start + host.length },
      },
    ]
  })
}

const DOT = 0x2e
const HYPHEN = 0x2d

const isHostCode = (code: number): boolean =>
  code === DOT || code === HYPHEN || (code !== 0x5f && kindOf(code) === WORD)

/** Host names without a scheme, such as `example.com`, and what follows or precedes them. */
export type BareHost = Address & { isEmail: boolean; hasPath: boolean }

/**
 * Finds `example.com`, `example.com/page` and `me@example.com`. `isCapitalised` tells whether the
 * original has a capital at a place and none behind it: then a full stop without a space behind it
 * ended a sentence, as in "I use Acme.It works".
 */
export function bareHosts(text: string, isCapitalised: (range: Range) => boolean): BareHost[] {
  const found: BareHost[] = []
  let from = 0
  for (let dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', from)) {
    let start = dot
    while (start > from && isHostCode(text.charCodeAt(start - 1))) start--
    let end = dot
    while (end < text.length && isHostCode(text.charCodeAt(end))) end++
    from = Math.max(end, dot + 1)
    while (start < end && !isLetterOrDigit(text, start)) start++
    while (end > start && !isLetterOrDigit(text, end - 1)) end--
    const host = { start, end }
    if (!isHostName(text, host, isCapitalised)) continue
    const local = localPartBefore(text, start)
    REST_OF_URL.lastIndex = end
    const rest = REST_OF_URL.exec(text)?.[0] ?? ''
    // A colon or a question mark behind a host belongs to the sentence, unless more follows.
    const hasPath = /^\/|^[:?#][\w%]/.test(rest)
    const addressEnd = hasPath ? end + rest.length : end
    from = Math.max(from, addressEnd)
    found.push({ start: local, end: addressEnd, host, isEmail: local < start, hasPath })
  }
  return found
}

const isLetterOrDigit = (text: string, at: number): boolean =>
  kindOf(text.charCodeAt(at)) === WORD && text[at] !== '_'

function isHostName(text: string, host: Range, isCapitalised: (range: Range) => boolean): boolean {
  if (host.end - host.start > 253) return false
  const name = text.slice(host.start, host.end)
  const lastDot = name.lastIndexOf('.')
  if (lastDot < 1 || name.includes('..')) return false
  if (!/^[a-z]{2,}$/.test(name.slice(lastDot + 1))) return false
  if (isCapitalised({ start: host.start + lastDot + 1, end: host.end })) return false
  const { isIcann, domain } = parse(name)
  return isIcann === true && domain !== null
}

function localPartBefore(text: string, host: number): number {
  if (text[host - 1] !== '@') return host
  let start = host - 1
  const least = Math.max(0, start - LOCAL_PART_MAX)
  while (start > least && /[\w.%+-]/.test(text[start - 1] ?? '')) start--
  return start < host - 1 ? start : host
}
