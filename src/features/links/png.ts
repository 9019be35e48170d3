import { promisify } from 'node:util'
import { crc32, deflate, inflate } from 'node:zlib'

// Both run on zlib's own threads.
const deflateBytes = promisify(deflate)
const inflateBytes = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate)

export type Rgb = readonly [red: number, green: number, blue: number]

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const PALETTE = 3
const TRUECOLOUR = 2

/** A chunk (PNG specification §5.3): length, type, data, CRC of type and data. */
function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

function header(size: number, bitDepth: number, colourType: number): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(size, 0)
  data.writeUInt32BE(size, 4)
  data[8] = bitDepth
  data[9] = colourType
  return chunk('IHDR', data)
}

/** A square picture of two colours, one bit a pixel; `rows` are packed, without filter bytes. */
export async function encodeTwoColours(
  rows: readonly Uint8Array[],
  light: Rgb,
  dark: Rgb,
): Promise<Buffer<ArrayBuffer>> {
  const width = rows[0]?.length ?? 0
  const raw = Buffer.alloc(rows.length * (width + 1))
  for (const [y, row] of rows.entries()) raw.set(row, y * (width + 1) + 1)
  return Buffer.concat([
    SIGNATURE,
    header(rows.length, 1, PALETTE),
    chunk('PLTE', Buffer.from([...light, ...dark])),
    chunk('IDAT', await deflateBytes(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A square picture of full colour; `rows` hold three bytes a pixel, without filter bytes. */
export async function encodeTruecolour(rows: readonly Uint8Array[]): Promise<Buffer<ArrayBuffer>> {
  const width = rows[0]?.length ?? 0
  const raw = Buffer.alloc(rows.length * (width + 1))
  for (const [y, row] of rows.entries()) raw.set(row, y * (width + 1) + 1)
  return Buffer.concat([
    SIGNATURE,
    header(rows.length, 8, TRUECOLOUR),
    chunk('IDAT', await deflateBytes(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

export type Picture = { width: number; height: number; channels: number; pixels: Uint8Array }

/** Channels of a colour type of eight bits without a palette. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 }

/**
 * The pixels of a PNG that our own pipeline wrote: eight bits a channel, not interlaced, no
 * palette. Throws for any other.
 */
export async function decodePng(png: Buffer): Promise<Picture> {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const channels = CHANNELS[png[25] ?? -1]
  if (png[24] !== 8 || channels === undefined || png[28] !== 0) throw new Error('Another PNG.')
  const data: Buffer[] = []
  for (let at = SIGNATURE.length; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      data.push(png.subarray(at + 8, at + 8 + length))
    }
    at += 12 + length
  }
  const stride = width * channels
  const maxOutputLength = (stride + 1) * height
  const raw = await inflateBytes(Buffer.concat(data), { maxOutputLength })
  const pixels = new Uint8Array(stride * height)
  for (let y = 0; y < height; y++) unfilter(raw, pixels, { y, stride, channels })
  return { width, height, channels, pixels }
}

/** Undoes the filter of one row (PNG specification §9.2). */
function unfilter(
  raw: Uint8Array,
  pixels: Uint8Array,
  { y, stride, channels }: { y: number; stride: number; channels: number },
): void {
  const from = y * (stride + 1)
  const to = y * stride
  const filter = raw[from] ?? 0
  for (let x = 0; x < stride; x++) {
    const left = x < channels ? 0 : (pixels[to + x - channels] ?? 0)
    const up = y === 0 ? 0 : (pixels[to + x - stride] ?? 0)
    const corner = y === 0 || x < channels ? 0 : (pixels[to + x - stride - channels] ?? 0)
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
    pixels[to + x] = (raw[from + 1 + x] ?? 0) + predicted
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner
  const [a, b, c] = [estimate - left, estimate - up, estimate - corner].map(Math.abs)
  if (a === undefined || b === undefined || c === undefined) return 0
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}
