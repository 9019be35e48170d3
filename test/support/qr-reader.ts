import jsQR from 'jsqr'
import { decodePng } from '../../src/features/links/png'

export type Raster = { data: Uint8ClampedArray; width: number; height: number }

const rgbOf = (colour: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))

/** Pixels of an SVG that we drew: its rectangles of whole modules, eight pixels each. */
export async function rasterOf(svg: string): Promise<Raster> {
  const side = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1])
  const scale = 8
  const width = side * scale
  const data = new Uint8ClampedArray(width * width * 4)
  for (const [, fill = '', path = ''] of svg.matchAll(/<path fill="(#\w{6})" d="([^"]+)"/g)) {
    const colour = [...rgbOf(fill), 255]
    for (const [, x, y, w, h] of path.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)/g)) {
      for (let row = Number(y) * scale; row < (Number(y) + Number(h)) * scale; row++) {
        for (let at = Number(x) * scale; at < (Number(x) + Number(w)) * scale; at++) {
          data.set(colour, (row * width + at) * 4)
        }
      }
    }
  }
  return { data, width, height: width }
}

/** Pixels of any PNG that Bun can read. */
export async function rasterOfPng(png: Uint8Array): Promise<Raster> {
  const again = await new Bun.Image(png).png().buffer()
  const { width, height, channels, pixels } = await decodePng(again)
  const data = new Uint8ClampedArray(width * height * 4)
  for (let at = 0; at < width * height; at++) {
    const channel = (index: number) => pixels[at * channels + (channels >= 3 ? index : 0)] ?? 0
    data.set([channel(0), channel(1), channel(2), 255], at * 4)
  }
  return { data, width, height }
}

/** What a decoder reads, or undefined. */
export const decode = ({ data, width, height }: Raster): string | undefined =>
  jsQR(data, width, height, { inversionAttempts: 'dontInvert' })?.data
