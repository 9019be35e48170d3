import { existsSync, writeFileSync } from 'node:fs'

/** What a server loaded with this probe says of itself while it works. */
export type TurnReport = {
  turns: number
  /**
   * The longest turns of the event loop, in milliseconds: of the time on the clock and the time on
   * the processor the lesser one, so that neither other programs nor other threads count.
   */
  longestMs: number[]
  rssMax: number
}

const LISTED = 10
const EVERY_MS = 250

/**
 * Measures every turn of this process and writes what it found to a file, again and again. Begins
 * anew when that file has been removed.
 */
export function watchTurns(path: string): () => TurnReport {
  let longestMs: number[] = []
  let [turns, rssMax, written] = [0, 0, 0]
  let [at, spent] = [performance.now(), process.cpuUsage()]
  let isWatching = true

  const report = (): TurnReport => ({ turns, longestMs, rssMax })
  function turn(): void {
    const now = performance.now()
    const { user, system } = process.cpuUsage(spent)
    const lasted = Math.min(now - at, (user + system) / 1000)
    turns += 1
    if (lasted > (longestMs.at(-1) ?? 0) || longestMs.length < LISTED) {
      longestMs = [...longestMs, lasted].toSorted((a, b) => b - a).slice(0, LISTED)
    }
    if (path !== '' && now - written > EVERY_MS) {
      if (!existsSync(path)) [turns, rssMax, longestMs] = [0, 0, []]
      rssMax = Math.max(rssMax, process.memoryUsage.rss())
      writeFileSync(path, JSON.stringify(report()))
      written = now
    }
    spent = process.cpuUsage()
    at = performance.now()
    if (isWatching) setImmediate(turn)
  }
  turn()
  return () => {
    isWatching = false
    return report()
  }
}

const path = process.env.TURN_REPORT
if (path) watchTurns(path)
