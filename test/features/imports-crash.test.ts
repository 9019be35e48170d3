import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createTestApp, type TestApp } from '../support/app'
import { look, send } from '../support/imports'
import { OWNER } from '../support/owner'

const ROWS = 60
const FILE = `url,slug,tags\n${Array.from({ length: ROWS }, (_, n) => `https://example.com/${n},crash-${n},t${n % 3}`).join('\n')}\n`

const ownerOf = async (app: TestApp) => {
  const { token } = (await app.as().post('/api/auth/token', OWNER)).json
  return app.as(token)
}

/** Runs the loop of imports until so many rows have the status, then cuts it off. */
async function runSome(app: TestApp, status: string, enough: number): Promise<void> {
  const rows = app.services.db.sqlite.query<{ n: number }, [string]>(
    'SELECT count(*) AS n FROM import_rows WHERE status = ?',
  )
  const running = app.services.loops.run('imports').catch(() => undefined)
  while ((rows.get(status)?.n ?? 0) < enough) await new Promise((resolve) => setImmediate(resolve))
  await app.services.loops.stop(5_000)
  await running
}

test('a server that dies while it reads, and again while it applies, goes on exactly there', async () => {
  await using first = await createTestApp()
  const one = await ownerOf(first)
  const { id } = (await send(one, FILE)).json.data
  await runSome(first, 'create', 20)
  expect((await look(one, id)).data.status).toBe('parsing')

  await using second = await createTestApp({ from: first.dataDir })
  const two = await ownerOf(second)
  await second.services.loops.run('imports')
  const planned = await look(two, id)
  expect(planned.data).toMatchObject({ status: 'ready', counts: { total: ROWS, create: ROWS } })
  expect(readdirSync(join(second.dataDir, 'imports'))).toEqual([])
  expect((await two.post(`/api/v1/imports/${id}/apply`)).status).toBe(202)
  await runSome(second, 'created', 20)
  const half = (await look(two, id)).data
  expect(half.status).toBe('applying')
  expect(half.counts.created).toBeLessThan(ROWS)

  await using third = await createTestApp({ from: second.dataDir })
  const three = await ownerOf(third)
  expect((await three.get('/api/v1/links')).json.total).toBe(half.counts.created)
  await third.services.loops.run('imports')
  const done = await look(three, id)
  expect(done.data).toMatchObject({ status: 'done', counts: { created: ROWS, failed: 0, skip: 0 } })
  expect((await three.get('/api/v1/links')).json.total).toBe(ROWS)
  const events = third.services.db.sqlite
    .query<{ n: number }, []>("SELECT count(*) AS n FROM events WHERE type = 'link.created'")
    .get()
  expect(events?.n).toBe(ROWS)
}, 120_000)

test('files that no import waits for are gone after a start', async () => {
  await using first = await createTestApp()
  const stray = join(first.dataDir, 'imports', 'stray')
  await Bun.write(stray, 'left by a crash')
  await using second = await createTestApp({ from: first.dataDir })
  expect(readdirSync(join(second.dataDir, 'imports'))).toEqual([])
})
