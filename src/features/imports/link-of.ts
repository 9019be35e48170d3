import { hasUnsafeCharacters } from '../../core/url'
import { type Cells, createCells, parseJson, Unreadable, type Warning } from './cells'
import { readTime } from './moment'
import type { SourceRecord } from './record'
import type { Field, Names, Source } from './sources'

/** A link of a file in our own terms. */
export type FileLink = {
  /** Fields of `POST /links`, without slug, domain, labels and password. */
  given: Record<string, unknown>
  slug: string | null
  /** Host, of the address that the link had. */
  domain: string | null
  /** The whole address that the link had, where the file tells it. */
  from: string | null
  tags: string[]
  folder: string | null
  utmTemplate: string | null
  createdAt: number | null
  clicks: number | null
  isActive: boolean
  /** A hash that can be verified here; a plain password is hashed before anything is stored. */
  passwordHash: string | null
  warnings: Warning[]
}

export type FileEntry =
  | { link: FileLink; password: string | null }
  | { problem: string; field: Field | null }

const TITLE_LENGTH_MAX = 200
const TAGS_MAX = 50
/** Hashes of other systems that cannot be verified here, and masks. */
const FOREIGN_PASSWORD = /^(sink-pwd:|__SINK_MASKED__)/
/** PHC strings of argon2 and crypt strings of bcrypt. */
const KNOWN_HASH = /^(\$argon2(id|i|d)\$|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$)/
/** The links of one record: one for each of its addresses. */
export function linksOf(
  record: SourceRecord,
  { source, names, nowMs }: { source: Source; names: Names; nowMs: number },
): FileEntry[] {
  if (record.problem !== undefined) return [{ problem: record.problem, field: null }]
  const cells = createCells(record.values, names, source)
  try {
    return addressesOf(cells).map((address, index) =>
      entryOf(cells, address, { nowMs, isFirst: index === 0 }),
    )
  } catch (error) {
    if (error instanceof Unreadable) return [error.told]
    throw error
  }
}

type Address = Pick<FileLink, 'slug' | 'domain' | 'from'>

/** Every address that the link had; one without any gets a new one. */
function addressesOf(cells: Cells): Address[] {
  const slug = cells.text('slug')
  const domain = cells.text('domain')
  const told = cells.raw('shortUrl')
  const texts = Array.isArray(told)
    ? told.filter((one) => typeof one === 'string')
    : [cells.text('shortUrl')]
  const known = texts.flatMap((text) => (text ? [addressIn(text)] : []))
  const [first] = known
  if (slug !== null || first === undefined) {
    return [{ slug, domain: domain ?? first?.domain ?? null, from: first?.from ?? null }]
  }
  return known.map((address) => ({ ...address, domain: domain ?? address.domain }))
}

