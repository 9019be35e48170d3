import { and, count, desc, eq } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import { type JudgedCompetitor, judgeCompetitor, type Panel } from './panel'
import type { CreateCompetitor, UpdateCompetitor } from './schema'
import { type CompetitorRow, competitors } from './table'

export type CompetitorDeps = {
  db: Database
  clock: Clock
  panelNow: (tx: Tx, workspaceId: string) => Panel
}

/** Every answer is read for each of them. */
const COMPETITORS_MAX = 100

/** Rival brands that are looked for beside the workspace's own. */
export function createCompetitors({ db, clock, panelNow }: CompetitorDeps) {
  const mine = (workspaceId: string) => eq(competitors.workspaceId, workspaceId)

  function requireById(tx: Tx, workspaceId: string, id: string): CompetitorRow {
    const wanted = and(mine(workspaceId), eq(competitors.id, id))
    const row = tx.select().from(competitors).where(wanted).get()
    if (!row) throw notFound('competitor')
    return row
  }

  function requireFreeName(tx: Tx, workspaceId: string, name: string): void {
    const taken = and(mine(workspaceId), eq(competitors.name, name))
    if (!tx.select({ id: competitors.id }).from(competitors).where(taken).get()) return
    const message = `A competitor named "${name}" exists. Change that one.`
    throw new AppError('already_exists', message, { field: 'name' })
  }

  const judged = (tx: Tx, row: CompetitorRow): JudgedCompetitor =>
    judgeCompetitor(row, panelNow(tx, row.workspaceId))

  return {
    /** Every one of the workspace, newest first, beside its other brands. */
    list({ workspaceId }: Principal): (JudgedCompetitor & { id: string })[] {
      const newest = [desc(competitors.createdAt), desc(competitors.id)]
      const own = mine(workspaceId)
      const rows = db.read
        .select()
        .from(competitors)
        .where(own)
        .orderBy(...newest)
        .all()
      const panel = panelNow(db.read, workspaceId)
      return rows.map((row) => ({ id: row.id, ...judgeCompetitor(row, panel) }))
    },

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): JudgedCompetitor =>
      judged(db.read, requireById(db.read, workspaceId, id)),

    /** Throws `already_exists` for the same name, and `validation_failed` when there are too many. */
    create({ workspaceId }: Principal, input: CreateCompetitor): JudgedCompetitor {
      const { name, aliases = [], negative_aliases: negativeAliases = [], domain } = input
      return db.write((tx) => {
        requireFreeName(tx, workspaceId, name)
        const rows = tx.select({ n: count() }).from(competitors).where(mine(workspaceId)).get()
        if ((rows?.n ?? 0) >= COMPETITORS_MAX) {
          throw invalid('name', `A workspace has at most ${COMPETITORS_MAX} competitors.`)
        }
        const now = clock.now()
        const named = { name, aliases, negativeAliases, domain: domain ?? null }
        const values = {
          ...named,
          id: newId('cmp', now),
          workspaceId,
          createdAt: now,
          updatedAt: now,
        }
        return judged(tx, tx.insert(competitors).values(values).returning().get())
      })
    },

    /** Changes what is given. Throws `not_found`, `already_exists`. */
    update({ workspaceId }: Principal, id: string, input: UpdateCompetitor): JudgedCompetitor {
      return db.write((tx) => {
        const before = requireById(tx, workspaceId, id)
        const { name = before.name, aliases = before.aliases } = input
        if (name !== before.name) requireFreeName(tx, workspaceId, name)
        const negativeAliases = input.negative_aliases ?? before.negativeAliases
        const domain = input.domain === undefined ? before.domain : input.domain
        const changes = { name, aliases, negativeAliases, domain, updatedAt: clock.now() }
        const wanted = eq(competitors.id, id)
        return judged(tx, tx.update(competitors).set(changes).where(wanted).returning().get())
      })
    },

    /** Throws `not_found`. Returns the id. */
    delete({ workspaceId }: Principal, id: string): string {
      return db.write((tx) => {
        requireById(tx, workspaceId, id)
        tx.delete(competitors).where(eq(competitors.id, id)).run()
        return id
      })
    },
  }
}
