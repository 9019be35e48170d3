import type { Place } from '../../platform/geo'
import type { SpotVerdict } from './verdict'

/** What a redirect knows of a visit. No address: the visitor is already a hash. */
export type Visit = {
  linkNo: number
  workspaceNo: number
  /** 48 bits, signed. */
  visitor: number
  isHead: boolean
  isPrefetch: boolean
  place: Place
  userAgent: string
  referrer: string
  /** The query asked for, then that of the target: the first `utm_` of a name counts. */
  query: string
  /** Keys of the variant shown and of the rule that decided; empty for none. */
  variant: string
  rule: string
  /** What the redirect took it for, where it had to know at once: then the click is that. */
  verdict?: SpotVerdict | undefined
}

/** A visit as read from the spool. */
export type RecordedVisit = Visit & { id: number; at: number }

/** Left free at the start of a frame for the spool's length and checksum. */
export const FRAME_HEADER_BYTES = 8

const USER_AGENT_LENGTH_MAX = 512
const REFERRER_LENGTH_MAX = 512
const QUERY_LENGTH_MAX = 2048
const PLACE_LENGTH_MAX = 80
const KEY_LENGTH_MAX = 16

const HEAD = 1
const PREFETCH = 2
/** The keys of a variant and a rule follow the other texts. */
const DECIDED = 4
/** From this bit on: 0, or one more than the place in {@link SPOT_VERDICTS}. */
const VERDICT_SHIFT = 5
const SPOT_VERDICTS = ['human', 'bot', 'preview', 'prefetch'] as const satisfies SpotVerdict[]

const verdictBits = (verdict: SpotVerdict | undefined): number =>
  verdict === undefined ? 0 : (SPOT_VERDICTS.indexOf(verdict) + 1) << VERDICT_SHIFT

/** First id and time, as doubles: both exceed 32 bits and fit 53. */
const START_BYTES = 16
/** Keys, visitor, flags and the lengths of the texts that follow. */
const FIXED_BYTES = 26
/** UTF-8 of a UTF-16 unit is at most three bytes. */
const TEXT_BYTES_MAX =
  3 * (USER_AGENT_LENGTH_MAX + REFERRER_LENGTH_MAX + QUERY_LENGTH_MAX + 3 * PLACE_LENGTH_MAX) +
  2 * (3 * KEY_LENGTH_MAX + 1)

const clip = (text: string, lengthMax: number): string =>
  text.length > lengthMax ? text.slice(0, lengthMax) : text

/**
 * The visits of one turn as bytes. Written field by field at once: keeping the request's texts
 * until the end of the turn (as one long text) cost 2.4 µs a visit, this costs 0.3.
 */
export type FrameEncoder = {
  /** Starts over: the id of the first visit (the others follow) and their common time. */
  begin(firstId: number, atMs: number): void
  add(visit: Omit<Visit, 'visitor'>, visitor: number): void
  /** The frame with its header left free; valid until the next `begin`. */
  bytes(): Buffer
}

export function createFrameEncoder(): FrameEncoder {
  let buffer = Buffer.allocUnsafe(128 * 1024)
  let view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  let end = 0

  function grow(): void {
    const larger = Buffer.allocUnsafe(buffer.length * 2)
    buffer.copy(larger, 0, 0, end)
    buffer = larger
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  function append(text: string, lengthMax: number): number {
    if (text === '') return 0
    const written = buffer.write(clip(text, lengthMax), end, 'utf8')
    end += written
    return written
  }

  /** Its length, then the text. */
  function appendKey(key: string): void {
    const at = end
    end += 1
    view.setUint8(at, append(key, KEY_LENGTH_MAX))
  }

  return {
    begin(firstId, atMs) {
      view.setFloat64(FRAME_HEADER_BYTES, firstId, true)
      view.setFloat64(FRAME_HEADER_BYTES + 8, atMs, true)
      end = FRAME_HEADER_BYTES + START_BYTES
    },
    add(visit, visitor) {
      if (end + FIXED_BYTES + TEXT_BYTES_MAX > buffer.length) grow()
      const start = end
      const { place } = visit
      end += FIXED_BYTES
      view.setUint32(start, visit.linkNo, true)
      view.setUint32(start + 4, visit.workspaceNo, true)
      view.setFloat64(start + 8, visitor, true)
      const isDecided = visit.variant !== '' || visit.rule !== ''
      const flags = (visit.isHead ? HEAD : 0) | (visit.isPrefetch ? PREFETCH : 0)
      view.setUint8(start + 16, flags | (isDecided ? DECIDED : 0) | verdictBits(visit.verdict))
      view.setUint8(start + 17, append(place.country, PLACE_LENGTH_MAX))
      view.setUint8(start + 18, append(place.region, PLACE_LENGTH_MAX))
      view.setUint8(start + 19, append(place.city, PLACE_LENGTH_MAX))
      view.setUint16(start + 20, append(visit.userAgent, USER_AGENT_LENGTH_MAX), true)
      view.setUint16(start + 22, append(visit.referrer, REFERRER_LENGTH_MAX), true)
      view.setUint16(start + 24, append(visit.query, QUERY_LENGTH_MAX), true)
      if (isDecided) {
        appendKey(visit.variant)
        appendKey(visit.rule)
      }
    },
    bytes() {
      return buffer.subarray(0, end)
    },
  }
}

const UNDECIDED = { variant: '', rule: '' }

/**
 * The visits of a frame without its header, in order; with `isWanted` only those of some links,
 * the others being passed over without reading their texts.
 */
export function decodeVisits(
  payload: Buffer,
  isWanted?: (linkNo: number) => boolean,
): RecordedVisit[] {
  const visits: RecordedVisit[] = []
  let end = START_BYTES

  function text(length: number): string {
    end += length
    return length === 0 ? '' : payload.toString('utf8', end - length, end)
  }

  function key(): string {
    end += 1
    return text(payload.readUInt8(end - 1))
  }

  /** Moves `end` from behind the fixed part of the visit at `start` to the next one. */
  function skip(start: number, flags: number): void {
    for (const place of [17, 18, 19]) end += payload.readUInt8(start + place)
    for (const place of [20, 22, 24]) end += payload.readUInt16LE(start + place)
    if ((flags & DECIDED) === 0) return
    for (let keys = 0; keys < 2; keys++) end += 1 + payload.readUInt8(end)
  }

  let id = payload.readDoubleLE(0) - 1
  const at = payload.readDoubleLE(8)
  while (end < payload.length) {
    const start = end
    const flags = payload.readUInt8(start + 16)
    const linkNo = payload.readUInt32LE(start)
    end += FIXED_BYTES
    id += 1
    if (isWanted !== undefined && !isWanted(linkNo)) {
      skip(start, flags)
      continue
    }
    visits.push({
      id,
      at,
      linkNo,
      workspaceNo: payload.readUInt32LE(start + 4),
      visitor: payload.readDoubleLE(start + 8),
      isHead: (flags & HEAD) !== 0,
      isPrefetch: (flags & PREFETCH) !== 0,
      verdict: SPOT_VERDICTS[(flags >> VERDICT_SHIFT) - 1],
      place: {
        country: text(payload.readUInt8(start + 17)),
        region: text(payload.readUInt8(start + 18)),
        city: text(payload.readUInt8(start + 19)),
      },
      userAgent: text(payload.readUInt16LE(start + 20)),
      referrer: text(payload.readUInt16LE(start + 22)),
      query: text(payload.readUInt16LE(start + 24)),
      ...((flags & DECIDED) !== 0 ? { variant: key(), rule: key() } : UNDECIDED),
    })
  }
  return visits
}
