import type { Config } from './config'
import type { Clock } from './core/clock'
import { BACKLINKS_DUE } from './features/backlinks/due'
import type { ClickService } from './features/clicks/service'
import { DOMAINS_DUE } from './features/domains/due'
import { createMailBacklog } from './features/mails/backlog'
import { MAILS_DUE } from './features/mails/due'
import { createBackups } from './features/system/backups'
import { createClockSteps, lastSeenAt } from './features/system/clock-steps'
import { createProbes } from './features/system/probes'
import { createWebhookRebase } from './features/webhooks/rebase'
import type { WebhookService } from './features/webhooks/service'
import { createTraffic } from './http/traffic'
import { makeBackup } from './platform/backup'
import { flushedAlong } from './platform/backup-flush'
import { emptyLog } from './platform/checkpoint'
import { createClockWatch } from './platform/clock-watch'
import { databasePathIn } from './platform/data-dir'
import type { Database } from './platform/database'
import { createDiskGuard } from './platform/disk-guard'
import { createEventLoopWatch } from './platform/event-loop'
import type { Logger } from './platform/logger'
import { type LoopRunner, nextTurn, pause } from './platform/loops'
import { broughtForward, createDueRebase, REBASE_ROWS } from './platform/rebase'
import { readGeneratedSecrets } from './platform/secret-file'
import type { StorageHealth } from './platform/storage-health'
import type { WriteIntent } from './platform/write-intent'
import { inWorker } from './workers'

export type UpkeepParts = {
  config: Config
  clock: Clock
  logger: Logger
  db: Database
  health: StorageHealth
  intent: WriteIntent
  clicks: ClickService
  webhooks: Pick<WebhookService, 'backlog'>
  loops: Pick<LoopRunner, 'clockSet'>
  version: string
  /** Copies and empties in this thread instead of in a Worker. */
  inThread: boolean
  /** Of a clock that is never set; the machine's by default. */
  monotonicMs?: (() => number) | undefined
}

const SETTLE_WAIT_MS = 20
const SETTLE_WAITS_MAX = 1_000

export type Upkeep = ReturnType<typeof composeUpkeep>

/** What keeps the server running for years: room on the disk, backups, a watched clock, figures. */
export function composeUpkeep(parts: UpkeepParts) {
  const { config, clock, logger, db, health, intent, clicks, webhooks, inThread } = parts
  const databasePath = databasePathIn(config.dataDir)
  const disk = createDiskGuard({
    ...{ dataDir: config.dataDir, ballastBytes: config.ballastBytes, health, logger },
    emptyLog: async () => {
      if (inThread) emptyLog(databasePath)
      else await inWorker('log.empty', databasePath)
    },
    // The Worker that stores clicks waits for as long as somebody else wants to write.
    hold: intent.raise,
    release: intent.lower,
  })
  /** Settles when what was answered before is in the database, or has had its time. */
  async function settleClicks(): Promise<void> {
    if (inThread) return clicks.drain()
    const isStored = clicks.mark()
    for (let waits = 0; waits < SETTLE_WAITS_MAX && !isStored(); waits++)
      await pause(SETTLE_WAIT_MS)
  }

  const backups = createBackups({
    ...{ db, clock, logger, plan: config.backups, databasePath, version: parts.version },
    make: async (order) =>
      inThread ? makeBackup(order) : flushedAlong(order.file, inWorker('backup.make', order)),
    secrets: () => readGeneratedSecrets(config.dataDir),
    settleClicks,
  })
  const steps = createClockSteps({
    ...{ db, clock, logger, nextTurn, onStep: parts.loops.clockSet },
    watch: createClockWatch({
      ...{ clock, lastSeenMs: lastSeenAt(db), monotonicMs: parts.monotonicMs },
    }),
    rebases: [
      createWebhookRebase({ db, forward: broughtForward, rowsMax: REBASE_ROWS }),
      createDueRebase(db, MAILS_DUE),
      createDueRebase(db, DOMAINS_DUE),
      createDueRebase(db, BACKLINKS_DUE),
    ],
  })
  const eventLoop = createEventLoopWatch()
  const traffic = createTraffic()
  const probes = createProbes({
    ...{ db, clicks, webhooks, mails: createMailBacklog({ db, clock }) },
    ...{ disk: disk.status, backups: backups.status },
    ...{ eventLoop: eventLoop.read, traffic: traffic.read },
  })
  return {
    settleClicks,
    loops: [disk.loop, steps.loop, ...backups.loops],
    probes,
    traffic,
    start: eventLoop.start,
    stop() {
      eventLoop.stop()
      disk.close()
    },
  }
}
