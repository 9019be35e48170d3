import { and, count, desc, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import { type IdPrefix, newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { CreateLabel, UpdateLabel } from './schema'
import { type LabelRow, labels } from './table'

export type { LabelRow } from './table'

export type LabelKind = LabelRow['kind']

const NOUNS: Record<LabelKind, { prefix: IdPrefix; one: string }> = {
  folder: { prefix: 'fold', one: 'folder' },
  tag: { prefix: 'tag', one: 'tag' },
  utm_template: { prefix: 'utm', one: 'UTM template' },
}

export type LabelDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'requireRoom'>
}

export type Labels = ReturnType<typeof createLabels>
export type LabelService = Labels['folders']

/** Folders, tags and UTM templates: one thing under three names, each with its own limit. */
export function createLabels(deps: LabelDeps) {
  const { db } = deps
  return {
    folders: createLabelService('folder', deps),
    tags: createLabelService('tag', deps),
    utmTemplates: createLabelService('utm_template', deps),

    /** Those of `ids` that live in the workspace, of whatever kind. */
    liveAmong(tx: Tx, ids: readonly string[]): Set<string> {
      if (ids.length === 0) return new Set()
      const live = and(inArray(labels.id, [...new Set(ids)]), isNull(labels.deletedAt))
      const rows = tx.select({ id: labels.id }).from(labels).where(live).all()
      return new Set(rows.map(({ id }) => id))
    },

    /** The names of those of `ids` that live, of whatever kind. */
    namesOf(tx: Tx, ids: readonly string[]): Map<string, string> {
      if (ids.length === 0) return new Map()
      const live = and(inArray(labels.id, [...new Set(ids)]), isNull(labels.deletedAt))
      const rows = tx.select({ id: labels.id, name: labels.name }).from(labels).where(live).all()
      return new Map(rows.map(({ id, name }) => [id, name]))
    },

    /** A deleted label that links may still refer to. */
    firstDeleted: (): LabelRow | undefined =>
      db.read.select().from(labels).where(isNotNull(labels.deletedAt)).limit(1).get(),

    /** Removes a deleted label for good, once nothing refers to it. */
    remove(tx: Tx, no: number): void {
      tx.delete(labels)
        .where(and(eq(labels.no, no), isNotNull(labels.deletedAt)))
        .run()
    },
  }
}

function createLabelService(kind: LabelKind, { db, clock, entitlements }: LabelDeps) {
  const { prefix, one } = NOUNS[kind]
  const mine = (workspaceId: string) =>
    and(eq(labels.workspaceId, workspaceId), eq(labels.kind, kind), isNull(labels.deletedAt))

  /** Throws `not_found`, which names `field` where a body asked for it. */
  function requireById(tx: Tx, workspaceId: string, id: string, field?: string): LabelRow {
    const row = tx
      .select()
      .from(labels)
      .where(and(mine(workspaceId), eq(labels.id, id)))
      .get()
    if (row) return row
    throw new AppError('not_found', `There is no such ${one} in this workspace.`, { field })
  }

  function requireFreeName(tx: Tx, workspaceId: string, name: string): void {
    const taken = and(mine(workspaceId), eq(labels.name, name))
    if (!tx.select({ no: labels.no }).from(labels).where(taken).get()) return
    throw new AppError('already_exists', `A ${one} named "${name}" exists. Choose another name.`, {
      field: 'name',
    })
  }

  return {
    requireById,

    /** Every one of the workspace, newest first. */
    list: ({ workspaceId }: Principal): LabelRow[] =>
      db.read
        .select()
        .from(labels)
        .where(mine(workspaceId))
        .orderBy(desc(labels.createdAt), desc(labels.id))
        .all(),

    /** One by its id. Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): LabelRow =>
      requireById(db.read, workspaceId, id),

    /** One by its name, however that is composed. */
    findByName: (workspaceId: string, name: string): LabelRow | undefined =>
      db.read
        .select()
        .from(labels)
        .where(and(mine(workspaceId), eq(labels.name, tidy(name))))
        .get(),

    /** Throws `already_exists` for a name in use, `limit_reached`. */
    create({ workspaceId }: Principal, input: CreateLabel): LabelRow {
      return db.write((tx) => {
        const now = clock.now()
        const name = tidy(input.name)
        requireFreeName(tx, workspaceId, name)
        const used = tx.select({ n: count() }).from(labels).where(mine(workspaceId)).get()?.n ?? 0
        entitlements.requireRoom(tx, workspaceId, 'labels', used)
        const row = { ...fieldsOf(input), id: newId(prefix, now), workspaceId, kind, name }
        const values = { ...row, createdAt: now, updatedAt: now }
        return tx.insert(labels).values(values).returning().get()
      })
    },

    /** Changes what is given. Throws `not_found`, `already_exists`. */
    update({ workspaceId }: Principal, id: string, input: UpdateLabel): LabelRow {
      return db.write((tx) => {
        const before = requireById(tx, workspaceId, id)
        const name = input.name === undefined ? before.name : tidy(input.name)
        if (name !== before.name) requireFreeName(tx, workspaceId, name)
        const changes = { ...fieldsOf(input), name, updatedAt: clock.now() }
        return tx.update(labels).set(changes).where(eq(labels.no, before.no)).returning().get()
      })
    },

    /**
     * Hides it at once and frees its name; links live on without it. Returns the id.
     * Throws `not_found`.
     */
    delete({ workspaceId }: Principal, id: string): string {
      return db.write((tx) => {
        const { no } = requireById(tx, workspaceId, id)
        tx.update(labels).set({ deletedAt: clock.now() }).where(eq(labels.no, no)).run()
        return id
      })
    },
  }
}

/** One spelling of what looks the same, so that a name cannot be there twice. */
const tidy = (name: string): string => name.normalize('NFC').trim()

/** The fields besides the name; empty text is none, undefined ones stay as they are. */
function fieldsOf(input: UpdateLabel) {
  const { color, utmSource, utmMedium, utmCampaign, utmTerm, utmContent } = input
  const fields = { color, utmSource, utmMedium, utmCampaign, utmTerm, utmContent }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, text?.trim() || null]],
    ),
  )
}
