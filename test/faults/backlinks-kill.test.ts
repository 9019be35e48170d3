import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { HOUR, MINUTE } from '../../src/core/clock'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, page } from '../support/fixture-web'
import { temporaryDirectory } from '../support/temporary-directory'

const DIE = join(import.meta.dir, '../support/monitor-and-die.ts')
const PLACES = ['a', 'b', 'c', 'd'].map((host) => `${host}.example.net/p`)
const [LOST = '', CHANGED = '', BACK = '', SAME = ''] = PLACES
const GONE = answer(410)

/** What each page was told to be, and what its checks made of it, however often. */
function storedIn(dataDir: string) {
  using db = new Database(join(dataDir, 'linkstead.db'))
  const events = db
    .query<{ type: string; url: string }, []>(
      `SELECT events.type, json_extract(told.value, '$.url') AS url
       FROM events, json_each(CAST(body AS TEXT), '$.data.backlinks') AS told
       WHERE events.type LIKE 'backlink.%' ORDER BY events.type, url`,
    )
    .all()
  const turns = db
    .query<{ url: string; turn: string }, []>(
      `SELECT url, turn FROM backlink_checks JOIN backlinks ON backlinks.no = backlink_no
       WHERE turn IS NOT NULL ORDER BY url, backlink_checks.no`,
    )
    .all()
  const one = (sql: string): number => Object.values(db.query(sql).get() as { n: number })[0] ?? 0
  return {
    ...{ events, turns },
    checks: one('SELECT count(*) FROM backlink_checks'),
    untold: one('SELECT count(*) FROM backlink_alerts'),
    findings: one("SELECT count(*) FROM events WHERE CAST(body AS TEXT) LIKE '%checks_changed%'"),
  }
}

describe('a monitor that is killed around any of its commits', () => {
  const directory = temporaryDirectory()
  let world: BacklinkWorld
  let commits = 0
  let whole: ReturnType<typeof storedIn>
  let now = 0

  const fresh = (name: string): string => {
    const path = directory.file(name)
    cpSync(directory.file('template'), path, { recursive: true })
    return path
  }
  /** Leases of the dead end after two minutes. */
  async function monitor(dataDir: string, laterMs = 0, ...death: string[]) {
    const at = new Date(now + laterMs).toISOString()
    const child = Bun.spawn([process.execPath, DIE, dataDir, at, ...death], {
      ...{ stdout: 'pipe', stderr: 'inherit' },
    })
    const count = Number(await new Response(child.stdout).text())
    await child.exited
    return { count, signal: child.signalCode }
  }

  beforeAll(async () => {
    world = await backlinkWorld(Object.fromEntries(PLACES.map((place) => [place, page(LINK)])))
    const { fixtures } = world.web
    await world.watch(...PLACES)
    await world.run()
    fixtures[BACK] = GONE
    await world.later(24)
    await world.later(24)
    fixtures[LOST] = GONE
    await world.later(24)
    fixtures[BACK] = page(LINK)
    fixtures[CHANGED] = page('<a rel="nofollow" href="https://acme.com/">Acme</a>')
    now = world.app.clock.now() + 13 * HOUR
    world.app.services.db.sqlite.run('UPDATE backlinks SET next_check_at = ?', [now])
    cpSync(world.app.dataDir, directory.file('template'), { recursive: true })
    const undisturbed = fresh('undisturbed')
    commits = (await monitor(undisturbed)).count
    whole = storedIn(undisturbed)
  })
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  test('tells of each once when nobody disturbs it', () => {
    const url = world.web.urlOf
    expect(whole.events).toEqual([
      { type: 'backlink.changed', url: url(CHANGED) },
      { type: 'backlink.lost', url: url(LOST) },
      { type: 'backlink.lost', url: url(BACK) },
      { type: 'backlink.recovered', url: url(BACK) },
    ])
    expect(whole.turns.filter((turn) => turn.url === url(SAME))).toHaveLength(1)
    expect(whole.untold).toBe(0)
    expect(commits).toBeGreaterThanOrEqual(2 * PLACES.length + 1)
  })

  test('goes on with the rest, and everything is told once', async () => {
    // What is there before a commit is what was there after the one before it.
    const deaths = Array.from({ length: commits }, (_, n) => ['before', String(n + 1)])
    let kills = 0
    for (const death of [...deaths, ['after', String(commits)]]) {
      const dataDir = fresh(death.join('-'))
      const { signal } = await monitor(dataDir, 0, ...death)
      if (signal === 'SIGKILL') kills++
      await monitor(dataDir, 3 * MINUTE)
      const { findings, ...stored } = storedIn(dataDir)
      const { findings: all, ...wanted } = whole
      expect(stored).toEqual(wanted)
      // What was found in two runs may be told in two.
      expect([all, all + 1]).toContain(findings)
    }
    // A slow machine may bring two results into one commit, so that the last of them is not reached.
    expect(kills).toBeGreaterThanOrEqual(commits - 2)
  }, 240_000)
})
