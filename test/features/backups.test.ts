import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../../src/config'
import { verifyBackup } from '../../src/platform/backup'
import { createTestApp } from '../support/app'
import { temporaryDirectory } from '../support/temporary-directory'

const MINUTE = 60_000

test('scheduled backups are checked, hold the answered clicks, and only the newest are kept', async () => {
  using directory = temporaryDirectory()
  await using app = await createTestApp({ env: { BACKUP_DIR: directory.path, BACKUP_KEEP: '2' } })
  const client = app.as(app.seed.owner().key())
  await client.post('/api/v1/links', { url: 'https://example.com', slug: 'kept' })
  await app.as().get('/kept')
  writeFileSync(directory.file('notes.db'), 'not ours')
  writeFileSync(directory.file('.linkstead-20260101T000000Z.db.abc.partial'), 'of a killed process')
  for (let round = 0; round < 3; round++) {
    await app.services.loops.run('system.backup')
    app.clock.advance(MINUTE)
  }
  const names = ['linkstead-20260310T120100Z.db', 'linkstead-20260310T120200Z.db']
  const files = [...names.flatMap((name) => [name, `${name}.sha256`]), 'notes.db']
  expect(readdirSync(directory.path).toSorted()).toEqual(files)
  const { rows } = verifyBackup(directory.file(names[1] ?? ''))
  expect([rows.links, rows.clicks]).toEqual([1, 1])
})

test('commands that read beside a server have its answered clicks stored first', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  await client.post('/api/v1/links', { url: 'https://example.com', slug: 'kept' })
  await app.as().get('/kept')
  const stored = () => app.services.db.sqlite.query('SELECT count(*) FROM clicks').values()[0]
  expect(stored()).toEqual([0])
  await app.runtime.operations['/clicks/settle']?.({})
  expect(stored()).toEqual([1])
})

test('a backup that fails is told in the metrics and leaves the old ones and no litter', async () => {
  using directory = temporaryDirectory()
  const METRICS_TOKEN = 'a token of the metrics'
  await using app = await createTestApp({
    env: { BACKUP_DIR: directory.file('backups'), BACKUP_KEEP: '1', METRICS_TOKEN },
  })
  const metrics = async () => (await app.as(METRICS_TOKEN).get('/metrics')).text
  const { loops, clock } = app.services
  await loops.run('system.backup')
  expect(await metrics()).toContain('\nlinkstead_backup_failing 0\n')
  const before = readdirSync(directory.file('backups'))
  // A directory stands where the next copy is to go.
  app.clock.advance(MINUTE)
  mkdirSync(join(directory.file('backups'), 'linkstead-20260310T120100Z.db'))
  await expect(loops.run('system.backup')).rejects.toThrow('exists already')
  const text = await metrics()
  expect(text).toContain('\nlinkstead_backup_failing 1\n')
  const succeeded = (clock.now() - MINUTE) / 1000
  expect(text).toContain(`\nlinkstead_backup_succeeded_timestamp_seconds ${succeeded}\n`)
  const after = readdirSync(directory.file('backups')).filter((name) => !name.includes('1201'))
  expect(after).toEqual(before)
})

test('BACKUP_AT is a time of the day or a cron pattern', () => {
  const at = (text: string) => readConfig({ BACKUP_DIR: '/b', BACKUP_AT: text }).backups?.cron
  expect([at('03:30'), at('23:05'), at('0 */6 * * *')]).toEqual([
    '30 3 * * *',
    '5 23 * * *',
    '0 */6 * * *',
  ])
  for (const bad of ['24:00', 'noon', '61 * * * *']) expect(() => at(bad)).toThrow('BACKUP_AT')
  expect(readConfig({}).backups).toBeNull()
})
