import { expect, test } from 'bun:test'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { clientOf } from '../support/import-crash'
import { formOf } from '../support/imports'
import {
  FILE_BYTES,
  fileOf,
  filler,
  KINDS,
  PIECE_BYTES,
  quoted,
  type Reading,
} from '../support/large-files'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'
import type { TurnReport } from '../support/turn-probe'

const PROBE = join(import.meta.dir, '../support/turn-probe.ts')
const READER = join(import.meta.dir, '../support/large-files.ts')
const MAIN = join(import.meta.dir, '../../src/main.ts')
/** Of the event loop, in milliseconds: nobody's request waits longer. */
const TURN_MS_MAX = 20
const MEGABYTES_MAX = 250

test.each(Object.keys(KINDS))(
  '50 MB of %s are read in short turns and little memory',
  async (name) => {
    const child = Bun.spawn([process.execPath, READER, name], { stderr: 'inherit' })
    const text = await new Response(child.stdout).text()
    const { rows, links, turns, longestMs, moreMegabytes }: Reading = JSON.parse(text)
    expect(links).toBe(rows)
    expect(turns).toBeGreaterThan(FILE_BYTES / PIECE_BYTES / 2)
    // Two are left to the collector of garbage.
    expect(longestMs.slice(2).filter((ms) => ms > TURN_MS_MAX)).toEqual([])
    expect(moreMegabytes).toBeLessThan(MEGABYTES_MAX)
  },
  60_000,
)

test('50 MB sent to the real server are planned in short turns and little memory', async () => {
  using directory = temporaryDirectory()
  const report = directory.file('turns.json')
  const command = [process.execPath, '--preload', PROBE, MAIN]
  const env = { LOG_LEVEL: 'error', RATE_LIMITS: 'off', TURN_REPORT: report }
  await using server = await startServer(directory.file('data'), env, command)
  const client = await clientOf(server)
  const page = quoted(filler(50_000))
  const row = (n: number): string => `https://example.com/${n},c${n},T${n},a|b,${page}`
  const { file, rows } = fileOf({ head: 'url,slug,title,tags,page', row }, FILE_BYTES)
  const form = await formOf(file, { source: 'csv' })
  // What starting takes is not counted.
  rmSync(report)
  const { id } = (await client.post('/api/v1/imports', form)).data
  const look = async () => (await client.get(`/api/v1/imports/${id}`)).data
  while ((await look()).status === 'parsing') await Bun.sleep(50)
  expect((await look()).counts).toMatchObject({ total: rows, create: rows })
  await Bun.sleep(500)
  const { longestMs, rssMax, turns }: TurnReport = JSON.parse(readFileSync(report, 'utf8'))
  expect(turns).toBeGreaterThan(FILE_BYTES / PIECE_BYTES)
  // Here the disk, and whatever else the machine does, count too: a plan in one piece takes seconds.
  expect(longestMs.slice(4).filter((ms) => ms > 5 * TURN_MS_MAX)).toEqual([])
  expect(rssMax / 1e6).toBeLessThan(500)
}, 60_000)
