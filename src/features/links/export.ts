import type { Principal } from '../../core/access'
import { toIso, toIsoOrNull } from '../../core/clock'
import { csvLine } from '../../core/csv'
import { decodeCursor } from '../../core/page'
import type { Database } from '../../platform/database'
import type { ClickService } from '../clicks/service'
import type { Labels } from '../labels/service'
import { UTM_NAMES } from './campaign'
import type { LinkRule, LinkVariant } from './control'
import { createLinkCounting } from './counting'
import { shortUrlOf } from './kind'
import { createOrganisation } from './organisation'
import type { CountedLink } from './schema'
import type { LinkSearch } from './search'

/** Links of one piece: about two milliseconds of the main thread. */
const PAGE_SIZE = 200

export type LinkExportDeps = {
  db: Database
  labels: Labels
  clicks: Pick<ClickService, 'totalsOf'>
  search: LinkSearch
  publicUrl: () => string
}

export type LinkExport = ReturnType<typeof createLinkExport>
export type ExportFormat = 'csv' | 'ndjson'

/** Every link with all that it says; passwords alone are not told. */
export function createLinkExport(deps: LinkExportDeps) {
  const { db, labels, search, publicUrl } = deps
  const countAll = createLinkCounting({
    ...deps,
    organisation: createOrganisation(deps),
    shortUrlOf: (row) => shortUrlOf(row, publicUrl()),
  })

  function linesOf(found: readonly CountedLink[]): ExportedLink[] {
    const ids = found.flatMap(({ labels: { folderId, tagIds, utmTemplateId } }) => [
      ...[folderId, utmTemplateId].filter((id) => id !== null),
      ...tagIds,
    ])
    const names = labels.namesOf(db.read, ids)
    return found.map((link) => exported(link, names))
  }

  return {
    /**
     * The lines of all links of a workspace, oldest first, a piece at a time: the next one is read
     * when the last has been taken. Links made meanwhile come too.
     */
    async *pieces(
      { workspaceId }: Pick<Principal, 'workspaceId'>,
      format: ExportFormat,
    ): AsyncGenerator<string> {
      if (format === 'csv') yield csvLine(EXPORTED)
      let cursor: string | null = ''
      while (cursor !== null) {
        const after = cursor === '' ? undefined : decodeCursor(cursor, 'oldest')
        const { data, meta } = await search.find({
          ...{ workspaceId, sort: 'oldest', limit: PAGE_SIZE, offset: 0, after },
        })
        const lines = linesOf(countAll(data)).map((line) =>
          format === 'csv'
            ? csvLine(EXPORTED.map((name) => cellOf(line[name])))
            : `${JSON.stringify(line)}\n`,
        )
        if (lines.length > 0) yield lines.join('')
        cursor = meta.nextCursor
      }
    },
  }
}

const utmColumns = UTM_NAMES.map((name) => `utm_${name}` as const)

/** The columns, in this order; those that an import reads go by the names that it knows. */
const EXPORTED = [
  ...(['url', 'slug', 'domain', 'shortUrl', 'title', 'notes', 'kind', 'payload'] as const),
  ...(['folder', 'tags'] as const),
  ...utmColumns,
  ...(['utmTemplate', 'externalId', 'isActive', 'startsAt', 'expiresAt', 'expiredUrl'] as const),
  ...(['clickLimit', 'hasPassword', 'rules', 'variants', 'forwardQuery'] as const),
  ...(['trackConversions', 'clicks', 'importedClicks', 'lastClickedAt'] as const),
  ...(['createdAt', 'updatedAt', 'id'] as const),
] as const

type Value = string | number | boolean | null | string[] | object
export type ExportedLink = Record<(typeof EXPORTED)[number], Value>

function exported(link: CountedLink, names: ReadonlyMap<string, string>): ExportedLink {
  const { row, totals, shortUrl } = link
  const { folderId, tagIds, utmTemplateId } = link.labels
  const nameOf = (id: string | null): string | null =>
    id === null ? null : (names.get(id) ?? null)
  const utm = UTM_NAMES.map((name) => [`utm_${name}`, row.utm?.[name] ?? null])
  const campaign: Record<(typeof utmColumns)[number], string | null> = Object.fromEntries(utm)
  return {
    ...{ url: row.originalUrl, slug: row.slug, domain: row.host || null, shortUrl },
    ...{ title: row.title, notes: row.notes, kind: row.kind, payload: row.payload },
    ...{ folder: nameOf(folderId), tags: tagIds.flatMap((id) => names.get(id) ?? []) },
    ...campaign,
    ...{ utmTemplate: nameOf(utmTemplateId), externalId: row.externalId, isActive: row.isActive },
    ...{ startsAt: toIsoOrNull(row.startsAt), expiresAt: toIsoOrNull(row.expiresAt) },
    ...{ expiredUrl: row.expiredUrl, clickLimit: row.clickLimit },
    ...{ hasPassword: row.passwordHash !== null, rules: row.rules?.map(ruleOf) ?? null },
    ...{ variants: row.variants?.map(variantOf) ?? null, forwardQuery: row.forwardQuery },
    ...{ trackConversions: row.trackConversions, clicks: totals?.clicks ?? 0 },
    importedClicks: row.importedClicks,
    lastClickedAt: toIsoOrNull(totals?.lastClickedAt ?? null),
    ...{ createdAt: toIso(row.createdAt), updatedAt: toIso(row.updatedAt), id: row.id },
  }
}

function ruleOf({ conditions: { from, until, ...rest }, url }: LinkRule) {
  const times = {
    ...(from === undefined ? {} : { from: toIso(from) }),
    ...(until === undefined ? {} : { until: toIso(until) }),
  }
  return { conditions: { ...rest, ...times }, url }
}

const variantOf = ({ url, weight }: LinkVariant) => ({ url, weight })

/** Lists of names stand with bars between them, or as JSON where a name would be read as several. */
function cellOf(value: Value): string | number | boolean | null {
  if (value === null || typeof value !== 'object') return value
  const isPlain = Array.isArray(value) && value.every((one) => typeof one === 'string')
  if (!isPlain || value.some((name) => /[|,;[\]]/.test(name))) return JSON.stringify(value)
  return value.join('|')
}
