import { type Clock, HOUR, MINUTE } from '../core/clock'
import type { Logger } from './logger'
import { createTimetable, type LoopSchedule, type Timetable } from './timetable'

/** Work that comes back. State lives in tables, so that a run may be cut short at any time. */
export type Loop = {
  name: string
  schedule: LoopSchedule
  /** A run that takes longer counts as overdue; one hour by default. */
  runMsMax?: number | undefined
  run(signal: AbortSignal): Promise<void> | void
}

export type LoopStatus = {
  name: string
  /** Finished runs, failed ones included. */
  runs: number
  errors: number
  lastStartedAt: number | null
  lastFinishedAt: number | null
  /** Message of the last run if it failed; null once one succeeded. */
  lastError: string | null
  running: boolean
  /** Started, yet a minute late with its next run or beyond the time that one may take. */
  overdue: boolean
}

export type LoopRunner = {
  /** Registers a loop. Throws for a name that is taken and for a cron pattern that is none. */
  add(loop: Loop): void
  /** Begins: loops with `everyMs` run at once, loops with `cron` at their next time. */
  start(): void
  /**
   * Runs a loop, started or not, and resolves when that run has ended; rejects with its error.
   * A loop never overlaps itself: a call during a run waits for the one further run that follows,
   * shared by all such calls, so that it always sees work that existed when it was called.
   */
  run(name: string): Promise<void>
  /** Lets a loop run soon, once for any number of calls. Does nothing before start and after stop. */
  wake(name: string): void
  /**
   * Aborts the signals of all runs, forgets those that wait and waits for the rest; answers the
   * names of loops that were still running after `graceMs`.
   */
  stop(graceMs: number): Promise<string[]>
  /** Told that the clock was set by so much: nothing is late for that, and patterns look again. */
  clockSet(byMs: number): void
  status(): LoopStatus[]
}

export type LoopRunnerDeps = { clock: Clock; logger: Logger }

const LATE_MS = MINUTE

/** The one timer of a loop. */
function createAlarm(timetable: Timetable, clock: Clock, ring: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let dueAt: number | null = null
  let isSoon = false
  const sleep = (at: number, sleepMs: number, then: () => void): void => {
    clearTimeout(timer)
    isSoon = sleepMs <= 0
    dueAt = at
    timer = setTimeout(then, Math.max(0, sleepMs))
    timer.unref()
  }
  const fire = (): void => {
    timetable.settle()
    ring()
  }
  const set = (): void => {
    const due = timetable.next()
    if (due === null) return
    sleep(due.at, due.sleepMs, () => {
      if (due.certain || clock.now() >= due.at) fire()
      else set()
    })
  }
  return {
    set,
    ringSoon: () => sleep(clock.now(), 0, fire),
    clear(): void {
      clearTimeout(timer)
      dueAt = null
    },
    clockSet(byMs: number): void {
      if (dueAt === null) return
      if (timetable.isMonotonic || isSoon) dueAt += byMs
      else set()
    },
    isLate: (): boolean => dueAt !== null && clock.now() - dueAt > LATE_MS,
  }
}

type LoopRecord = Omit<LoopStatus, 'running' | 'overdue'>
type RunDeps = LoopRunnerDeps & { signal: AbortSignal }

/** One run with its bookkeeping. Rejects with the error of the loop, which is logged and counted. */
async function runOnce(loop: Loop, record: LoopRecord, deps: RunDeps): Promise<void> {
  const { clock, logger, signal } = deps
  record.lastStartedAt = clock.now()
  try {
    await loop.run(signal)
    record.lastError = null
  } catch (error) {
    // What a run throws because it was told to stop is no failure.
    if (!signal.aborted) {
      record.errors++
      record.lastError = error instanceof Error ? error.message : String(error)
      logger.error('loop failed', { loop: loop.name, error })
    }
    throw error
  } finally {
    record.runs++
    record.lastFinishedAt = clock.now()
  }
}

