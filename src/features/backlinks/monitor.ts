import { type Clock, DAY, HOUR, MINUTE } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Loop } from '../../platform/loops'
import type { Projects } from '../projects/service'
import type { Sites } from '../sites/service'
import type { WorkspaceDirectory } from '../workspaces/service'
import type { Alerts } from './alerts'
import type { Check } from './checker'
import type { Leases } from './leases'
import type { Look, Looked, Looking } from './looking'
import type { Outage, Tally } from './outage'
import { type Recording, sightingOf } from './recording'
import type { BacklinkRow } from './table'
import { parseTarget, type Target } from './target'

export type MonitorDeps = {
  db: Database
  clock: Clock
  logger: Logger
  projects: Pick<Projects, 'findLive'>
  sites: Pick<Sites, 'findById'>
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  looking: Looking
  leases: Leases
  recording: Recording
  alerts: Alerts
  outage: Outage
  nextTurn: () => Promise<void>
}

/** Checks at the same time, each of another host. */
const TOGETHER = 8
const EVERY_MS = 10 * MINUTE
/** A run that takes longer ends, so that what it found is told; the next one goes on. */
const RUN_MS = 15 * MINUTE
const FAULT_MS = HOUR

/** Looks at backlinks when they are due, and tells what became of them when the run is over. */
export function createMonitor(deps: MonitorDeps) {
  const { db, clock, logger, looking, leases, recording, alerts, outage } = deps

  /** What the link should lead to; undefined where the project or its workspace is hidden. */
  function targetOf(tx: Tx, { workspaceId, projectId, siteId }: BacklinkRow): Target | undefined {
    const isLive = deps.workspaces.findLive(workspaceId) !== undefined
    const project = isLive ? deps.projects.findLive(tx, workspaceId, projectId) : undefined
    if (!project) return undefined
    const site = siteId === null ? undefined : deps.sites.findById(tx, workspaceId, siteId)
    return { ...parseTarget(project.registeredDomain), url: site?.url ?? null }
  }

  /** Records what was seen, where the lease still holds; answers the row as it is now. */
  const settle = (held: BacklinkRow, looked: Looked): BacklinkRow | undefined =>
    db.write((tx) => {
      const row = leases.heldBy(tx, held)
      return row && recording.record(tx, row, looked)
    })

  /** Looks at one page. Answers what was seen; null where it was not looked at. */
  async function check(row: BacklinkRow, look: Look, signal: AbortSignal): Promise<Looked | null> {
    const target = targetOf(db.read, row)
    if (!target) {
      db.write((tx) => leases.putOff(tx, row, DAY))
      return null
    }
    try {
      const looked = await look(row, target, signal)
      // What we cut short ourselves says nothing of the page.
      if (signal.aborted) return null
      settle(row, looked)
      return looked
    } catch (error) {
      // A fault of ours with one page must not keep the others waiting.
      logger.error('backlink check failed', { id: row.id, error })
      db.write((tx) => leases.putOff(tx, row, FAULT_MS))
      return null
    }
  }

  async function checkAll(signal: AbortSignal): Promise<Tally> {
    const look = looking.begin()
    const tally = { visible: 0, vanished: 0 }
    const at = clock.now()
    const busy = new Map<string, Promise<void>>()
    /** Hosts that asked for less: they get nothing more in this run. */
    const resting = new Set<string>()
    const begin = (row: BacklinkRow): void => {
      const work = check(row, look, signal).then((looked) => {
        busy.delete(row.host)
        if (!looked) return
        const [could, can] = [wasSeen(row), isSeen(looked.check)]
        if (could || can) tally.visible++
        if (could && !can) tally.vanished++
        if (looked.check.fetch === 'rate_limited') resting.add(row.host)
      })
      busy.set(row.host, work)
    }
    for (;;) {
      const isOpen = !signal.aborted && clock.now() < at + RUN_MS && busy.size < TOGETHER
      const row = isOpen ? leases.next(at, [...busy.keys(), ...resting]) : undefined
      if (row) begin(row)
      else if (busy.size > 0) await Promise.race(busy.values())
      else return tally
    }
  }

  async function tellAll(signal: AbortSignal): Promise<void> {
    if (outage.isOn(db.read)) return
    for (const projectId of alerts.waiting(db.read)) {
      if (signal.aborted) return
      db.write((tx) => alerts.tell(tx, projectId))
      await deps.nextTurn()
    }
  }

  const loop: Loop = {
    name: 'backlinks.monitor',
    schedule: { everyMs: EVERY_MS },
    async run(signal) {
      const tally = await checkAll(signal)
      if (signal.aborted) return
      outage.judge(tally)
      await tellAll(signal)
    },
  }

  return {
    loop,
    targetOf,

    /** Looks at one page now, whenever it is due. Throws `in_progress`. */
    async lookNow(
      row: BacklinkRow,
      target: Target,
    ): Promise<{ held: BacklinkRow; looked: Looked }> {
      const held = leases.take(row)
      const looked = await looking.begin()(held, target, new AbortController().signal)
      return { held, looked }
    },

    /** Records what {@link lookNow} saw, and tells it at once; undefined where it was deleted. */
    settleNow: ({ held, looked }: { held: BacklinkRow; looked: Looked }): BacklinkRow | undefined =>
      db.write((tx) => {
        const row = settle(held, looked)
        if (row && !outage.isOn(tx)) alerts.tell(tx, row.projectId)
        return row
      }),
  }
}

/** Whether we saw something, if only that it is gone; for a name without address DNS may be to blame. */
const isSeen = (check: Check): boolean =>
  sightingOf(check) !== 'unseen' && !check.reasons.includes('nxdomain')

/** As {@link isSeen}, of the last check. */
const wasSeen = ({ checkedAt, unknownSince, reasons }: BacklinkRow): boolean =>
  checkedAt !== null && unknownSince === null && !reasons.includes('nxdomain')
