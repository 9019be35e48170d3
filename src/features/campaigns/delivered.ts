import { desc, isNotNull } from 'drizzle-orm'
import { DAY } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { DeliveryExample, Directories } from '../directories/service'
import { submissions } from './table'

const EXAMPLES = 10

export type DeliveredDeps = {
  db: Database
  directories: Pick<Directories, 'byIds' | 'tierOf'>
}

/** The newest listings of the whole installation, without anything that names one. */
export const createDeliveryExamples =
  ({ db, directories }: DeliveredDeps) =>
  (): DeliveryExample[] => {
    const rows = db.read
      .select()
      .from(submissions)
      .where(isNotNull(submissions.liveAt))
      .orderBy(desc(submissions.liveAt))
      .limit(EXAMPLES)
      .all()
    const ids = rows.map(({ directoryId }) => directoryId)
    const known = new Map(directories.byIds(db.read, ids).map((row) => [row.id, row]))
    return rows.flatMap(({ directoryId, mode, status, submittedAt, liveAt }) => {
      const directory = known.get(directoryId)
      if (!directory || liveAt === null) return []
      const days = submittedAt === null ? null : Math.floor((liveAt - submittedAt) / DAY)
      const [category = 'general'] = directory.categories
      return [{ category, mode, tier: directories.tierOf(directory), status, days_to_live: days }]
    })
  }
