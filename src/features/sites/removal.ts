import { eq } from 'drizzle-orm'
import type { Tx } from '../../platform/database'
import { sites } from './table'

/** Takes the sites of a project away with it, in the transaction that hides the project. */
export const removeSitesOf = (tx: Tx, projectId: string): void => {
  tx.delete(sites).where(eq(sites.projectId, projectId)).run()
}
