import { crc32 } from 'node:zlib'
import { invalid } from '../../core/errors'

export const PICTURE_BYTES_MAX = 10 * 1024 * 1024
/** What a decoder would have to unpack; a small file can ask for a lot. */
const SIDE_MAX = 16_384
const PIXELS_MAX = 40_000_000

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp'] as const
export type PictureType = (typeof PICTURE_TYPES)[number]

/** A raster picture as its own bytes describe it. */
export type PictureFacts = { mediaType: PictureType; width: number; height: number }

type Size = { width: number; height: number }

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Chunks from IHDR to IEND, each with its checksum (W3C PNG, 5.3); null for anything else. */
function pngSize(bytes: Buffer): Size | null {
  let size: Size | null = null
  let hasData = false
  for (let at = PNG_SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const end = at + 8 + length
    if (end + 4 > bytes.length) return null
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return null
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (size === null) {
      if (type !== 'IHDR' || length !== 13) return null
      size = { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) }
    }
    hasData ||= type === 'IDAT'
    if (type === 'IEND') return hasData && end + 4 === bytes.length ? size : null
    at = end + 4
  }
  return null
}

/** Start of frame: baseline, extended and progressive Huffman coding (ITU T.81, table B.1). */
const FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2]

/** Segments up to the scan, which ends with the end of the image (ITU T.81, B.1); else null. */
function jpegSize(bytes: Buffer): Size | null {
  let size: Size | null = null
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at++
      continue
    }
    const length = bytes.readUInt16BE(at + 2)
    if (length < 2 || at + 2 + length > bytes.length) return null
    if (FRAMES.includes(marker) && length >= 8) {
      size = { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
    }
    if (marker === 0xda)
      return bytes.lastIndexOf('\xff\xd9', undefined, 'latin1') > at ? size : null
    at += 2 + length
  }
  return null
}

const uint24 = (bytes: Buffer, at: number): number => bytes.readUIntLE(at, 3)

/** The first chunk of the container (RFC 9649, 2); null for anything else. */
function webpSize(bytes: Buffer): Size | null {
  if (bytes.length < 30 || bytes.readUInt32LE(4) + 8 !== bytes.length) return null
  const type = bytes.toString('latin1', 12, 16)
  if (type === 'VP8X') return { width: uint24(bytes, 24) + 1, height: uint24(bytes, 27) + 1 }
  if (type === 'VP8L' && bytes[20] === 0x2f) {
    const packed = bytes.readUInt32LE(21)
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 }
  }
  if (type !== 'VP8 ' || uint24(bytes, 23) !== 0x2a019d) return null
  return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
}

function readPicture(bytes: Buffer): PictureFacts | null {
  const typed = (mediaType: PictureType, size: Size | null) => size && { mediaType, ...size }
  if (bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return typed('image/png', pngSize(bytes))
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return typed('image/jpeg', jpegSize(bytes))
  const [riff, webp] = [bytes.toString('latin1', 0, 4), bytes.toString('latin1', 8, 12)]
  return riff === 'RIFF' && webp === 'WEBP' ? typed('image/webp', webpSize(bytes)) : null
}

/**
 * What a file is by its bytes, whatever it is called; nothing is unpacked. Throws
 * `validation_failed` for anything but a whole PNG, JPEG or WebP of a size that can be looked at.
 */
export function requirePicture(bytes: Buffer): PictureFacts {
  const picture = readPicture(bytes)
  if (picture === null || picture.width === 0 || picture.height === 0) {
    throw invalid('file', 'Send a whole PNG, JPEG or WebP picture; SVG and others are refused.')
  }
  const { width, height } = picture
  if (Math.max(width, height) > SIDE_MAX || width * height > PIXELS_MAX) {
    throw invalid(
      'file',
      `The picture has ${width} × ${height} pixels; at most ${SIDE_MAX} a side and 40 million in all.`,
    )
  }
  return picture
}
