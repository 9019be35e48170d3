import { describe, expect, test } from 'bun:test'
import { HOUR, MINUTE, SECOND } from '../../src/core/clock'
import { createLogger } from '../../src/platform/logger'
import { createLoopRunner, type Loop } from '../../src/platform/loops'
import { createTestClock } from '../support/clock'

const NEVER = { everyMs: HOUR }

function runnerWith(...loops: Loop[]) {
  const clock = createTestClock()
  const lines: string[] = []
  const runner = createLoopRunner({
    clock,
    logger: createLogger('info', (line) => lines.push(line)),
  })
  for (const loop of loops) runner.add(loop)
  return { clock, runner, lines }
}

/** A loop whose runs end when the test lets them. */
function gatedLoop(name = 'gated', schedule: Loop['schedule'] = NEVER) {
  const gates: PromiseWithResolvers<void>[] = []
  const arrivals: PromiseWithResolvers<void>[] = [Promise.withResolvers<void>()]
  let now = 0
  let most = 0
  const loop: Loop = {
    name,
    schedule,
    async run() {
      most = Math.max(most, ++now)
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      arrivals.push(Promise.withResolvers<void>())
      arrivals.at(-2)?.resolve()
      await gate.promise
      now--
    },
  }
  return {
    loop,
    runs: () => gates.length,
    most: () => most,
    /** Resolves when the run of this number, from 1, has begun. */
    begun: (number: number) => arrivals[number - 1]?.promise,
    release: (number: number) => gates[number - 1]?.resolve(),
  }
}

/** A loop that resolves `reached(n)` when it has run n times. */
function countingLoop(schedule: Loop['schedule'], name = 'counting') {
  let runs = 0
  const waiting = new Map<number, () => void>()
  const loop: Loop = {
    name,
    schedule,
    run() {
      runs++
      waiting.get(runs)?.()
    },
  }
  const reached = (number: number): Promise<void> =>
    runs >= number
      ? Promise.resolve()
      : new Promise((resolve) => {
          waiting.set(number, resolve)
        })
  return { loop, runs: () => runs, reached }
}

describe('a run by hand', () => {
  test('works before start and is counted', async () => {
    const { loop } = countingLoop(NEVER)
    const { runner, clock } = runnerWith(loop)
    await runner.run('counting')
    expect(runner.status()).toEqual([
      {
        name: 'counting',
        runs: 1,
        errors: 0,
        lastStartedAt: clock.now(),
        lastFinishedAt: clock.now(),
        lastError: null,
        running: false,
        overdue: false,
      },
    ])
  })

  test('during a run waits for the one further run that all such calls share', async () => {
    const gated = gatedLoop()
    const { runner } = runnerWith(gated.loop)
    const first = runner.run('gated')
    await gated.begun(1)
    const second = runner.run('gated')
    const third = runner.run('gated')
    gated.release(1)
    await first
    await gated.begun(2)
    expect(runner.status()[0]).toMatchObject({ running: true, runs: 1 })
    gated.release(2)
    await Promise.all([second, third])
    expect(gated.runs()).toBe(2)
    expect(gated.most()).toBe(1)
  })

  test('rejects with the error of the loop, which is logged and counted', async () => {
    let broken = true
    const run = (): void => {
      if (broken) throw new Error('the disk is full')
    }
    const { runner, lines } = runnerWith({ name: 'fragile', schedule: NEVER, run })
    await expect(runner.run('fragile')).rejects.toThrow('the disk is full')
    expect(runner.status()[0]).toMatchObject({ errors: 1, runs: 1, lastError: 'the disk is full' })
    expect(lines.join('\n')).toContain('the disk is full')
    expect(lines.join('\n')).toContain('"loop":"fragile"')
    broken = false
    await runner.run('fragile')
    expect(runner.status()[0]).toMatchObject({ errors: 1, runs: 2, lastError: null })
  })

  test('of an unknown loop is refused, as is a name taken twice', async () => {
    const { runner } = runnerWith(countingLoop(NEVER).loop)
    await expect(runner.run('other')).rejects.toThrow('other')
    expect(() => runner.wake('other')).toThrow('other')
    expect(() => runner.add(countingLoop(NEVER).loop)).toThrow('counting')
  })
})

