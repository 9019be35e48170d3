import { toIso } from '../../core/clock'
import { invalid } from '../../core/errors'
import type { Span } from '../../core/period'
import type { Database } from '../../platform/database'
import type { createPanelRows, Owners } from './panel-rows'

/** Which single clicks of a workspace there still are. */
export function createKeptClicks(
  db: Database,
  rows: Pick<ReturnType<typeof createPanelRows>, 'isAny'>,
) {
  const select = db.sqlite.query<{ keptFrom: number }, [number]>(
    'SELECT kept_from AS keptFrom FROM click_retention WHERE workspace_no = ?',
  )
  const keptFrom = (workspaceNo: number): number => select.get(workspaceNo)?.keptFrom ?? 0

  /** Whether every click of these owners in a span is there one by one. */
  function has(workspaceNo: number, owners: Owners, span: Span | null): boolean {
    const from = keptFrom(workspaceNo)
    const startMs = span?.startMs ?? 0
    if (startMs >= from) return true
    return !rows.isAny(owners, { startMs, endMs: Math.min(from, span?.endMs ?? from) })
  }

  return {
    has,
    /** Throws `validation_failed` naming the earliest day where some are gone. */
    require(workspaceNo: number, owners: Owners, span: Span | null): void {
      if (has(workspaceNo, owners, span)) return
      const from = toIso(keptFrom(workspaceNo)).slice(0, 10)
      throw invalid(
        'start',
        `reaches back further than single clicks are kept, which this combination needs: they begin at ${from}. Choose a later start, or at most one filter`,
      )
    },
  }
}

export type KeptClicks = ReturnType<typeof createKeptClicks>
