import { MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { ScanJudge } from './judging'
import { type Patience, untilAborted } from './patience'
import type { ProbeTarget } from './probe-choice'
import type { Probed, ProbeFetcher } from './probe-fetch'

/** In one go; what is not asked for by then stays unknown. */
const DURATION_MAX_MS = 5 * MINUTE
const HOSTS_AT_ONCE = 8

export type ProberDeps = {
  db: Database
  judge: Pick<ScanJudge, 'chooseProbes'>
  ask: ProbeFetcher
  pause: (ms: number) => Promise<void>
  nowMs: () => number
  /** Least time between two requests to one host. */
  gapMs: number
}

type Waiting = ProbeTarget & { no: number }

/** Answers that ask for a pause. */
const isRefusal = ({ status }: Probed): boolean => status === 429 || status === 503

/**
 * Asks for what the pages of a scan link to on other sites, and for their images: one request at a
 * time to each host, and none more to a host that asks for a pause. Each address is asked for once
 * in a scan, whatever kills the process; what was being asked for then stays unknown.
 */
export function createProber({ db, judge, ask, pause, nowMs, gapMs }: ProberDeps) {
  const store = createStore(db)

  /** Some servers refuse HEAD, or answer it wrongly: no error counts that GET does not meet too. */
  async function look(url: string, paced: () => Promise<void>, signal: AbortSignal) {
    const head = await ask('HEAD', url, signal)
    if (head.status === null || head.status < 400 || isRefusal(head)) return head
    await paced()
    return ask('GET', url, signal)
  }

  return async (scanNo: number, siteGapMs: number, { signal, last }: Patience): Promise<void> => {
    store.settleInterrupted(scanNo)
    if (!store.isChosen(scanNo)) store.add(scanNo, await judge.chooseProbes(scanNo))
    const hosts = byHost(store.waiting(scanNo))
    const endsAt = nowMs() + DURATION_MAX_MS

    async function askInTurn(targets: readonly Waiting[]): Promise<void> {
      for (const { no, url, kind } of targets) {
        const ms = kind === 'image' ? siteGapMs : gapMs
        const paced = () => (ms > 0 ? untilAborted(pause(ms), signal) : Promise.resolve())
        await paced()
        signal.throwIfAborted()
        if (nowMs() >= endsAt || !store.claim(no)) return
        const probed = await look(url, paced, last)
        store.finish(no, probed)
        if (isRefusal(probed)) return
      }
    }

    async function lane(): Promise<void> {
      for (let targets = hosts.shift(); targets; targets = hosts.shift()) await askInTurn(targets)
    }

    const ends = await Promise.allSettled(Array.from({ length: HOSTS_AT_ONCE }, lane))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
}

/** What waits, by the host that is asked; images all come from the site itself. */
function byHost(targets: readonly Waiting[]): Waiting[][] {
  return [
    ...Map.groupBy(targets, ({ kind, url }) =>
      kind === 'image' ? '' : new URL(url).host,
    ).values(),
  ]
}

function createStore({ sqlite, write }: Database) {
  const any = sqlite.query<{ no: number }, [number]>(
    'SELECT no FROM scan_probes WHERE scan_no = ? LIMIT 1',
  )
  const waiting = sqlite.query<Waiting, [number]>(
    `SELECT no, url, kind FROM scan_probes WHERE scan_no = ? AND state = 'queued' ORDER BY no`,
  )
  const insert = sqlite.query<null, [scanNo: number, url: string, kind: string]>(
    `INSERT INTO scan_probes (scan_no, url, kind, state) VALUES (?, ?, ?, 'queued')`,
  )
  const claim = sqlite.query<null, [number]>(
    `UPDATE scan_probes SET state = 'asking' WHERE no = ? AND state = 'queued' AND EXISTS
       (SELECT 1 FROM scans WHERE scans.no = scan_no AND finished_at IS NULL)`,
  )
  const finish = sqlite.query<null, [number | null, string | null, number | null, no: number]>(
    `UPDATE scan_probes SET state = 'done', status = ?, failure = ?, bytes = ? WHERE no = ?`,
  )
  const interrupt = sqlite.query<null, [number]>(
    `UPDATE scan_probes SET state = 'done', failure = 'interrupted'
     WHERE scan_no = ? AND state = 'asking'`,
  )
  return {
    isChosen: (scanNo: number): boolean => any.get(scanNo) !== null,
    waiting: (scanNo: number): Waiting[] => waiting.all(scanNo),
    /** All at once: some alone would be taken for all of them after a crash. */
    add: (scanNo: number, targets: readonly ProbeTarget[]): void =>
      write(() => {
        for (const { url, kind } of targets) insert.run(scanNo, url, kind)
      }),
    /** Answers whether it may be asked for: it waits still, and its scan goes on. */
    claim: (no: number): boolean => write(() => claim.run(no).changes > 0),
    finish: (no: number, { status, failure, bytes }: Probed): void =>
      write(() => void finish.run(status, failure, bytes, no)),
    /** What a killed process had asked for is not asked for again. */
    settleInterrupted: (scanNo: number): void => write(() => void interrupt.run(scanNo)),
  }
}
