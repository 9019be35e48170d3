import type { Tx } from '../../platform/database'
import type { Decision, ProjectFindings, ProjectRow } from '../projects/service'
import { openActionsOf } from './actions'
import { CHECKS } from './checks/catalogue'
import { isKnown, type KnownAction } from './schema'
import type { ScanRow } from './table'

/** A website that moved to another one: nobody but its owner knows which is meant. */
function movedAway({ id }: ProjectRow, scan: ScanRow | undefined): Decision[] {
  const [, host] = /^redirects_to:(.+)$/.exec(scan?.reason ?? '') ?? []
  if (host === undefined) return []
  return [
    {
      ...{ id: 'confirm:domain', label: 'Website leads elsewhere', count: 1 },
      href: `/projects/${id}/actions`,
      description: `The start page leads to ${host}. Make a project of that domain if it is meant.`,
      actionLabel: 'Review domain',
    },
  ]
}

function decisionOf({ id }: ProjectRow, { check, affected }: KnownAction): Decision {
  const { title, why } = CHECKS[check]
  return {
    ...{ id: `fix:${check}`, label: title, count: affected },
    ...{ href: `/projects/${id}/actions`, description: why, actionLabel: 'Open action' },
  }
}

/**
 * What the scanner knows to be next. Critical actions need a decision, unless somebody says that
 * they are done or ignores them; the findings of all others go on in the background.
 */
export const createScanFindings = (
  newestOf: (tx: Tx, projectId: string) => ScanRow | undefined,
): ProjectFindings => ({
  openOf(tx, project) {
    const open = openActionsOf(tx, project.id).filter(isKnown)
    const needs = ({ check, markedDoneAt }: KnownAction): boolean =>
      CHECKS[check].severity === 'critical' && markedDoneAt === null
    const decisions = open
      .filter(needs)
      .toSorted((a, b) => b.affected - a.affected)
      .map((row) => decisionOf(project, row))
    const rest = open.filter((row) => !needs(row))
    return {
      decisions: [...movedAway(project, newestOf(tx, project.id)), ...decisions],
      background: rest.reduce((sum, { affected }) => sum + affected, 0),
    }
  },
})
