import { DAY, startOfUtcDay } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Agent } from '../../platform/user-agent'
import type { WriteIntent } from '../../platform/write-intent'
import { firstIdAt } from './click-id'
import { type Origin, originOf } from './origin'
import { openProgress } from './progress'
import { createSeen } from './seen'
import { openSpoolReader, type SpoolPlace } from './spool'
import { createTally } from './tally'
import { createTerms } from './terms'
import { DUPLICATE_WINDOW_MS, judge, VERDICTS, type Verdict } from './verdict'
import { decodeVisits, type RecordedVisit } from './visit'

/** A click as told to those who subscribe to clicks. */
export type ExpandedClick = Origin & {
  id: number
  linkNo: number
  workspaceNo: number
  at: number
  verdict: Verdict
  country: string | null
  region: string | null
  city: string | null
  device: string | null
  os: string | null
  browser: string | null
  /** Keys of the variant shown and of the rule that decided. */
  variant: string | null
  rule: string | null
}

/** Joins the transaction that stores clicks, once their links' totals hold them. */
export type TotalsListener = (tx: Tx, linkNos: readonly number[]) => void

/** Who wants to be told of each click. */
export type ClickListener = {
  wants(workspaceNo: number): boolean
  /** Joins the transaction that stores the clicks. */
  emitClicked(tx: Tx, clicks: readonly ExpandedClick[]): void
}

export type ExpanderDeps = {
  db: Database
  spoolDirectory: string
  classify: (userAgent: string) => Agent
  logger: Logger
  /** The other thread's wish to write, where there is one. */
  intent?: Pick<WriteIntent, 'isRaised'> | undefined
  listener?: ClickListener | undefined
  onTotals?: TotalsListener | undefined
}

export type Expander = {
  /** Stores some visits of the spool in one short transaction; 0 when all are stored. */
  expandSome(): number
  /** Only once the recorder is closed: the segments that are stored are removed. */
  close(): void
}

/** Rows of one transaction at most, about 5 ms of the write lock. */
const ROWS_MAX = 512
/** Rows between two looks at the other thread's wish to write. */
const ROWS_PER_POLL = 10

const FIRST_ON_LINK = 1
const FIRST_IN_WORKSPACE = 2

const orNull = (text: string): string | null => (text === '' ? null : text)

/**
 * Turns the spool's visits into rows, together with the place reached, so that each visit becomes
 * one click whatever kills the process. Plain and synchronous: the Worker is only a shell.
 */
export function createExpander(deps: ExpanderDeps): Expander {
  const { db, classify, intent, listener, logger } = deps
  const reader = openSpoolReader({
    directory: deps.spoolDirectory,
    onTorn: (place, sizeBytes) =>
      logger.warn('The torn end of a spool segment was dropped.', { ...place, sizeBytes }),
  })
  const terms = createTerms(db)
  const visitors = createVisitorDay(db)
  const insert = prepareInsert(db)
  const progress = openProgress(db)
  let { place, lastId } = progress.read()
  let next: SpoolPlace = place
  let queue: RecordedVisit[] = []
  let queueAt = 0
  reader.forget(place.segment)

  function decode(payload: Buffer): RecordedVisit[] {
    try {
      return decodeVisits(payload)
    } catch (error) {
      // Whole by its checksum, so reading it again would not help and would hold up all others.
      logger.error('A frame of the spool was skipped: it is not understood.', { ...place, error })
      return []
    }
  }

  /** The next visit that is not stored yet; reads frames as they come. */
  function peek(): RecordedVisit | undefined {
    for (;;) {
      const visit = queue[queueAt]
      if (visit !== undefined && visit.id > lastId) return visit
      if (visit !== undefined) {
        queueAt += 1
        continue
      }
      const frame = reader.read(next)
      if (frame === undefined) return undefined
      place = { segment: frame.next.segment, offset: frame.next.offset - frame.payload.length - 8 }
      next = frame.next
      queue = decode(frame.payload)
      queueAt = 0
    }
  }

  function expand(visit: RecordedVisit): ExpandedClick {
    const agent = classify(visit.userAgent)
    const origin = originOf(visit.referrer, visit.query)
    const seen = visitors.judge(visit, visit.verdict ?? judge(visit, agent))
    const click: ExpandedClick = {
      id: visit.id,
      linkNo: visit.linkNo,
      workspaceNo: visit.workspaceNo,
      at: visit.at,
      verdict: seen.verdict,
      country: orNull(visit.place.country),
      region: orNull(visit.place.region),
      city: orNull(visit.place.city),
      device: orNull(agent.device),
      os: orNull(agent.os),
      browser: orNull(agent.browser),
      ...origin,
      variant: orNull(visit.variant),
      rule: orNull(visit.rule),
    }
    insert(click, seen.firsts, visit.visitor, terms.numberOf)
    tally.add(click, seen.firsts)
    return click
  }

  const tally = createTally(db)

  function transaction(tx: Tx): number {
    const told: ExpandedClick[] = []
    let rows = 0
    for (let visit = peek(); visit !== undefined && rows < ROWS_MAX; visit = peek()) {
      if (rows > 0 && rows % ROWS_PER_POLL === 0 && intent?.isRaised()) break
      const click = expand(visit)
      if (listener?.wants(click.workspaceNo)) told.push(click)
      lastId = visit.id
      queueAt += 1
      rows += 1
    }
    const counted = tally.write()
    deps.onTotals?.(tx, counted)
    progress.write(queueAt < queue.length ? place : next, lastId)
    if (told.length > 0) listener?.emitClicked(tx, told)
    return rows
  }

  function rewind(): void {
    ;({ place, lastId } = progress.read())
    next = place
    queue = []
    queueAt = 0
    terms.reset()
    visitors.reset()
    tally.reset()
  }

  return {
    expandSome() {
      if (peek() === undefined) return 0
      const segment = place.segment
      try {
        const rows = db.write(transaction)
        if (next.segment > segment) reader.forget(place.segment)
        return rows
      } catch (error) {
        rewind()
        throw error
      }
    },
    close() {
      if (peek() === undefined) reader.forget(next.segment + 1)
      reader.close()
    },
  }
}