describe('the timers', () => {
  test('begin only at start, with a first run at once', async () => {
    const hourly = countingLoop(NEVER)
    const { runner } = runnerWith(hourly.loop)
    runner.wake('counting')
    expect(hourly.runs()).toBe(0)
    runner.start()
    await hourly.reached(1)
    await runner.stop(0)
  })

  test('bring a loop back after the end of its run, errors or not', async () => {
    let runs = 0
    const third = Promise.withResolvers<void>()
    const { runner } = runnerWith({
      name: 'fragile',
      schedule: { everyMs: 1 },
      run() {
        if (++runs === 3) third.resolve()
        throw new Error('again')
      },
    })
    runner.start()
    await third.promise
    await runner.stop(100)
    expect(runner.status()[0]?.errors).toBeGreaterThanOrEqual(3)
  })

  test('never overlap a loop with itself, however short its interval', async () => {
    const gated = gatedLoop('gated', { everyMs: 1 })
    const beat = countingLoop({ everyMs: 1 }, 'beat')
    const { runner } = runnerWith(gated.loop, beat.loop)
    runner.start()
    await gated.begun(1)
    await beat.reached(beat.runs() + 10)
    expect(gated.runs()).toBe(1)
    gated.release(1)
    await gated.begun(2)
    expect(gated.most()).toBe(1)
    gated.release(2)
    await runner.stop(100)
  })

  test('a loop that is woken many times runs soon and once', async () => {
    const hourly = countingLoop(NEVER)
    const beat = countingLoop({ everyMs: 1 }, 'beat')
    const { runner } = runnerWith(hourly.loop, beat.loop)
    runner.start()
    await hourly.reached(1)
    for (let call = 0; call < 5; call++) runner.wake('counting')
    await hourly.reached(2)
    await beat.reached(beat.runs() + 5)
    expect(hourly.runs()).toBe(2)
    await runner.stop(100)
  })

  test('a loop that is woken during a run runs once more', async () => {
    const gated = gatedLoop()
    const { runner } = runnerWith(gated.loop)
    runner.start()
    await gated.begun(1)
    runner.wake('gated')
    runner.wake('gated')
    gated.release(1)
    await gated.begun(2)
    gated.release(2)
    await runner.stop(100)
    expect(gated.runs()).toBe(2)
  })

  test('a loop that wakes itself from the middle of its run does not overlap', async () => {
    let runs = 0
    let inside = 0
    const second = Promise.withResolvers<void>()
    const { runner } = runnerWith({
      name: 'self',
      schedule: NEVER,
      run() {
        expect(++inside).toBe(1)
        if (++runs === 1) runner.wake('self')
        else second.resolve()
        inside--
      },
    })
    runner.start()
    await second.promise
    await runner.stop(100)
    expect(runner.status()[0]).toMatchObject({ runs: 2, errors: 0 })
  })
})

describe('a cron loop', () => {
  const MONDAY_EIGHT = { cron: '0 8 * * 1', timezone: 'America/New_York' } as const

  test('runs at its time in its zone, and not before', async () => {
    const weekly = countingLoop(MONDAY_EIGHT)
    const beat = countingLoop({ everyMs: 1 }, 'beat')
    const { runner, clock } = runnerWith(weekly.loop, beat.loop)
    // 08:00 in New York is 12:00 UTC since daylight saving began on 8 March 2026.
    clock.set('2026-03-16T11:59:59.990Z')
    runner.start()
    await beat.reached(20)
    expect(weekly.runs()).toBe(0)
    clock.advance(10)
    await weekly.reached(1)
    await runner.stop(100)
  })

  test('does not repeat a slot when the clock is set back a little', async () => {
    const weekly = countingLoop(MONDAY_EIGHT)
    const beat = countingLoop({ everyMs: 1 }, 'beat')
    const { runner, clock } = runnerWith(weekly.loop, beat.loop)
    clock.set('2026-03-16T11:59:59.999Z')
    runner.start()
    clock.advance(1)
    await weekly.reached(1)
    clock.advance(-1)
    runner.wake('counting')
    await weekly.reached(2)
    clock.advance(1)
    await beat.reached(beat.runs() + 20)
    expect(weekly.runs()).toBe(2)
    await runner.stop(100)
  })

  test('looks at the clock again when that was set', async () => {
    const weekly = countingLoop(MONDAY_EIGHT)
    const { runner, clock } = runnerWith(weekly.loop)
    clock.set('2026-03-14T12:00:00.000Z')
    runner.start()
    clock.advance(3 * 24 * HOUR)
    runner.clockSet(3 * 24 * HOUR)
    await weekly.reached(1)
    await runner.stop(100)
  })

  test.each([
    ['nonsense', undefined],
    ['61 * * * *', undefined],
    ['0 0 30 2 *', undefined],
    ['* * * * *', 'Mars/Olympus'],
  ])('with the pattern %p in zone %p is refused when it is added', (cron, timezone) => {
    const loop = countingLoop({ cron, timezone }).loop
    expect(() => runnerWith(loop)).toThrow()
  })
})

