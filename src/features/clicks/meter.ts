import type { Agent } from '../../platform/user-agent'
import { judge, type SpotVerdict } from './verdict'
import type { Visit } from './visit'

/** A link as it was when its limit was read; `serial` grows with each reading. */
export type MeteredLink = { readonly no: number; readonly serial: number }

/** Counts the clicks of some links at the moment they happen, for limits that hold exactly. */
export type ClickMeter = {
  /** What a visit is, by the very rules that clicks are stored by. */
  judge(visit: Pick<Visit, 'isHead' | 'isPrefetch' | 'userAgent'>): SpotVerdict
  /**
   * Undefined once the clicks of a link are known, and then they are until this turn is over; else
   * settles when it is worth asking again. Rejects when they could not be read.
   */
  whenKnown(link: MeteredLink): Promise<void> | undefined
  /** Human and duplicate clicks of a known link, those being answered included. */
  clicksOf(linkNo: number): number
  /** Counts a click that is about to be recorded. */
  take(linkNo: number): void
  /** Takes back a click that could not be stored. */
  giveBack(linkNo: number): void
}

export type ClickMeterDeps = {
  classify: (userAgent: string) => Agent
  /** Clicks of links, in the database and in the spool. */
  count: (linkNos: readonly number[]) => Promise<Map<number, number>>
  linksMax?: number
}

/** `clicks` is undefined while they are being counted; then `ready` settles. */
type Count = { serial: number; clicks: number | undefined; ready: Promise<void> }

/**
 * One thread takes every click, so a number per link in memory is exact. It is counted from what
 * is stored when a link is first met and each time it was read anew: between two readings it may
 * have had no limit, and clicks that nobody took here.
 */
export function createClickMeter(deps: ClickMeterDeps): ClickMeter {
  const { classify, count, linksMax = 50_000 } = deps
  const counts = new Map<number, Count>()
  let batch: { linkNos: Set<number>; counted: Promise<Map<number, number>> } | undefined

  /** All that are asked for before a count begins share it. */
  function countWithOthers(linkNo: number): Promise<Map<number, number>> {
    if (batch === undefined) {
      const linkNos = new Set<number>()
      const counted = Promise.resolve().then(() => {
        batch = undefined
        return count([...linkNos])
      })
      batch = { linkNos, counted }
    }
    batch.linkNos.add(linkNo)
    return batch.counted
  }

  function begin({ no, serial }: MeteredLink): Promise<void> {
    const mine: Count = { serial, clicks: undefined, ready: Promise.resolve() }
    mine.ready = countWithOthers(no).then(
      (found) => {
        mine.clicks = found.get(no) ?? 0
      },
      (error) => {
        if (counts.get(no) === mine) counts.delete(no)
        throw error
      },
    )
    // Counted again from what is stored when it is next met, so that forgetting is never wrong.
    if (counts.size >= linksMax) counts.delete(counts.keys().next().value ?? no)
    counts.delete(no)
    counts.set(no, mine)
    return mine.ready
  }

  return {
    judge: (visit) => judge(visit, classify(visit.userAgent)),

    whenKnown(link) {
      const known = counts.get(link.no)
      // A visit that met the link before its last change goes by the newest count.
      if (known === undefined || known.serial < link.serial) return begin(link)
      return known.clicks === undefined ? known.ready : undefined
    },

    clicksOf: (linkNo) => counts.get(linkNo)?.clicks ?? 0,

    take(linkNo) {
      const known = counts.get(linkNo)
      if (known?.clicks !== undefined) known.clicks += 1
    },

    giveBack(linkNo) {
      const known = counts.get(linkNo)
      if (known?.clicks !== undefined) known.clicks -= 1
    },
  }
}
