import type { Entitlements } from '../billing/service'
import type { WorkspaceRow } from '../workspaces/service'

/** Whose report it looks like. */
export type Brand = {
  name: string
  /** Of text and bars on a light and on a dark ground, told apart from it by 3 : 1 or more. */
  color: string
  darkColor: string
  logoUrl: string | null
  /** Not Linkstead's own. */
  isWhiteLabel: boolean
}

/** Where nobody else's is to be seen. */
export const OWN_BRAND: Brand = {
  ...{ name: 'Linkstead', color: '#0f6b5c', darkColor: '#5fd0b8', logoUrl: null },
  isWhiteLabel: false,
}

/** For graphical objects (WCAG 2.2, 1.4.11). */
const CONTRAST_MIN = 3

/** The workspace's branding where its plan includes white_label, else Linkstead's. */
export function brandOf(
  workspace: Pick<WorkspaceRow, 'id' | 'brandingName' | 'brandingColor' | 'brandingLogoUrl'>,
  entitlements: Pick<Entitlements, 'planOf'>,
): Brand {
  if (!entitlements.planOf(workspace.id).features.includes('white_label')) return OWN_BRAND
  const { brandingName, brandingColor, brandingLogoUrl } = workspace
  return {
    name: brandingName || OWN_BRAND.name,
    color: brandingColor ? visibleOn('#ffffff', brandingColor) : OWN_BRAND.color,
    darkColor: brandingColor ? visibleOn('#121816', brandingColor) : OWN_BRAND.darkColor,
    logoUrl: brandingLogoUrl,
    isWhiteLabel: true,
  }
}

type Rgb = [number, number, number]

const rgbOf = (hex: string): Rgb =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb

const hexOf = (rgb: Rgb): string =>
  `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`

/** Relative luminance (WCAG 2.2, glossary). */
function luminanceOf(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** How well two colours are told apart, 1 to 21. */
export function contrastOf(one: string, other: string): number {
  const [a, b] = [luminanceOf(rgbOf(one)), luminanceOf(rgbOf(other))]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** `color`, moved away from `ground` as far as it takes to be seen. */
export function visibleOn(ground: string, color: string): string {
  const goal = luminanceOf(rgbOf(ground)) > 0.18 ? 0 : 255
  const rgb = rgbOf(color)
  for (let step = 0; step <= 20; step++) {
    const moved = hexOf(rgb.map((value) => value + ((goal - value) * step) / 20) as Rgb)
    if (contrastOf(ground, moved) >= CONTRAST_MIN) return moved
  }
  return goal === 0 ? '#000000' : '#ffffff'
}

/** Black or white, whichever is read more easily on `color`. */
export const inkOn = (color: string): string =>
  contrastOf(color, '#ffffff') >= contrastOf(color, '#000000') ? '#ffffff' : '#000000'
