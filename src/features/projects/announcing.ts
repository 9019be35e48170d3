import type { ProjectChange } from '../../core/events'
import type { Tx } from '../../platform/database'
import type { Outbox } from '../webhooks/outbox'
import { toProjectFacts } from './schema'
import type { ProjectRow } from './table'

/** Writes `project.changed` into the transaction of the change. */
export type AnnounceProject = (tx: Tx, project: ProjectRow, action: ProjectChange) => void

/** How projects, and what works for them, tell that something changed. */
export const createProjectAnnouncer =
  ({ outbox }: { outbox: Pick<Outbox, 'enqueue'> }): AnnounceProject =>
  (tx, project, action) => {
    outbox.enqueue(tx, {
      ...{ type: 'project.changed', workspaceId: project.workspaceId, projectId: project.id },
      data: { action, project: toProjectFacts(project) },
    })
  }
