import { createHash } from 'node:crypto'
import { encode } from 'uqr'
import type { Clock } from '../../core/clock'
import { invalid } from '../../core/errors'
import type { Internet } from '../../platform/internet'
import { createLogos, type Logo } from './logo'
import { encodeTruecolour, encodeTwoColours, type Picture, type Rgb } from './png'
import { parseColour, type QrLevel, type QrQuery, requireContrast } from './qr-schema'

/** Part of the side that is kept free for a logo: 8 % of the area, of which level Q restores 25 %. */
const LOGO_SHARE = 0.28
/** Fewer pixels a module and cameras guess. */
const MODULE_PIXELS_MIN = 2

export type QrImage = { body: Buffer<ArrayBuffer> | string; mediaType: string }

export type QrRequest = {
  etag: string
  /** Draws it; costly compared with knowing its `etag`. */
  draw(): Promise<QrImage>
}

/** QR codes of short URLs as pictures. */
export function createQrCodes(deps: { clock: Clock; internet: Internet }) {
  const logos = createLogos(deps)
  return {
    /**
     * Judges the wishes for a code of `text`. Throws `validation_failed` for colours or a size that
     * a scanner could not read, and for a logo that is no picture. Only for `mayFetch` callers is
     * a logo fetched from another host.
     */
    async prepare(
      text: string,
      query: QrQuery,
      options: { mayFetch: boolean },
    ): Promise<QrRequest> {
      const [fg, bg] = [parseColour(query.fg), parseColour(query.bg)]
      requireContrast(fg, bg)
      const logo = query.logo ? await logos.read(query.logo, options) : undefined
      const modules = modulesOf(text, logo ? atLeastQ(query.ecc) : query.ecc, logo !== undefined)
      const code: Code = { modules, margin: query.margin, size: query.size, fg, bg, logo }
      if (query.format === 'png') requirePixels(code)
      const wishes = [text, query.format, query.size, query.margin, query.ecc, fg, bg]
      const hash = createHash('sha256').update(JSON.stringify(wishes))
      if (logo) hash.update(logo.bytes)
      return {
        etag: `"${hash.digest('base64url').slice(0, 22)}"`,
        draw: async () =>
          query.format === 'png'
            ? { body: await drawPng(code), mediaType: 'image/png' }
            : { body: await drawSvg(code), mediaType: 'image/svg+xml; charset=utf-8' },
      }
    },
  }
}

type Code = {
  modules: boolean[][]
  margin: number
  size: number
  fg: Rgb
  bg: Rgb
  logo: Logo | undefined
}

const atLeastQ = (level: QrLevel): QrLevel => (level === 'H' ? 'H' : 'Q')

/** Modules kept free in the middle, odd as the code's side is. */
const freeModules = (side: number): number => Math.floor((side * LOGO_SHARE) / 2) * 2 + 1

/** Dark modules by row and column, without a margin. */
function modulesOf(text: string, ecc: QrLevel, hasLogo: boolean): boolean[][] {
  const { data } = encode(text, { ecc, border: 0, boostEcc: false })
  if (!hasLogo) return data
  const free = freeModules(data.length)
  const from = (data.length - free) / 2
  const isFree = (place: number): boolean => place >= from && place < from + free
  return data.map((row, y) => row.map((isDark, x) => isDark && !(isFree(x) && isFree(y))))
}

/** The picture of a code as inline SVG: black on white with the margin of the standard. */
export const inlineQr = (text: string): string =>
  svgOf({ modules: modulesOf(text, 'M', false), margin: 4, fg: [0, 0, 0], bg: [255, 255, 255] })

const cssOf = (rgb: Rgb): string =>
  `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`

/** Runs of dark modules, one rectangle each. */
function pathOf(modules: boolean[][], margin: number): string {
  let path = ''
  for (const [y, row] of modules.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const start = x
      while (row[x + 1]) x++
      const width = x - start + 1
      path += `M${start + margin} ${y + margin}h${width}v1h-${width}z`
    }
  }
  return path
}

type Drawing = Pick<Code, 'modules' | 'margin' | 'fg' | 'bg'>

