import { type Clock, MINUTE } from '../../core/clock'
import { AppError } from '../../core/errors'
import { isoWeekAt } from '../../core/iso-week'
import { parseTimeZone } from '../../core/time-zone'
import type { Loop } from '../../platform/loops'

type Scheduled = { id: string; timezone: string; trackingSchedule: 'off' | 'daily' | 'weekly' }

export type SchedulingDeps = {
  clock: Clock
  workspaces: {
    /** Live workspaces of numbers above `no`, at most `limit`, in their order. */
    liveAfter(no: number, limit: number): (Scheduled & { no: number })[]
  }
  startScheduled: (workspaceId: string, scheduledFor: string) => boolean
  nextTurn: () => Promise<void>
}

const PAGE = 100

/** The day or ISO week of the workspace's wall clock; undefined without a schedule. */
export function periodOf(
  { trackingSchedule, timezone }: Omit<Scheduled, 'id'>,
  nowMs: number,
): string | undefined {
  if (trackingSchedule === 'off') return undefined
  const zone = parseTimeZone(timezone)
  if (trackingSchedule === 'weekly') return isoWeekAt(nowMs, zone).name
  return new Date(nowMs + zone.offsetAt(nowMs)).toISOString().slice(0, 10)
}

/**
 * Starts the runs of workspaces with a schedule, once for each day or ISO week of theirs. Where
 * one cannot start (no prompts, no answers left this month) it is tried again until the period is
 * over; one that was missed is not made up for, since nobody can ask about last week today.
 */
export function createSchedulingLoop(deps: SchedulingDeps): Loop {
  const { clock, workspaces, startScheduled, nextTurn } = deps
  function startDue(workspace: Scheduled): void {
    const period = periodOf(workspace, clock.now())
    if (period === undefined) return
    try {
      startScheduled(workspace.id, period)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
    }
  }
  return {
    name: 'tracking.schedule',
    schedule: { everyMs: 10 * MINUTE },
    async run(signal) {
      for (let after = 0; !signal.aborted; await nextTurn()) {
        const page = workspaces.liveAfter(after, PAGE)
        for (const workspace of page) startDue(workspace)
        const last = page.at(-1)
        if (!last) return
        after = last.no
      }
    },
  }
}
