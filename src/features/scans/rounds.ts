import { eq, isNull } from 'drizzle-orm'
import { type Clock, HOUR, MINUTE, SECOND } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { Scanner } from './scanner'
import { type ScanRow, scans } from './table'

/** Scans that go on at a time; each asks its own website twice a second. */
const AT_ONCE = 8
/** A run takes up no further scans after so long, so that it is seen to end. */
const TAKING_MS = 30 * MINUTE
const LOOKED_AT = 200

export type RoundsDeps = {
  db: Database
  clock: Clock
  scanner: Pick<Scanner, 'carryOut' | 'giveUp'>
}

type Going = { domain: string; work: Promise<void> }

/** What carries scans out, oldest first, a few at a time and one for each website. */
export function createScanRounds({ db, clock, scanner }: RoundsDeps) {
  let arrival = Promise.withResolvers<void>()

  /** Websites of one domain, of other workspaces even, are not asked for twice at a time. */
  function nextOf(
    going: ReadonlyMap<number, Going>,
    tried: ReadonlySet<number>,
  ): ScanRow | undefined {
    if (going.size >= AT_ONCE) return undefined
    const domains = new Set([...going.values()].map(({ domain }) => domain))
    const next = db.read
      .select({ no: scans.no, domain: scans.domain })
      .from(scans)
      .where(isNull(scans.finishedAt))
      .orderBy(scans.no)
      .limit(LOOKED_AT)
      .all()
      .find(({ no, domain }) => !tried.has(no) && !domains.has(domain))
    return next && db.read.select().from(scans).where(eq(scans.no, next.no)).get()
  }

  /** A scan that fails by our fault is given up; where the database refused, it waits. */
  async function carryOut(scan: ScanRow, signal: AbortSignal): Promise<void> {
    try {
      await scanner.carryOut(scan, signal)
    } catch (error) {
      const isLater = error instanceof AppError && error.code === 'unavailable'
      if (!signal.aborted && !isLater) scanner.giveUp(scan)
      throw error
    }
  }

  const loop: Loop = {
    name: 'scans.run',
    schedule: { everyMs: 5 * SECOND },
    runMsMax: 2 * HOUR,
    async run(signal) {
      const going = new Map<number, Going>()
      // Each once in a run, so that one that does not end keeps nobody busy.
      const tried = new Set<number>()
      const failures: unknown[] = []
      const until = clock.now() + TAKING_MS
      const take = (): ScanRow | undefined =>
        signal.aborted || clock.now() >= until ? undefined : nextOf(going, tried)
      for (;;) {
        for (let scan = take(); scan; scan = take()) {
          const { no, domain } = scan
          const work = carryOut(scan, signal)
            .catch((error: unknown) => void failures.push(error))
            .finally(() => going.delete(no))
          tried.add(no)
          going.set(no, { domain, work })
        }
        if (going.size === 0) break
        await Promise.race([...[...going.values()].map(({ work }) => work), arrival.promise])
      }
      if (failures.length > 0) throw failures[0]
    },
  }

  return {
    loop,
    /** A scan was begun; a run that goes on takes it up at once. */
    arrived(): void {
      arrival.resolve()
      arrival = Promise.withResolvers()
    },
  }
}
