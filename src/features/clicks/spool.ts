import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { FRAME_HEADER_BYTES } from './visit'

/** Segments are files of a directory, named by their number; the newest is being written. */
const SEGMENT_NAME = /^\d{10}$/
export const SEGMENT_SIZE_BYTES_MAX = 4 * 1024 * 1024
/** No turn writes more; a longer length is a torn or foreign header. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024

/** Where the spool lies in a data directory. */
export const spoolDirectory = (dataDir: string): string => join(dataDir, 'clicks.spool')

/** File name of a segment. */
export const segmentName = (segment: number): string => String(segment).padStart(10, '0')

const segmentPath = (directory: string, segment: number): string =>
  join(directory, segmentName(segment))

/** Numbers of the segments that exist, oldest first. */
export function listSegments(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => SEGMENT_NAME.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

export type SpoolWriter = {
  /**
   * Appends a frame, whose first bytes are left free for its header, with one write. Throws what
   * the disk says, and then nothing was added.
   */
  append(frame: Buffer): void
  close(): void
}

export type SpoolWriterOptions = {
  directory: string
  /** The segment that the reader has reached: a new one comes after it, whatever files are gone. */
  after?: number
  segmentSizeBytesMax?: number
  /** Stands in for the kernel where a test fills the disk. */
  write?: (fd: number, bytes: Uint8Array, offset: number, length: number, at: number) => number
}

/** Opens a fresh segment after those that exist, so that a torn tail is never written behind. */
export function openSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { directory, after = 0 } = options
  const { segmentSizeBytesMax = SEGMENT_SIZE_BYTES_MAX, write = writeSync } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  let segment = Math.max(listSegments(directory).at(-1) ?? 0, after) + 1
  let fd = openSync(segmentPath(directory, segment), 'wx', 0o600)
  let size = 0

  function rotate(): void {
    const next = openSync(segmentPath(directory, segment + 1), 'wx', 0o600)
    closeSync(fd)
    fd = next
    segment += 1
    size = 0
  }

  function writeWhole(frame: Buffer): void {
    let done = 0
    try {
      while (done < frame.length) {
        done += write(fd, frame, done, frame.length - done, size + done)
      }
    } catch (error) {
      // The next frame goes to the same place, so that half a frame never hides a whole one.
      try {
        ftruncateSync(fd, size)
      } catch {}
      throw error
    }
  }

  return {
    append(frame) {
      if (size >= segmentSizeBytesMax) rotate()
      const payload = frame.subarray(FRAME_HEADER_BYTES)
      frame.writeUInt32LE(payload.length, 0)
      frame.writeUInt32LE(Bun.hash.crc32(payload), 4)
      writeWhole(frame)
      size += frame.length
    },
    close() {
      closeSync(fd)
    },
  }
}

/** A place in the spool: everything before it is committed. */
export type SpoolPlace = { segment: number; offset: number }

/** Bytes of the spool that are not committed yet. */
export function spoolBacklogBytes(directory: string, place: SpoolPlace): number {
  let sizeBytes = 0
  for (const segment of listSegments(directory)) {
    if (segment < place.segment) continue
    // The Worker may have removed it since it was listed.
    const file = statSync(segmentPath(directory, segment), { throwIfNoEntry: false })
    sizeBytes += (file?.size ?? 0) - (segment === place.segment ? place.offset : 0)
  }
  return Math.max(0, sizeBytes)
}

/** Behind the last frame that was written; the very beginning of an empty spool. */
export function spoolEnd(directory: string): SpoolPlace {
  for (const segment of listSegments(directory).reverse()) {
    const offset = statSync(segmentPath(directory, segment), { throwIfNoEntry: false })?.size ?? 0
    if (offset > 0) return { segment, offset }
  }
  return { segment: 0, offset: 0 }
}

export type SpoolFrame = {
  payload: Buffer
  /** Where the next frame begins. */
  next: SpoolPlace
}

export type SpoolReader = {
  /** The frame at `place`, or undefined when nothing more has been written yet. */
  read(place: SpoolPlace): SpoolFrame | undefined
  /** Deletes the segments before `segment`. */
  forget(segment: number): void
  close(): void
}

/** Reads frames in order across segments, from any place on, beside a writer in another thread. */
export function openSpoolReader(options: {
  directory: string
  /** Told about bytes that no answer depended on: the torn tail of a segment that is complete. */
  onTorn?: (place: SpoolPlace, sizeBytes: number) => void
}): SpoolReader {
  const { directory, onTorn } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  let open: { segment: number; fd: number; bytes: Buffer; start: number } | undefined

  function select(segment: number): NonNullable<typeof open> {
    if (open?.segment === segment) return open
    if (open) closeSync(open.fd)
    const fd = openSync(segmentPath(directory, segment), 'r')
    open = { segment, fd, bytes: Buffer.alloc(0), start: 0 }
    return open
  }

  /** The bytes from `offset` on, read in one go and kept for the frames that follow. */
  function bytesAt(segment: number, offset: number, reload: boolean): Buffer {
    const file = select(segment)
    const held = offset - file.start
    if (!reload && held >= 0 && held < file.bytes.length) return file.bytes.subarray(held)
    const length = Math.max(0, fstatSync(file.fd).size - offset)
    const bytes = Buffer.allocUnsafe(length)
    const count = length > 0 ? readSync(file.fd, bytes, 0, length, offset) : 0
    file.bytes = bytes.subarray(0, count)
    file.start = offset
    return file.bytes
  }

  function frameAt(place: SpoolPlace): SpoolFrame | undefined {
    for (const reload of [false, true]) {
      const bytes = bytesAt(place.segment, place.offset, reload)
      const payload = payloadOf(bytes)
      if (payload === undefined) continue
      const offset = place.offset + FRAME_HEADER_BYTES + payload.length
      return { payload, next: { segment: place.segment, offset } }
    }
    return undefined
  }

  return {
    read(place) {
      let at = place
      for (;;) {
        if (open?.segment === at.segment) {
          const frame = frameAt(at)
          if (frame) return frame
        }
        const [first, following] = listSegments(directory).filter((no) => no >= at.segment)
        if (first === undefined) return undefined
        if (first > at.segment) at = { segment: first, offset: 0 }
        // Again, since frames may have come before the segment that follows was listed.
        const frame = frameAt(at)
        if (frame) return frame
        if (following === undefined) return undefined
        // A later segment exists, so this one is complete: what is left of it is torn.
        const torn = bytesAt(at.segment, at.offset, true).length
        if (torn > 0) onTorn?.(at, torn)
        at = { segment: following, offset: 0 }
      }
    },
    forget(segment) {
      for (const old of listSegments(directory)) {
        if (old < segment) rmSync(segmentPath(directory, old), { force: true })
      }
    },
    close() {
      if (open) closeSync(open.fd)
      open = undefined
    },
  }
}

/** The payload of the frame that `bytes` begin with, or undefined when it is not whole. */
function payloadOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined
  const length = bytes.readUInt32LE(0)
  if (length === 0 || length > PAYLOAD_BYTES_MAX) return undefined
  if (bytes.length < FRAME_HEADER_BYTES + length) return undefined
  const payload = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length)
  if (Bun.hash.crc32(payload) !== bytes.readUInt32LE(4)) return undefined
  return payload
}
