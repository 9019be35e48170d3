import { and, asc, eq, gt, type SQL } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import { toIsoOrNull } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Projects } from '../projects/service'
import { CHECKER_VERSION } from './checker'
import { evidenceHeading, evidenceLine } from './evidence-csv'
import type { ExportBacklinks } from './schema'
import { userAgentOf } from './sending'
import { type BacklinkRow, backlinks } from './table'
import { shownIn } from './used'

export type EvidenceFileDeps = {
  db: Database
  publicUrl: () => string
  projects: Pick<Projects, 'requireById'>
}

/** Backlinks of one piece: a few milliseconds of the main thread. */
const PAGE_SIZE = 50

const MORE = ['project_id', 'state', 'verdict', 'last_checked_at']

/** The evidence of backlinks, as a file that is read while it is sent. */
export function createEvidenceFile({ db, publicUrl, projects }: EvidenceFileDeps) {
  const after = (no: number, wanted: SQL | undefined): BacklinkRow[] =>
    db.read
      .select()
      .from(backlinks)
      .where(and(wanted, gt(backlinks.no, no)))
      .orderBy(asc(backlinks.no))
      .limit(PAGE_SIZE)
      .all()

  function lineOf({ id, url, evidence, ...row }: BacklinkRow): string {
    const marks = {
      ...{ linkId: id, url, checkedAt: evidence?.checkedAt ?? null },
      checkerVersion: evidence?.checkerVersion ?? CHECKER_VERSION,
      userAgent: userAgentOf(publicUrl()),
    }
    const { projectId, state, verdict, checkedAt } = row
    return evidenceLine(evidence, marks, [projectId, state, verdict, toIsoOrNull(checkedAt)])
  }

  /** Oldest first, a piece at a time. Throws `not_found` for the project. */
  return async function* pieces(
    { workspaceId }: Principal,
    { project_id }: ExportBacklinks,
  ): AsyncGenerator<string> {
    if (project_id !== undefined) projects.requireById(db.read, workspaceId, project_id)
    const ofProject = project_id === undefined ? undefined : eq(backlinks.projectId, project_id)
    const wanted = and(shownIn(workspaceId), ofProject)
    yield evidenceHeading(...MORE)
    for (let rows = after(0, wanted); rows.length > 0; rows = after(rows.at(-1)?.no ?? 0, wanted)) {
      yield rows.map(lineOf).join('')
    }
  }
}
