import { asc, eq } from 'drizzle-orm'
import type { Database, Tx } from '../../platform/database'
import type { Labels } from '../labels/service'
import { type GivenUtm, mergedUtm, type Utm } from './campaign'
import type { WantedFields } from './history'
import { type LinkRow, links, linkTags } from './table'

type Id = string | undefined

/** How a link is asked to be filed; undefined is not asked for. */
export type GivenFiling = {
  folderId?: string | null | undefined
  tagIds?: readonly string[] | null | undefined
  utm?: GivenUtm | null | undefined
  utmTemplateId?: string | null | undefined
}

/** The same, with every label known to be the workspace's and the template's parameters copied. */
type Filing = {
  folderId: string | null | undefined
  utm: Utm | null | undefined
  utmTemplateId: string | null | undefined
  tagIds: string[] | undefined
}

/** The labels of a link that live. */
export type LinkLabels = { folderId: string | null; tagIds: string[]; utmTemplateId: string | null }

export const UNFILED: LinkLabels = { folderId: null, tagIds: [], utmTemplateId: null }

export type Organisation = ReturnType<typeof createOrganisation>

export type OrganisationDeps = { db: Database; labels: Labels }

/** Folders, tags and UTM parameters of links. */
export function createOrganisation({ db, labels }: OrganisationDeps) {
  const { folders, tags } = labels
  const liveTags = db.sqlite.query<{ linkNo: number; tagId: string }, [string]>(
    `SELECT link_no AS linkNo, tag_id AS tagId
     FROM link_tags JOIN labels ON labels.id = tag_id AND labels.deleted_at IS NULL
     WHERE link_no IN (SELECT value FROM json_each(?)) ORDER BY link_no, tag_id`,
  )

  /** Gives a link exactly these tags. */
  function setTags(tx: Tx, linkNo: number, tagIds: readonly string[]): void {
    tx.delete(linkTags).where(eq(linkTags.linkNo, linkNo)).run()
    if (tagIds.length === 0) return
    tx.insert(linkTags)
      .values(tagIds.map((tagId) => ({ linkNo, tagId })))
      .run()
  }

  return {
    setTags,

    /**
     * What is asked for, ids of tags once each and in order. Throws `not_found` with the field
     * that names what is not of this workspace.
     */
    filingOf(tx: Tx, workspaceId: string, given: GivenFiling): Filing {
      const { folderId, utm, utmTemplateId, tagIds } = given
      if (folderId) folders.requireById(tx, workspaceId, folderId, 'folderId')
      const template = utmTemplateId
        ? templateUtm(tx, labels.utmTemplates, workspaceId, utmTemplateId)
        : undefined
      for (const [index, id] of (tagIds ?? []).entries()) {
        tags.requireById(tx, workspaceId, id, `tagIds.${index}`)
      }
      const isAsked = template !== undefined || utm !== undefined
      return {
        folderId,
        utmTemplateId,
        utm: isAsked ? mergedUtm(template ?? {}, utm ?? {}) : undefined,
        tagIds: tagIds === undefined ? undefined : [...new Set(tagIds ?? [])].toSorted(),
      }
    },

    /** Files a new link; one that asks for nothing costs nothing. */
    file(tx: Tx, row: LinkRow, { tagIds = [], ...columns }: Filing) {
      const { folderId = null, utm = null, utmTemplateId = null } = columns
      const filed = { folderId, utm, utmTemplateId }
      if (tagIds.length > 0) setTags(tx, row.no, tagIds)
      if (folderId !== null || utm !== null || utmTemplateId !== null) {
        tx.update(links).set(filed).where(eq(links.no, row.no)).run()
      }
      return { row: { ...row, ...filed }, labels: { folderId, utmTemplateId, tagIds } }
    },

    /** The tags before and after, where they change. */
    changedTags(tx: Tx, { no }: LinkRow, after: string[] | undefined) {
      if (after === undefined) return undefined
      const rows = tx
        .select({ tagId: linkTags.tagId })
        .from(linkTags)
        .where(eq(linkTags.linkNo, no))
        .orderBy(asc(linkTags.tagId))
        .all()
      const before = rows.map(({ tagId }) => tagId)
      if (Bun.deepEquals(before, after)) return undefined
      return { before: { tagIds: before }, after: { tagIds: after } }
    },

    /** What a link was asked to be, less the labels that have gone since. */
    withoutGone(wanted: WantedFields): WantedFields {
      const { folderId, utmTemplateId, tagIds } = wanted
      const ids = [folderId, utmTemplateId, ...(tagIds ?? [])]
      const live = labels.liveAmong(
        db.read,
        ids.filter((id) => typeof id === 'string'),
      )
      const ifLive = (id: string | null | undefined) => (id && !live.has(id) ? null : id)
      return {
        ...wanted,
        folderId: ifLive(folderId),
        utmTemplateId: ifLive(utmTemplateId),
        tagIds: tagIds?.filter((id) => live.has(id)),
      }
    },

    /** Throws `not_found` for a folder or tag that is not of this workspace. */
    requireFilters(tx: Tx, workspaceId: string, filters: { folderId?: Id; tagId?: Id }): void {
      const { folderId, tagId } = filters
      if (folderId !== undefined) folders.requireById(tx, workspaceId, folderId, 'folderId')
      if (tagId !== undefined) tags.requireById(tx, workspaceId, tagId, 'tagId')
    },

    /** What still lives of the labels of some links, by their numbers. */
    labelsOf(rows: readonly LinkRow[]): Map<number, LinkLabels> {
      const tagged = liveTags.all(JSON.stringify(rows.map(({ no }) => no)))
      const tagsByLink = Map.groupBy(tagged, ({ linkNo }) => linkNo)
      const named = rows.flatMap(({ folderId, utmTemplateId }) => [folderId, utmTemplateId])
      const live = labels.liveAmong(
        db.read,
        named.filter((id) => id !== null),
      )
      const ifLive = (id: string | null) => (id !== null && live.has(id) ? id : null)
      return new Map(
        rows.map(({ no, folderId, utmTemplateId }): [number, LinkLabels] => {
          const tagIds = (tagsByLink.get(no) ?? []).map(({ tagId }) => tagId)
          const folder = ifLive(folderId)
          return [no, { folderId: folder, utmTemplateId: ifLive(utmTemplateId), tagIds }]
        }),
      )
    },
  }
}

function templateUtm(
  tx: Tx,
  templates: Labels['utmTemplates'],
  workspaceId: string,
  id: string,
): GivenUtm {
  const row = templates.requireById(tx, workspaceId, id, 'utmTemplateId')
  return {
    source: row.utmSource,
    medium: row.utmMedium,
    campaign: row.utmCampaign,
    term: row.utmTerm,
    content: row.utmContent,
  }
}