function svgOf({ modules, margin, fg, bg }: Drawing, attributes = '', inner = ''): string {
  const side = modules.length + 2 * margin
  return (
    `<svg xmlns="http://www.w3.org/2000/svg"${attributes} viewBox="0 0 ${side} ${side}" ` +
    `shape-rendering="crispEdges"><path fill="${cssOf(bg)}" d="M0 0h${side}v${side}H0z"/>` +
    `<path fill="${cssOf(fg)}" d="${pathOf(modules, margin)}"/>${inner}</svg>`
  )
}

async function drawSvg(code: Code): Promise<string> {
  const { modules, margin, size, logo } = code
  const attributes = ` width="${size}" height="${size}"`
  if (!logo) return svgOf(code, attributes)
  const side = freeModules(modules.length) - 1
  const at = margin + (modules.length - side) / 2
  const data = (await logo.embedded()).toString('base64')
  const image =
    `<image x="${at}" y="${at}" width="${side}" height="${side}" ` +
    `href="data:image/png;base64,${data}"/>`
  return svgOf(code, attributes, image)
}

/** Whole pixels a module, so that no edge is blurred. */
const scaleOf = ({ modules, margin, size }: Code): number =>
  Math.floor(size / (modules.length + 2 * margin))

function requirePixels(code: Code): void {
  if (scaleOf(code) >= MODULE_PIXELS_MIN) return
  const needed = (code.modules.length + 2 * code.margin) * MODULE_PIXELS_MIN
  throw invalid('size', `This code needs a size of at least ${needed} pixels to be readable.`)
}

async function drawPng(code: Code): Promise<Buffer<ArrayBuffer>> {
  const { modules, size, fg, bg, logo } = code
  const scale = scaleOf(code)
  const start = Math.floor((size - modules.length * scale) / 2)
  const rowAt = (y: number): boolean[] | undefined => modules[Math.floor((y - start) / scale)]
  const paint = logo ? truecolourRow : packedRow
  const drawn = new Map<boolean[] | undefined, Uint8Array>()
  const rows = Array.from({ length: size }, (_, y) => {
    const row = rowAt(y)
    const pixels = drawn.get(row) ?? paint({ row, start, scale, size, fg, bg })
    drawn.set(row, pixels)
    return pixels
  })
  if (!logo) return encodeTwoColours(rows, bg, fg)
  const side = (freeModules(modules.length) - 1) * scale
  return encodeTruecolour(withPicture(rows, await logo.fitted(side), bg))
}

type Row = {
  row: boolean[] | undefined
  start: number
  scale: number
  size: number
  fg: Rgb
  bg: Rgb
}

/** One bit a pixel, 1 is dark; what is beyond the code is light. */
function packedRow({ row = [], start, scale, size }: Row): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(size / 8))
  for (const [index, isDark] of row.entries()) {
    if (!isDark) continue
    for (let x = start + index * scale; x < start + (index + 1) * scale; x++) {
      bytes[x >> 3] = (bytes[x >> 3] ?? 0) | (0x80 >> (x & 7))
    }
  }
  return bytes
}

function truecolourRow({ row = [], start, scale, size, fg, bg }: Row): Uint8Array {
  const bytes = new Uint8Array(size * 3)
  for (let x = 0; x < size; x++) {
    bytes.set(row[Math.floor((x - start) / scale)] ? fg : bg, x * 3)
  }
  return bytes
}

/** The rows with a picture in their middle, laid over the ground by its alpha. */
function withPicture(rows: Uint8Array[], picture: Picture, ground: Rgb): Uint8Array[] {
  const { width, height, channels, pixels } = picture
  const left = Math.floor((rows.length - width) / 2)
  const top = Math.floor((rows.length - height) / 2)
  const hasColour = channels >= 3
  const hasAlpha = channels % 2 === 0
  return rows.map((row, y) => {
    if (y < top || y >= top + height) return row
    const painted = row.slice()
    for (let x = 0; x < width; x++) {
      const at = ((y - top) * width + x) * channels
      const alpha = hasAlpha ? (pixels[at + channels - 1] ?? 0) / 255 : 1
      for (const [index, under] of ground.entries()) {
        const over = pixels[at + (hasColour ? index : 0)] ?? 0
        painted[(left + x) * 3 + index] = Math.round(over * alpha + under * (1 - alpha))
      }
    }
    return painted
  })
}
