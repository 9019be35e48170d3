import type { Tx } from '../../platform/database'
import type { ProjectRow } from './table'

/** How far the set-up of a project is, in order; it ends in one of the last three. */
export const SETUP_STATES = [
  ...(['queued', 'resolving', 'mapping', 'checking'] as const),
  ...(['ready', 'partial', 'failed'] as const),
] as const
export type SetupState = (typeof SETUP_STATES)[number]

export const SCAN_STATUSES = [...SETUP_STATES, 'canceled'] as const
export type ScanStatus = (typeof SCAN_STATUSES)[number]

/** What a project's status tells of a scan. */
export type ProjectScan = {
  id: string
  status: ScanStatus
  /** Null while it waits for its turn. */
  startedAt: number | null
  finishedAt: number | null
  /** Pages read so far; never less than it was while a scan went on. */
  pageCount: number
  /** Whether the project has had no other scan before. */
  isFirst: boolean
  /** Why it ended as `partial`, `failed` or `canceled`, as a sentence for clients. */
  reason: string | null
}

/** Scans, as projects need them. */
export type ProjectScans = {
  /**
   * Queues the first scan of a project in the transaction that creates it and answers its id; null
   * where nothing scans.
   */
  begin(tx: Tx, project: ProjectRow): string | null
  /** The scan in flight, else the newest. */
  latestOf(tx: Tx, projectId: string): ProjectScan | undefined
}

/** Something that a person has to decide, as the status shows it. */
export type Decision = {
  /** Stable as long as the decision stands: `protect:open_cluster`. */
  id: string
  label: string
  /** Findings that it is about. */
  count: number
  /** A path of the dashboard. */
  href: string
  description: string
  actionLabel: string
}

/** Who knows what is next for a project: the scanner, the checker of backlinks. */
export type ProjectFindings = {
  openOf(
    tx: Tx,
    project: ProjectRow,
  ): {
    decisions: readonly Decision[]
    /** Open findings that need no decision. */
    background: number
  }
}
