import { and, count, eq, inArray, isNotNull } from 'drizzle-orm'
import type { ProjectFindings } from '../projects/service'
import { backlinks } from './table'

/**
 * What the status of a project says of its backlinks: all that are lost, not followed or kept out of
 * the index are one decision, which only checks close; what is in doubt needs nobody.
 */
export const backlinkFindings: ProjectFindings = {
  openOf(tx, { id, workspaceId }) {
    const mine = and(eq(backlinks.workspaceId, workspaceId), eq(backlinks.projectId, id))
    const countOf = (which: ReturnType<typeof and>): number =>
      tx.select({ n: count() }).from(backlinks).where(and(mine, which)).get()?.n ?? 0
    const open = countOf(isNotNull(backlinks.issue))
    const background = countOf(inArray(backlinks.state, ['suspect', 'unknown']))
    if (open === 0) return { decisions: [], background }
    const issues = open === 1 ? '1 link issue is' : `${open} link issues are`
    const cluster = {
      ...{ id: 'protect:open_cluster', label: 'Backlink issue cluster', count: open },
      ...{ href: `/projects/${id}/backlinks`, actionLabel: 'Open triage' },
      description: `${issues} grouped into one triage pass.`,
    }
    return { decisions: [cluster], background }
  },
}
