import { z } from 'zod'
import { invalid } from '../../core/errors'
import type { Rgb } from './png'

export const QR_LEVELS = ['L', 'M', 'Q', 'H'] as const
export type QrLevel = (typeof QR_LEVELS)[number]

const SIZE_MIN = 64
const SIZE_MAX = 2048
/** Measured: without any quiet zone decoders miss codes of low contrast. */
const MARGIN_MIN = 1
const MARGIN_MAX = 16
/** Room for 64 KiB as base64 and what stands before it. */
const LOGO_LENGTH_MAX = 90_000
/** Of luminance, as WCAG 2 §1.4.3 counts it. Measured: a decoder still reads 4.5, but not 3.4. */
const CONTRAST_MIN = 4.5

const whole = (from: number, to: number) =>
  z.coerce
    .number({ error: `must be a number from ${from} to ${to}` })
    .int('must be a whole number')
    .min(from, `must be from ${from} to ${to}`)
    .max(to, `must be from ${from} to ${to}`)

const colour = z
  .string()
  .regex(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, 'must be a colour such as #036 or #003366')

export const QrQuery = z.object({
  format: z.enum(['svg', 'png']).default('svg'),
  size: whole(SIZE_MIN, SIZE_MAX).default(512).describe('Width and height in pixels.'),
  margin: whole(MARGIN_MIN, MARGIN_MAX).default(4).describe('Quiet zone, in modules.'),
  ecc: z.enum(QR_LEVELS).default('M').describe('Error correction; at least Q with a logo.'),
  fg: colour.default('#000000').describe('Colour of the modules: the darker one.'),
  bg: colour.default('#ffffff').describe('Colour of the ground: the lighter one.'),
  logo: z
    .string()
    .max(LOGO_LENGTH_MAX, `must have at most ${LOGO_LENGTH_MAX} characters`)
    .optional()
    .describe('A PNG, JPEG or WebP of at most 64 KiB: a data: URI, or (with a key) an https URL.'),
})
export type QrQuery = z.infer<typeof QrQuery>

/** `#036` and `003366` as three numbers from 0 to 255. */
export function parseColour(text: string): Rgb {
  const digits = text.replace('#', '')
  const full = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const value = Number.parseInt(full, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** Relative luminance from 0 to 1 (WCAG 2, "relative luminance"). */
function luminance([red, green, blue]: Rgb): number {
  const linear = (value: number): number => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/** Throws `validation_failed` for two colours that a scanner could not tell apart. */
export function requireContrast(fg: Rgb, bg: Rgb): void {
  const [dark, light] = [luminance(fg), luminance(bg)]
  if (dark > light) {
    throw invalid('fg', 'Many scanners cannot read a light code on a dark ground. Swap fg and bg.')
  }
  if ((light + 0.05) / (dark + 0.05) < CONTRAST_MIN) {
    throw invalid('fg', 'A scanner could not tell fg from bg. Choose a darker fg or a lighter bg.')
  }
}