describe('stop', () => {
  test('aborts the signal and waits for the run to end', async () => {
    let ended = false
    const begun = Promise.withResolvers<void>()
    const { runner, lines } = runnerWith({
      name: 'polite',
      schedule: NEVER,
      async run(signal) {
        begun.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        ended = true
        signal.throwIfAborted()
      },
    })
    runner.start()
    await begun.promise
    expect(await runner.stop(5_000)).toEqual([])
    expect(ended).toBe(true)
    expect(runner.status()[0]).toMatchObject({ errors: 0, running: false, overdue: false })
    expect(lines).toEqual([])
  })

  test('names the loops that outlast the grace, and drops runs that wait', async () => {
    const gated = gatedLoop()
    const { runner } = runnerWith(gated.loop)
    const first = runner.run('gated')
    await gated.begun(1)
    const second = runner.run('gated')
    expect(await runner.stop(5)).toEqual(['gated'])
    gated.release(1)
    await first
    await expect(second).rejects.toThrow('stopped')
    await expect(runner.run('gated')).rejects.toThrow('stopped')
    expect(gated.runs()).toBe(1)
  })

  test('leaves nothing that runs later', async () => {
    const hourly = countingLoop(NEVER)
    const { runner } = runnerWith(hourly.loop)
    runner.start()
    await hourly.reached(1)
    await runner.stop(100)
    runner.wake('counting')
    const beat = countingLoop({ everyMs: 1 }, 'beat')
    const other = runnerWith(beat.loop)
    other.runner.start()
    await beat.reached(5)
    await other.runner.stop(100)
    expect(hourly.runs()).toBe(1)
  })
})

describe('overdue', () => {
  test('is a loop that is late by more than a minute, until it has run', async () => {
    const hourly = countingLoop(NEVER)
    const { runner, clock } = runnerWith(hourly.loop)
    runner.start()
    await hourly.reached(1)
    await runner.run('counting')
    clock.advance(HOUR + MINUTE)
    expect(runner.status()[0]?.overdue).toBe(false)
    clock.advance(SECOND)
    expect(runner.status()[0]?.overdue).toBe(true)
    await runner.run('counting')
    expect(runner.status()[0]?.overdue).toBe(false)
    await runner.stop(100)
  })

  test('is no loop for a clock that was set, once that is told', async () => {
    const hourly = countingLoop(NEVER)
    const gated = gatedLoop()
    const { runner, clock } = runnerWith(hourly.loop, gated.loop)
    runner.start()
    await Promise.all([hourly.reached(1), gated.begun(1)])
    const overdue = () => runner.status().map((loop) => loop.overdue)
    for (const days of [3, -6]) {
      clock.advance(days * 24 * HOUR)
      runner.clockSet(days * 24 * HOUR)
      expect(overdue()).toEqual([false, false])
    }
    clock.advance(HOUR + MINUTE + SECOND)
    expect(overdue()).toEqual([true, true])
    gated.release(1)
    await runner.stop(100)
  })

  test('is a run that takes longer than it may', async () => {
    const gated = gatedLoop()
    const { runner, clock } = runnerWith({ ...gated.loop, runMsMax: MINUTE })
    const running = runner.run('gated')
    await gated.begun(1)
    clock.advance(MINUTE)
    expect(runner.status()[0]).toMatchObject({ running: true, overdue: false })
    clock.advance(1)
    expect(runner.status()[0]).toMatchObject({ running: true, overdue: true })
    gated.release(1)
    await running
  })
})
