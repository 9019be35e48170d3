/** Red, green and blue from 0 to 255, alpha from 0 to 1. */
export type Color = readonly [red: number, green: number, blue: number, alpha: number]

/** `over` painted on an opaque colour (Porter and Duff, 1984: source over). */
export const painted = (over: Color, under: Color): Color => {
  const alpha = over[3]
  const mix = (from: number, to: number): number => from * alpha + to * (1 - alpha)
  return [mix(over[0], under[0]), mix(over[1], under[1]), mix(over[2], under[2]), 1]
}

/** The one colour that layers make, the nearest first and the last opaque. */
export const flattened = (layers: readonly Color[]): Color =>
  [...layers].reverse().reduce((under, over) => painted(over, under))

/** Relative luminance of sRGB (WCAG 2.2, definition of terms). */
export function luminance([red, green, blue]: Color): number {
  const linear = (byte: number): number => {
    const share = byte / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/** From 1 to 21, whichever of the two is lighter (WCAG 2.2, definition of contrast ratio). */
export function contrastRatio(left: Color, right: Color): number {
  const [a, b] = [luminance(left), luminance(right)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** The least contrast for text (WCAG 2.2, 1.4.3); large is 24 px, or 18.66 px in bold. */
export const contrastNeeded = ({ size, weight }: { size: number; weight: number }): number =>
  size >= 24 || (size >= 18.66 && weight >= 700) ? 3 : 4.5
