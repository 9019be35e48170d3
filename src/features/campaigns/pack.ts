import type { AskedField, PackField } from '../directories/service'
import type { SiteRow } from '../sites/service'

export type PackLine = {
  field: PackField
  /** What to fill in; null where the profile has nothing. */
  text: string | null
  required: boolean
  max_length: number | null
  /** Whether the profile says more than the directory takes. */
  cut: boolean
}

/** What a directory is told of a site, ready to be filled in. */
export type Pack = { version: number; lines: PackLine[]; missing: PackField[] }

/** Text by field, as it was handed in. */
export type PackTexts = Partial<Record<PackField, string>>

type Told = Pick<SiteRow, 'url' | 'name' | 'description' | 'profile' | 'version'>

/** How a field is brought within a limit: at a word, by leaving out whole items, or not at all. */
type Value = { prose: string } | { items: readonly string[] } | { exact: string }

const ELLIPSIS = '…'

/** Text of at most `max` characters, ended after a word and marked as cut. */
export function cutProse(text: string, max: number): string {
  const characters = [...text]
  if (characters.length <= max) return text
  const room = characters.slice(0, Math.max(0, max - 1)).join('')
  const words = room.replace(/\s+\S*$/u, '')
  // A first word beyond the limit is cut in itself.
  return `${(words.trim() === '' ? room : words).trimEnd()}${ELLIPSIS}`
}

/** As many whole items as fit, in their order, separated by commas. */
export function cutItems(items: readonly string[], max: number): string {
  let text = ''
  for (const item of items) {
    const longer = text === '' ? item : `${text}, ${item}`
    if ([...longer].length > max) break
    text = longer
  }
  return text
}

const prose = (text: string | null | undefined): Value | null => (text ? { prose: text } : null)
const exact = (text: string | null | undefined): Value | null => (text ? { exact: text } : null)
const items = (list: readonly string[] | undefined): Value | null =>
  list && list.length > 0 ? { items: list } : null

/** Short and long descriptions fall back on the one that every site may have. */
const VALUES: Record<PackField, (site: Told) => Value | null> = {
  name: ({ name }) => prose(name),
  url: ({ url }) => exact(url),
  tagline: ({ profile }) => prose(profile.tagline),
  short_description: ({ profile, description }) => prose(profile.short_description ?? description),
  long_description: ({ profile, description }) => prose(profile.long_description ?? description),
  categories: ({ profile }) => items(profile.categories),
  legal_name: ({ profile }) => prose(profile.legal_name),
  founded_year: ({ profile }) => exact(profile.founded_year?.toString()),
  address: ({ profile }) => exact(addressLine(profile.address)),
  phone: ({ profile }) => exact(profile.phone),
  email: ({ profile }) => exact(profile.email),
  social_urls: ({ profile }) => items(profile.social_urls),
  logo_url: ({ profile }) => exact(profile.logo_url),
  screenshot_urls: ({ profile }) => items(profile.screenshot_urls),
  pricing_model: ({ profile }) => exact(profile.pricing_model?.replaceAll('_', ' ')),
}

function addressLine(address: SiteRow['profile']['address']): string {
  if (!address) return ''
  const { street, postal_code, city, region, country } = address
  const place = [postal_code, city].filter(Boolean).join(' ')
  return [street, place, region, country].filter(Boolean).join(', ')
}

function lineOf(site: Told, { field, required, max_length }: AskedField): PackLine {
  const value = VALUES[field](site)
  const whole = value && ('prose' in value ? value.prose : 'exact' in value ? value.exact : null)
  const full = value && 'items' in value ? value.items.join(', ') : whole
  const line = { field, required, max_length }
  if (!value || !full) return { ...line, text: null, cut: false }
  if (max_length === null || [...full].length <= max_length) {
    return { ...line, text: full, cut: false }
  }
  if ('prose' in value) return { ...line, text: cutProse(value.prose, max_length), cut: true }
  // An address that is cut leads nowhere.
  const text = 'items' in value ? cutItems(value.items, max_length) : ''
  return { ...line, text: text || null, cut: true }
}

/** What a site tells a directory that asks for these fields, and what it still owes. */
export function packOf(site: Told, asked: readonly AskedField[]): Pack {
  const lines = asked.map((field) => lineOf(site, field))
  const missing = lines.filter(({ required, text }) => required && text === null)
  return { version: site.version, lines, missing: missing.map(({ field }) => field) }
}

export const textsOf = ({ lines }: Pack): PackTexts =>
  Object.fromEntries(lines.flatMap(({ field, text }) => (text === null ? [] : [[field, text]])))

export type Drift = { field: PackField; submitted: string | null; now: string | null }

/** What the profile says otherwise now than when it was handed in. */
export const driftOf = (submitted: PackTexts, { lines }: Pack): Drift[] =>
  lines
    .map(({ field, text }) => ({ field, submitted: submitted[field] ?? null, now: text }))
    .filter((drift) => drift.submitted !== drift.now)
