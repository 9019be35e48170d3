import { Cron } from 'croner'
import { type Clock, HOUR, MINUTE, toIso } from '../core/clock'

/** `everyMs` counts from the end of a run; `cron` is read in `timezone`, UTC by default. */
export type LoopSchedule = { everyMs: number } | { cron: string; timezone?: string | undefined }

/** Longest sleep before a cron loop looks at the clock again, since clocks are set and timers not. */
const SLEEP_MS_MAX = MINUTE

/** When a loop is due, and how long to sleep before that is looked at again. */
type Due = { at: number; sleepMs: number; certain: boolean }

export type Timetable = {
  /** Whether its sleeps are what it goes by, whatever the clock says. */
  isMonotonic: boolean
  next(): Due | null
  /** Nothing before now is due any more. */
  settle(): void
}

/** The times of a cron pattern. Slots that were slept through are made up for by one run. */
function createCronTimetable(pattern: string, timezone: string, clock: Clock): Timetable {
  const cron = new Cron(pattern, { paused: true, timezone })
  let settledAt = clock.now()
  const next = (): Due | null => {
    const now = clock.now()
    // A clock set back a little must not repeat a slot; one set back far must not silence the loop.
    if (settledAt - now > HOUR) settledAt = now
    const at = cron.nextRun(toIso(settledAt))?.getTime()
    if (at === undefined) return null
    return { at, sleepMs: Math.min(at - now, SLEEP_MS_MAX), certain: false }
  }
  if (next() === null) throw new Error(`The cron pattern ${pattern} never comes due.`)
  const settle = (): void => {
    settledAt = Math.max(settledAt, clock.now())
  }
  return { isMonotonic: false, next, settle }
}

/** The times of a loop. Throws for a pattern that is none or never comes due. */
export function createTimetable(schedule: LoopSchedule, clock: Clock): Timetable {
  if ('cron' in schedule) {
    return createCronTimetable(schedule.cron, schedule.timezone ?? 'UTC', clock)
  }
  const { everyMs } = schedule
  // Timers are monotonic, so a clock that is set moves nothing here.
  const next = (): Due => ({ at: clock.now() + everyMs, sleepMs: everyMs, certain: true })
  return { isMonotonic: true, next, settle: () => {} }
}

/** Whether croner takes this for a pattern that comes due one day. */
export function isCronPattern(text: string): boolean {
  try {
    return new Cron(text, { paused: true, timezone: 'UTC' }).nextRun() !== null
  } catch {
    return false
  }
}
