import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { ImportQuota } from './service'
import { FIELDS, SOURCES } from './sources'
import {
  COLLISIONS,
  IMPORT_STATUSES,
  type ImportedRow,
  type ImportRow,
  ROW_STATUSES,
} from './table'

const FIELD_NAMES: ReadonlySet<string> = new Set(FIELDS)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const mapping = z
  .string()
  .refine((text) => isMapping(parseJson(text || '{}')), {
    error: `must be a JSON object of names of columns by these fields: ${FIELDS.join(', ')}`,
  })
  .optional()
  .describe('For csv: which column holds what, such as {"url":"Website","slug":"Back half"}.')
  .meta({ examples: ['{"url":"Website"}'] })

function isMapping(value: unknown): value is Record<string, string> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([field, name]) => FIELD_NAMES.has(field) && typeof name === 'string' && name.trim() !== '',
  )
}

/** The fields of the form; all of them are text. */
export const ImportForm = z
  .object({
    file: z
      .string({ error: 'is required: the file as a part of the form' })
      .describe('At most 50 MiB. UTF-8, UTF-16 or Windows-1252.')
      .meta({ format: 'binary' }),
    source: z.enum(SOURCES, { error: `must be one of ${SOURCES.join(', ')}` }),
    domain: z
      .string()
      .max(300, 'must have at most 300 characters')
      .optional()
      .describe(
        'Id or host of a verified domain for every link. Without it each link goes to the domain it was on, where that is verified here, else to the main host.',
      ),
    folderId: z.string().max(200).optional().describe('For every link.'),
    tagIds: z
      .string()
      .max(10_000)
      .optional()
      .describe('For every link, beside its own: ids with commas between them.'),
    mapping,
    onCollision: z
      .enum(COLLISIONS, { error: 'must be skip, rename or update' })
      .optional()
      .describe(
        'For a slug that is taken, reserved, in the file twice, or none here. skip (the default) leaves the row out, rename gives it the likest free slug, update changes the link that the workspace has with that slug or externalId.',
      ),
  })
  .meta({ id: 'ImportForm' })
export type ImportForm = z.infer<typeof ImportForm>

/** The columns that a form names. */
export function mappingOf(form: Pick<ImportForm, 'mapping'>): Record<string, string> {
  const value = parseJson(form.mapping || '{}')
  return isMapping(value) ? value : {}
}

export const ListImports = pageQuery()

export const ImportQuery = pageQuery()
  .omit({ offset: true })
  .extend({
    status: z
      .enum(ROW_STATUSES, { error: `must be one of ${ROW_STATUSES.join(', ')}` })
      .optional()
      .describe('Rows of this status alone.'),
  })
export type ImportQuery = z.infer<typeof ImportQuery>

const Refusal = z.object({ code: z.string(), message: z.string(), field: z.string().nullable() })

const count = z.int()

const importFields = {
  id: z.string().meta({ examples: ['imp_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  source: z.enum(SOURCES),
  status: z
    .enum(IMPORT_STATUSES)
    .describe('parsing → ready (the plan is made, nothing is done) → applying → done; or failed.'),
  fileName: z.string(),
  fileBytes: z.int(),
  format: z.enum(['csv', 'json', 'sql']).nullable(),
  encoding: z.string().nullable(),
  domain: z.string().nullable(),
  folderId: z.string().nullable(),
  tagIds: z.array(z.string()),
  onCollision: z.enum(COLLISIONS),
  columns: z
    .record(z.string(), z.string())
    .nullable()
    .describe('Which name in the file holds which field: guessed, or as in `mapping`.'),
  counts: z
    .object({
      total: count,
      create: count.describe('Planned, under the slug that the file has.'),
      rename: count.describe('Planned, under another slug.'),
      update: count.describe('Planned, on a link that is there.'),
      skip: count.describe('Left out, as asked for.'),
      error: count.describe('Cannot be a link here.'),
      created: count,
      updated: count,
      failed: count.describe('Tried and refused; apply again to try these again.'),
    })
    .describe('How many rows are in which status.'),
  quota: z.object({
    wouldCreate: z.int(),
    room: z.int().nullable().describe('How many links the plan still allows; null is any number.'),
    fits: z.boolean(),
  }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Timestamp.nullable(),
}

const ImportedLink = z
  .object({
    id: z.string(),
    line: z.int().describe('Where the row ends in a CSV file; its place from 1 in others.'),
    status: z.enum(ROW_STATUSES),
    from: z.string().nullable().describe('The short URL that it had.'),
    url: z.string().nullable(),
    title: z.string().nullable(),
    slug: z.string().nullable().describe('The one it gets; null where one is made for it.'),
    domain: z.string().nullable().describe('The custom domain it goes to; null for the main host.'),
    linkId: z.string().nullable(),
    shortUrl: z.string().nullable(),
    importedClicks: z.int().nullable(),
    warnings: z
      .array(z.string())
      .describe('What could not be kept, such as password_missing: the link is then paused.'),
    error: Refusal.nullable(),
  })
  .meta({ id: 'ImportedLink' })

export const Import = z.object(importFields).meta({ id: 'Import' })
export const ImportWithRows = z
  .object({ ...importFields, rows: z.array(ImportedLink) })
  .meta({ id: 'ImportWithRows' })

export const OneImport = dataOf(Import)
export const ImportList = pageOf(Import)
export const ImportPage = z.object({ data: ImportWithRows, meta: ImportList.shape.meta })

/** An import as JSON. */
export function toImport(row: ImportRow, quota: ImportQuota): z.infer<typeof Import> {
  const { domain, folderId, tagIds, onCollision } = row.options
  const total = Object.values(row.counts).reduce((sum, one) => sum + one, 0)
  return {
    id: row.id,
    source: row.source,
    status: row.status,
    fileName: row.fileName,
    fileBytes: row.fileBytes,
    format: row.format,
    encoding: row.encoding,
    ...{ domain, folderId, tagIds, onCollision },
    columns: row.columns,
    counts: { total, ...row.counts },
    quota,
    error: row.error,
    createdAt: toIso(row.createdAt),
    updatedAt: toIso(row.updatedAt),
    finishedAt: toIsoOrNull(row.finishedAt),
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** A row of an import as JSON. */
export function toImportedLink(importId: string, row: ImportedRow): z.infer<typeof ImportedLink> {
  const { link, status, host, linkId, shortUrl, warnings } = row
  return {
    id: `${importId}.${row.no}`,
    line: row.line,
    status,
    from: link?.from ?? null,
    url: textOf(link?.given.url),
    title: textOf(link?.given.title),
    slug: row.slug ?? (status === 'skip' || status === 'error' ? (link?.slug ?? null) : null),
    domain: host || null,
    ...{ linkId, shortUrl },
    importedClicks: link?.clicks ?? null,
    warnings,
    error: row.refusal,
  }
}
