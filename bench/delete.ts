/** `DELETE` of a link with 500 000 clicks: how long the main thread is ever held meanwhile. */
import { join } from 'node:path'
import { DAY } from '../src/core/clock'
import { firstIdAt } from '../src/features/clicks/click-id'
import { createRollup } from '../src/features/clicks/rollup'
import { openDatabase } from '../src/platform/database'
import { slugOf } from '../test/support/click-world'
import type { Deletion } from './deletion'
import { benchDirectory, measure, prepare } from './server'
import type { Table } from './table'

const CLICKS = 500_000
const PER_BATCH = 20_000
const SPAN = 90 * DAY

/** Clicks of the first link over 90 days, rolled up. */
function fill(path: string): void {
  const db = openDatabase({ path })
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       os, browser, referrer, utm_campaign)
     SELECT ?, no, (SELECT no FROM workspaces), ?, 0, 3, ?, ?, ?, ?, ?, ?, ? FROM links
     WHERE slug = ?`,
  )
  const rollup = createRollup({ db })
  const start = Date.now() - SPAN
  let id = firstIdAt(start)
  for (let done = 0; done < CLICKS; ) {
    const until = done + PER_BATCH
    db.write(() => {
      for (; done < until; done++) {
        const at = start + Math.floor((SPAN * done) / CLICKS)
        id = Math.max(id + 1, firstIdAt(at))
        const terms = [1 + (done % 60), 61 + (done % 4), 65 + (done % 8), 73 + (done % 12)]
        insert.run(id, at, done, ...terms, 85 + (done % 200), 285 + (done % 20), slugOf(0))
      }
    })
    while (rollup.rollSome()) {}
  }
  db.close()
}

export async function bench(): Promise<Table> {
  using directory = benchDirectory()
  const key = await prepare(directory.path, [slugOf(0), slugOf(1)])
  fill(join(directory.path, 'linkstead.db'))
  const found = await measure<Deletion>('deletion.ts', directory.path, key)
  return {
    headings: ['clicks', 'answered after', 'gone after', 'turns', 'p99 turn', 'longest turn'],
    rows: [
      [
        CLICKS.toLocaleString('en'),
        `${found.answeredMs.toFixed(1)} ms`,
        `${found.purgedSeconds.toFixed(1)} s`,
        found.turns.toLocaleString('en'),
        `${found.p99Ms.toFixed(1)} ms`,
        `${found.longestMs.toFixed(1)} ms`,
      ],
    ],
    verdict: 'Reach: the main thread is never held longer than 20 ms.',
  }
}
