import { invalid } from '../../core/errors'
import { nameKey } from './record'

/** Where files of links come from. */
export const SOURCES = ['bitly', 'yourls', 'shlink', 'kutt', 'dub', 'sink', 'csv'] as const
export type Source = (typeof SOURCES)[number]

/** What can be told of a link. */
export const FIELDS = [
  ...(['url', 'slug', 'shortUrl', 'domain', 'title', 'notes', 'tags', 'folder'] as const),
  ...(['createdAt', 'clicks', 'importedClicks', 'isActive', 'isBlocked', 'externalId'] as const),
  ...(['startsAt', 'expiresAt', 'expiredUrl', 'clickLimit', 'password', 'hasPassword'] as const),
  ...(['utmSource', 'utmMedium', 'utmCampaign', 'utmTerm', 'utmContent', 'utmTemplate'] as const),
  ...(['kind', 'payload', 'rules', 'variants', 'variantsEndedAt'] as const),
  ...(['ios', 'android', 'geo', 'forwardQuery', 'trackConversions'] as const),
] as const
export type Field = (typeof FIELDS)[number]

/** By what names a source calls each field, the best first, in the form of `nameKey`. */
export type Names = { readonly [Name in Field]?: readonly string[] }

const names = (text: string): readonly string[] => text.split(' ')

const UTM: Names = {
  utmSource: names('utmsource'),
  utmMedium: names('utmmedium'),
  utmCampaign: names('utmcampaign'),
  utmTerm: names('utmterm'),
  utmContent: names('utmcontent'),
}

/** What spreadsheets call things, our own export first. */
const COMMON: Names = {
  ...UTM,
  url: names('url longurl originalurl destinationurl destination targeturl target fullurl link'),
  slug: names('slug shortcode keyword key backhalf alias customslug shortpath path code'),
  shortUrl: names('shorturl shortlink customlink short link'),
  domain: names('domain host hostname'),
  title: names('title name label'),
  notes: names('notes note comments comment description'),
  tags: names('tags tag labels'),
  folder: names('folder foldername'),
  createdAt: names('createdat datecreated created createddate creationdate timestamp date'),
  clicks: names('clicks visits clickcount visitcount visitscount totalclicks hits'),
  importedClicks: names('importedclicks'),
  isActive: names('isactive active enabled'),
  externalId: names('externalid'),
  startsAt: names('startsat validsince startdate'),
  expiresAt: names('expiresat expires expiration validuntil expirationdate expiry'),
  expiredUrl: names('expiredurl expirationurl'),
  clickLimit: names('clicklimit maxvisits maxclicks'),
  password: names('password'),
  hasPassword: names('haspassword'),
  utmTemplate: names('utmtemplate'),
  kind: names('kind'),
  payload: names('payload'),
  rules: names('rules'),
  variants: names('variants'),
  forwardQuery: names('forwardquery'),
  trackConversions: names('trackconversions'),
}

/**
 * The fields of each product, from the answers of its API and the files it exports. A field that
 * is not listed is not read, even where a name of it looks familiar.
 */
const BY_SOURCE: Record<Source, Names> = {
  bitly: {
    url: names('longurl destinationurl destination'),
    shortUrl: names('custombitlinks customlink customlinks link bitlink id shortlink'),
    title: names('title'),
    tags: names('tags'),
    createdAt: names('createdat created datecreated createddate creationdate'),
    clicks: names('clicks totalclicks totalengagements engagements linkclicks'),
  },
  yourls: {
    url: names('url longurl'),
    slug: names('keyword'),
    shortUrl: names('shorturl'),
    title: names('title'),
    createdAt: names('timestamp'),
    clicks: names('clicks'),
  },
  shlink: {
    url: names('longurl'),
    slug: names('shortcode'),
    shortUrl: names('shorturl'),
    domain: names('domain'),
    title: names('title'),
    tags: names('tags'),
    createdAt: names('datecreated createdat'),
    clicks: names('visitssummarytotal visitscount visits'),
    startsAt: names('metavalidsince validsince'),
    expiresAt: names('metavaliduntil validuntil'),
    clickLimit: names('metamaxvisits maxvisits'),
    forwardQuery: names('forwardquery'),
  },
  kutt: {
    url: names('target'),
    slug: names('address'),
    shortUrl: names('link shortlink'),
    domain: names('domain'),
    title: names('description'),
    createdAt: names('createdat'),
    clicks: names('visitcount'),
    expiresAt: names('expirein'),
    password: names('password'),
    isBlocked: names('banned'),
  },
  dub: {
    ...UTM,
    url: names('url destinationurl'),
    slug: names('key'),
    shortUrl: names('shortlink link'),
    domain: names('domain'),
    title: names('title'),
    notes: names('comments'),
    tags: names('tags'),
    folder: names('foldername folder'),
    createdAt: names('createdat'),
    clicks: names('clicks'),
    isBlocked: names('disabledat'),
    externalId: names('externalid'),
    expiresAt: names('expiresat'),
    expiredUrl: names('expiredurl'),
    password: names('password'),
    variants: names('testvariants'),
    variantsEndedAt: names('testcompletedat'),
    ios: names('ios'),
    android: names('android'),
    geo: names('geo'),
    trackConversions: names('trackconversion'),
  },
  sink: {
    url: names('url'),
    slug: names('slug'),
    title: names('title'),
    notes: names('comment'),
    tags: names('tags'),
    createdAt: names('createdat'),
    expiresAt: names('expiration'),
    password: names('password'),
    ios: names('apple'),
    android: names('google'),
    geo: names('geo'),
    forwardQuery: names('redirectwithquery'),
  },
  csv: COMMON,
}

/** Which columns hold what: those that the sender names, and for the rest what the source means. */
export function namesFor(source: Source, mapping: Readonly<Record<string, string>>): Names {
  const explicit = Object.entries(mapping).map(([field, name]) => [field, [nameKey(name)]])
  return { ...BY_SOURCE[source], ...Object.fromEntries(explicit) }
}

/** The name under which a record has a field; a name that holds nothing is passed over. */
export function nameIn(
  values: ReadonlyMap<string, unknown>,
  wanted: readonly string[] | undefined,
): string | undefined {
  const present = wanted?.filter((name) => values.has(name)) ?? []
  return present.find((name) => !isNothing(values.get(name))) ?? present[0]
}

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0)

/**
 * Which field of the first record is read from where. Throws `validation_failed` when a name that
 * is needed is not there, or there twice: what nobody can decide is not guessed.
 */
export function columnsOf(
  source: Source,
  mapping: Readonly<Record<string, string>>,
  first: { values: ReadonlyMap<string, unknown>; twice: ReadonlySet<string> },
): Partial<Record<Field, string>> {
  const wanted = namesFor(source, mapping)
  const columns: Partial<Record<Field, string>> = {}
  const seen = [...first.values.keys()].slice(0, 40).join(', ')
  for (const field of FIELDS) {
    const name = nameIn(first.values, wanted[field])
    const asked = mapping[field]
    if (asked !== undefined && name === undefined) {
      throw invalid('mapping', `The file has no column "${asked}". It has: ${seen}.`)
    }
    if (name === undefined) continue
    if (first.twice.has(name)) {
      throw invalid('file', `The file has two columns "${name}". Name each column once.`)
    }
    columns[field] = name
  }
  const isTyped = columns.kind !== undefined && columns.payload !== undefined
  if (columns.url !== undefined || isTyped) return columns
  throw invalid(
    'file',
    `Nothing in this file is known to be the target of a link from ${source}. It has: ${seen}.`,
  )
}