/** Runs `work` never twice at a time; `rest` is called when no further run follows. */
function createTurns(work: () => Promise<void>, signal: AbortSignal, rest: () => void) {
  let current: Promise<void> | null = null
  let following: Promise<void> | null = null

  const begin = (): Promise<void> => {
    // The run starts in a later microtask, when `current` already keeps a second one away.
    current = Promise.resolve()
      .then(work)
      .finally(() => {
        current = null
        if (following === null) rest()
      })
    return current
  }
  const follow = async (before: Promise<void>): Promise<void> => {
    await before.catch(() => {})
    following = null
    signal.throwIfAborted()
    return begin()
  }
  return {
    current: () => current,
    run(): Promise<void> {
      if (signal.aborted) return Promise.reject(signal.reason)
      if (following !== null) return following
      if (current === null) return begin()
      following = follow(current)
      return following
    },
  }
}

function createEntry(loop: Loop, deps: RunDeps) {
  const { clock, signal } = deps
  const record: LoopRecord = {
    name: loop.name,
    runs: 0,
    errors: 0,
    lastStartedAt: null,
    lastFinishedAt: null,
    lastError: null,
  }
  let begun = false
  const runQuietly = (): void => {
    turns.run().catch(() => {})
  }
  const timetable = createTimetable(loop.schedule, clock)
  const alarm = createAlarm(timetable, clock, runQuietly)
  const rest = (): void => {
    if (begun && !signal.aborted) alarm.set()
  }
  const work = (): Promise<void> => {
    alarm.clear()
    return runOnce(loop, record, deps)
  }
  const turns = createTurns(work, signal, rest)
  const isLong = (): boolean =>
    clock.now() - (record.lastStartedAt ?? clock.now()) > (loop.runMsMax ?? HOUR)

  return {
    turns,
    alarm,
    begin(): void {
      begun = true
      timetable.settle()
      if ('everyMs' in loop.schedule) alarm.ringSoon()
      else alarm.set()
    },
    wake(): void {
      if (!begun || signal.aborted) return
      if (turns.current() === null) alarm.ringSoon()
      else runQuietly()
    },
    clockSet(byMs: number): void {
      if (record.lastStartedAt !== null) record.lastStartedAt += byMs
      if (record.lastFinishedAt !== null) record.lastFinishedAt += byMs
      alarm.clockSet(byMs)
    },
    status(): LoopStatus {
      const running = turns.current() !== null
      return { ...record, running, overdue: running ? isLong() : alarm.isLate() }
    },
  }
}

/** Whether `work` ends within `graceMs`; it is not cut when it does not. */
export async function settlesWithin(work: Promise<unknown>, graceMs: number): Promise<boolean> {
  const { promise: patience, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), graceMs)
  try {
    return await Promise.race([work.then(() => true), patience])
  } finally {
    clearTimeout(timer)
  }
}

/** Keeps the loops of one process. One loop's failure or slowness never touches another. */
export function createLoopRunner({ clock, logger }: LoopRunnerDeps): LoopRunner {
  const entries = new Map<string, ReturnType<typeof createEntry>>()
  const stopping = new AbortController()
  let started = false

  const requireEntry = (name: string) => {
    const entry = entries.get(name)
    if (entry === undefined) throw new Error(`There is no loop ${name}.`)
    return entry
  }
  return {
    add(loop) {
      if (entries.has(loop.name)) throw new Error(`There already is a loop ${loop.name}.`)
      const entry = createEntry(loop, { clock, logger, signal: stopping.signal })
      entries.set(loop.name, entry)
      if (started) entry.begin()
    },
    start() {
      if (started) return
      started = true
      for (const entry of entries.values()) entry.begin()
    },
    run: async (name) => requireEntry(name).turns.run(),
    wake: (name) => requireEntry(name).wake(),
    async stop(graceMs) {
      stopping.abort(new Error('The loops were stopped.'))
      for (const { alarm } of entries.values()) alarm.clear()
      const running = [...entries.values()].flatMap(({ turns }) => turns.current() ?? [])
      await settlesWithin(Promise.allSettled(running), graceMs)
      return [...entries].flatMap(([name, { turns }]) => (turns.current() === null ? [] : [name]))
    },
    clockSet(byMs) {
      for (const entry of entries.values()) entry.clockSet(byMs)
    },
    status: () => [...entries.values()].map((entry) => entry.status()),
  }
}

/** Resolves after `ms`; the process may end before. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref())

/** Resolves when this turn of the event loop is over: what else has arrived in it is there then. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