function addressIn(text: string): Address {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`)
  if (!url) throw new Unreadable('shortUrl', `"${text.slice(0, 60)}" is no address of a link.`)
  const path = url.pathname.replace(/^\/(l\/)?|\/$/g, '')
  let slug = path
  try {
    slug = decodeURIComponent(path)
  } catch {
    // As it stands: it is then no slug here, and the plan says so.
  }
  return { slug: slug || null, domain: url.host, from: text.slice(0, 2048) }
}

function entryOf(
  cells: Cells,
  address: Address,
  at: { nowMs: number; isFirst: boolean },
): FileEntry {
  const { required } = cells
  const clicks = clicksOf(cells)
  const secret = passwordOf(cells)
  const limit = clickLimitOf(cells)
  const isActive = cells.flag('isActive') !== false && !isBlocked(cells)
  const { title, notes } = wordsOf(cells)
  const startsAt = required('startsAt', readTime)
  const expiresAt = required('expiresAt', readTime)
  const given: Record<string, unknown> = {
    ...{ url: cells.verbatim('url') ?? undefined, title, notes },
    ...{ kind: cells.text('kind') ?? undefined, payload: cells.object('payload') ?? undefined },
    externalId: at.isFirst ? cells.clean('externalId') : null,
    utm: utmOf(cells),
    ...{ startsAt: isoOf(startsAt), expiresAt: isoOf(expiresAt) },
    ...{ expiredUrl: cells.text('expiredUrl'), clickLimit: limit.clickLimit },
    ...decisionsOf(cells, at.nowMs),
    forwardQuery: cells.flag('forwardQuery'),
    trackConversions: cells.flag('trackConversions'),
  }
  const link: FileLink = {
    // What is not said is left out, so that an update leaves it as it is.
    given: Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== null && value !== undefined),
    ),
    ...address,
    tags: tagsOf(cells.raw('tags'), cells),
    folder: cells.clean('folder'),
    utmTemplate: cells.clean('utmTemplate'),
    createdAt: createdAtOf(cells, at.nowMs),
    clicks: at.isFirst ? clicks : clicks === null ? null : 0,
    isActive: isActive && !secret.isMissing && !limit.isUsedUp,
    passwordHash: secret.hash,
    warnings: [...new Set(cells.warnings)],
  }
  return { link, password: secret.plain }
}

const isoOf = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString()

function isBlocked(cells: Cells): boolean {
  const value = cells.raw('isBlocked')
  return typeof value === 'string' || typeof value === 'boolean'
    ? cells.flag('isBlocked') === true
    : false
}

/** A title that is too long is cut, and stands whole in the notes. */
function wordsOf(cells: Cells) {
  const title = cells.clean('title')?.replace(/[\n\r\t]+/g, ' ') ?? null
  const notes = cells.clean('notes')
  if (title === null || title.length <= TITLE_LENGTH_MAX) return { title, notes }
  cells.warnings.push('title_shortened')
  const short = `${title
    .slice(0, TITLE_LENGTH_MAX - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`
  return { title: short, notes: [title, notes].filter(Boolean).join('\n') }
}

function createdAtOf(cells: Cells, nowMs: number): number | null {
  const value = cells.raw('createdAt')
  if (value === undefined || value === null || value === '') return null
  const at = readTime(value)
  if (at !== undefined && at <= nowMs) return at
  cells.warnings.push('created_at_unreadable')
  return null
}

function clicksOf(cells: Cells): number | null {
  const counts = (['clicks', 'importedClicks'] as const).flatMap((field) => {
    const said = cells.text(field)
    if (said === null) return []
    const count = Number(said.replace(/[,\s](?=\d{3}\b)/g, ''))
    if (Number.isSafeInteger(count) && count >= 0) return [count]
    cells.warnings.push('clicks_unreadable')
    return []
  })
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0)
}

/** The clicks that are left of a limit: those made elsewhere are used up. */
function clickLimitOf(cells: Cells): { clickLimit: number | null; isUsedUp: boolean } {
  const limit = cells.required('clickLimit', (text) => {
    const value = Number(text)
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  })
  if (limit === null || limit === 0) return { clickLimit: null, isUsedUp: false }
  const left = limit - (Number(cells.text('clicks') ?? 0) || 0)
  if (left > 0) return { clickLimit: left, isUsedUp: false }
  cells.warnings.push('click_limit_used_up')
  return { clickLimit: null, isUsedUp: true }
}

/** A link whose password the file does not hold is paused: it must not become open to everyone. */
function passwordOf(cells: Cells): {
  plain: string | null
  hash: string | null
  isMissing: boolean
} {
  const value = cells.raw('password')
  const isTold = cells.flag('hasPassword') === true || value === true
  const said = typeof value === 'string' ? value : ''
  if (KNOWN_HASH.test(said)) return { plain: null, hash: said, isMissing: false }
  const isUseless = FOREIGN_PASSWORD.test(said) || /^(true|t|1|yes)$/i.test(said)
  if (isUseless || (said === '' && isTold)) {
    cells.warnings.push('password_missing')
    return { plain: null, hash: null, isMissing: true }
  }
  const isNone = said === '' || /^(false|f|0|no)$/i.test(said)
  return { plain: isNone ? null : said, hash: null, isMissing: false }
}

function utmOf(cells: Cells): Record<string, string> | null {
  const told = (['Source', 'Medium', 'Campaign', 'Term', 'Content'] as const).flatMap((name) => {
    const said = cells.clean(`utm${name}`)
    return said === null ? [] : [[name.toLowerCase(), said]]
  })
  return told.length === 0 ? null : Object.fromEntries(told)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Rules and variants: our own as they are, those of others translated. */
function decisionsOf(cells: Cells, nowMs: number): { rules: unknown; variants: unknown } {
  const own = cells.object('rules')
  const geo = cells.object('geo')
  const rules = [
    ...(Array.isArray(own) ? own : []),
    ...(['ios', 'android'] as const).flatMap((field) => {
      const url = cells.text(field)
      return url ? [{ conditions: { os: [field === 'ios' ? 'iOS' : 'Android'] }, url }] : []
    }),
    ...Object.entries(isObject(geo) ? geo : {}).map(([country, url]) => ({
      conditions: { country: [country.toUpperCase()] },
      url,
    })),
  ]
  const told = cells.object('variants')
  const endedAt = readTime(cells.raw('variantsEndedAt'))
  const isOver = endedAt !== undefined && endedAt <= nowMs
  const variants = !Array.isArray(told) || isOver ? [] : told.map(variantOf)
  return { rules: rules.length > 0 ? rules : null, variants: variants.length > 0 ? variants : null }
}

const variantOf = (told: unknown): unknown =>
  isObject(told) && 'percentage' in told ? { url: told.url, weight: told.percentage } : told

/** Names, once each: a list, a JSON list, or text with bars, commas or semicolons between them. */
function tagsOf(value: unknown, cells: Cells): string[] {
  const list =
    typeof value === 'string' ? splitTags(value.trim()) : Array.isArray(value) ? value : []
  const names = list.flatMap((one) => {
    const name = isObject(one) ? one.name : one
    return typeof name === 'string' && name.trim() !== '' ? [name.normalize('NFC').trim()] : []
  })
  const good = [...new Set(names)].filter(
    (name) => name.length <= 100 && !hasUnsafeCharacters(name),
  )
  if (good.length < new Set(names).size || good.length > TAGS_MAX)
    cells.warnings.push('tags_dropped')
  return good.slice(0, TAGS_MAX)
}

function splitTags(text: string): unknown[] {
  const list = text.startsWith('[') ? parseJson(text) : undefined
  if (Array.isArray(list)) return list
  return text.split(text.includes('|') ? '|' : /[,;]/)
}