/** Who was seen today, rebuilt from the rows when the day changes or a transaction failed. */
function createVisitorDay(db: Database) {
  const onLinks = createSeen()
  const inWorkspaces = createSeen()
  let day = Number.NaN
  const rowsOfDay = db.sqlite.query<
    { linkNo: number; workspaceNo: number; visitor: number; at: number },
    [number, number, number]
  >(
    `SELECT link_no AS linkNo, workspace_no AS workspaceNo, visitor, at FROM clicks
     WHERE id >= ? AND at >= ? AND at < ? AND verdict <= 1 ORDER BY id`,
  )

  function enter(today: number): void {
    onLinks.clear()
    inWorkspaces.clear()
    day = today
    for (const row of rowsOfDay.iterate(firstIdAt(today), today, today + DAY)) {
      onLinks.touch(row.linkNo, row.visitor, row.at - today)
      inWorkspaces.touch(row.workspaceNo, row.visitor, row.at - today)
    }
  }

  return {
    /** Salts change at midnight, so that neither uniques nor duplicates reach across it. */
    judge(visit: RecordedVisit, verdict: Verdict): { verdict: Verdict; firsts: number } {
      if (verdict !== 'human') return { verdict, firsts: 0 }
      const today = startOfUtcDay(visit.at)
      if (today !== day) enter(today)
      const ms = visit.at - today
      const before = onLinks.touch(visit.linkNo, visit.visitor, ms)
      const isFirstInWorkspace = inWorkspaces.touch(visit.workspaceNo, visit.visitor, ms) < 0
      if (before >= 0 && Math.abs(ms - before) <= DUPLICATE_WINDOW_MS) {
        return { verdict: 'duplicate', firsts: 0 }
      }
      const firsts =
        (before < 0 ? FIRST_ON_LINK : 0) | (isFirstInWorkspace ? FIRST_IN_WORKSPACE : 0)
      return { verdict: 'human', firsts }
    },
    reset() {
      day = Number.NaN
    },
  }
}

type NumberOf = (text: string | null) => number | null

function prepareInsert(db: Database) {
  const statement = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, region,
       city, device, os, browser, referrer, utm_source, utm_medium, utm_campaign, utm_term,
       utm_content, variant, rule)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (click: ExpandedClick, firsts: number, visitor: number, numberOf: NumberOf): void => {
    statement.run(
      click.id,
      click.linkNo,
      click.workspaceNo,
      click.at,
      VERDICTS.indexOf(click.verdict),
      firsts,
      visitor,
      numberOf(click.country),
      numberOf(click.region),
      numberOf(click.city),
      numberOf(click.device),
      numberOf(click.os),
      numberOf(click.browser),
      numberOf(click.referrer),
      numberOf(click.utmSource),
      numberOf(click.utmMedium),
      numberOf(click.utmCampaign),
      numberOf(click.utmTerm),
      numberOf(click.utmContent),
      numberOf(click.variant),
      numberOf(click.rule),
    )
  }
}
