import { and, count, desc, eq } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import { type JudgedPrompt, judgePrompt, type Panel } from './panel'
import type { CreatePrompt, UpdatePrompt } from './schema'
import { type PromptRow, prompts } from './table'

export type PromptDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'requireRoom'>
  panelNow: (tx: Tx, workspaceId: string) => Panel
}

/** Questions that are asked of AI engines. */
export function createPrompts({ db, clock, entitlements, panelNow }: PromptDeps) {
  const mine = (workspaceId: string) => eq(prompts.workspaceId, workspaceId)

  function requireById(tx: Tx, workspaceId: string, id: string): PromptRow {
    const wanted = and(mine(workspaceId), eq(prompts.id, id))
    const row = tx.select().from(prompts).where(wanted).get()
    if (!row) throw notFound('prompt')
    return row
  }

  function requireFreeText(tx: Tx, workspaceId: string, text: string): void {
    const taken = and(mine(workspaceId), eq(prompts.text, text))
    if (!tx.select({ id: prompts.id }).from(prompts).where(taken).get()) return
    const message = 'This prompt exists. Change that one, or ask something else.'
    throw new AppError('already_exists', message, { field: 'text' })
  }

  const judged = (tx: Tx, row: PromptRow): JudgedPrompt =>
    judgePrompt(row, panelNow(tx, row.workspaceId))

  return {
    /** Every one of the workspace, newest first. */
    list({ workspaceId }: Principal): PromptRow[] {
      const newest = [desc(prompts.createdAt), desc(prompts.id)]
      return db.read
        .select()
        .from(prompts)
        .where(mine(workspaceId))
        .orderBy(...newest)
        .all()
    },

    /** Those of one page beside the brands of the workspace. */
    judgeAll({ workspaceId }: Principal, rows: readonly PromptRow[]): JudgedPrompt[] {
      const panel = panelNow(db.read, workspaceId)
      return rows.map((row) => judgePrompt(row, panel))
    },

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): JudgedPrompt =>
      judged(db.read, requireById(db.read, workspaceId, id)),

    /** Throws `already_exists` for the same text, `limit_reached`. */
    create({ workspaceId }: Principal, { text, kind, tags }: CreatePrompt): JudgedPrompt {
      return db.write((tx) => {
        requireFreeText(tx, workspaceId, text)
        const used = tx.select({ n: count() }).from(prompts).where(mine(workspaceId)).get()?.n ?? 0
        entitlements.requireRoom(tx, workspaceId, 'prompts', used)
        const now = clock.now()
        const row = { id: newId('prm', now), workspaceId, text, givenKind: kind ?? null, tags }
        const values = { ...row, createdAt: now, updatedAt: now }
        return judged(tx, tx.insert(prompts).values(values).returning().get())
      })
    },

    /**
     * Changes what is given. Another text is another question: runs before and after are not
     * compared on it. Throws `not_found`, `already_exists`.
     */
    update({ workspaceId }: Principal, id: string, input: UpdatePrompt): JudgedPrompt {
      return db.write((tx) => {
        const before = requireById(tx, workspaceId, id)
        const { text = before.text, tags = before.tags } = input
        if (text !== before.text) requireFreeText(tx, workspaceId, text)
        const givenKind = input.kind === undefined ? before.givenKind : input.kind
        const changes = { text, tags, givenKind, updatedAt: clock.now() }
        const after = tx.update(prompts).set(changes).where(eq(prompts.id, id)).returning().get()
        return judged(tx, after)
      })
    },

    /** Throws `not_found`. Returns the id. */
    delete({ workspaceId }: Principal, id: string): string {
      return db.write((tx) => {
        requireById(tx, workspaceId, id)
        tx.delete(prompts).where(eq(prompts.id, id)).run()
        return id
      })
    },
  }
}
