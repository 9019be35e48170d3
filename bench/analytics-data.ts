/** Made-up clicks of two years, rolled up, in a file that later runs find again. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../db/migrations'
import { DAY } from '../src/core/clock'
import { firstIdAt } from '../src/features/clicks/click-id'
import { createRollup } from '../src/features/clicks/rollup'
import { type Database, openDatabase } from '../src/platform/database'
import { slugOf } from '../test/support/click-world'
import { prepare } from './server'

export const LINKS = 1000
export const SPAN_MS = 730 * DAY
const TERMS = 1000
const PER_BATCH = 60_000
/** To be raised when the clicks made up are others. */
const EDITION = 3

export type ClickData = {
  dataDir: string
  key: string
  workspaceId: string
  workspaceNo: number
  /** After the last click. */
  endMs: number
  linkNos: number[]
  buildSeconds: number | null
}

/** The same numbers in every run (Park and Miller, 1988). */
function createRandom(seed = 42): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Term `t1` and so on; dimensions have ranges of their own. */
function seedTerms(db: Database): void {
  for (let no = 1; no <= TERMS; no++) {
    db.sqlite.query('INSERT INTO click_terms (no, text) VALUES (?, ?)').run(no, `t${no}`)
  }
}

function fill(db: Database, total: number, endMs: number): void {
  const random = createRandom()
  /** Few values often, many seldom. */
  const pick = (base: number, count: number): number => base + Math.floor(count * random() ** 3)
  db.write(() => seedTerms(db))
  // What is lost with the machine is made again.
  for (const [name, value] of [
    ['synchronous', 0],
    ['cache_size', -1e6],
    ['wal_autocheckpoint', 1e5],
  ]) {
    db.sqlite.run(`PRAGMA ${name} = ${value}`)
  }
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       os, browser, referrer, utm_source, utm_campaign)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const rollup = createRollup({ db, batchSize: PER_BATCH })
  let id = 0
  for (let done = 0; done < total; ) {
    const until = Math.min(total, done + PER_BATCH)
    db.write(() => {
      for (; done < until; done++) {
        const at = endMs - SPAN_MS + Math.floor((SPAN_MS * done) / total)
        id = Math.max(id + 1, firstIdAt(at))
        const verdict = random() < 0.9 ? 0 : 2
        const hasCampaign = random() < 0.3
        insert.run(
          ...[id, pick(1, LINKS), at, verdict, verdict === 0 && random() < 0.7 ? 3 : 0, done],
          ...[pick(1, 60), pick(61, 4), pick(65, 8), pick(73, 12), pick(85, 200)],
          hasCampaign ? pick(285, 20) : null,
          hasCampaign ? pick(305, 100) : null,
        )
      }
    })
    while (rollup.rollSome()) {}
    if (done % 600_000 === 0) console.error(`${done / 1e6} M clicks …`)
  }
}

const END = Date.parse('2026-03-10T12:00:00Z')

/** An installation with so many clicks of a thousand links. */
export async function clickData(total: number): Promise<ClickData> {
  const edition = createHash('sha256').update(`${EDITION} ${total}`)
  for (const { sql } of migrations) edition.update(sql)
  const name = `linkstead-analytics-${total}-${edition.digest('hex').slice(0, 12)}`
  const dataDir = join(tmpdir(), name)
  let buildSeconds: number | null = null
  if (!existsSync(dataDir)) {
    const fresh = `${dataDir}.new`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh)
    const startedAt = performance.now()
    const slugs = Array.from({ length: LINKS }, (_, index) => slugOf(index))
    const key = await prepare(fresh, slugs)
    const db = openDatabase({ path: join(fresh, 'linkstead.db') })
    fill(db, total, END)
    db.close()
    await Bun.write(join(fresh, 'key.txt'), key)
    renameSync(fresh, dataDir)
    buildSeconds = (performance.now() - startedAt) / 1000
  }
  const db = openDatabase({ path: join(dataDir, 'linkstead.db') })
  const workspace = db.sqlite
    .query<{ id: string; no: number }, []>('SELECT id, no FROM workspaces')
    .get()
  const linkNos = db.sqlite.query<{ no: number }, []>('SELECT no FROM links ORDER BY no').all()
  db.close()
  return {
    ...{ dataDir, buildSeconds, endMs: END, linkNos: linkNos.map(({ no }) => no) },
    key: await Bun.file(join(dataDir, 'key.txt')).text(),
    workspaceId: workspace?.id ?? '',
    workspaceNo: workspace?.no ?? 0,
  }
}
