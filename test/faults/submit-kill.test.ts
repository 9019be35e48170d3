import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { BASE_ENV } from '../support/app'
import { createCampaignWorld } from '../support/campaign-world'
import { createTestClock } from '../support/clock'
import { type Receiver, startReceiver } from '../support/receiver'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const DIE = join(import.meta.dir, '../support/submit-and-die.ts')
const NOW = '2026-03-10T12:00:00.000Z'

/** A data directory with one approved form that is still to be sent. */
async function approvedForm(dataDir: string, receiver: Receiver, now = NOW): Promise<void> {
  await using world = await createCampaignWorld({ overrides: { clock: createTestClock(now) } })
  const { id } = await world.site()
  const directory = await world.directory(
    { home_url: 'https://form.example/', mode: 'form' },
    {
      fields: [{ field: 'name', required: true, input: 'name' }],
      form: {
        ...{ action_url: receiver.url, success_text: 'Thank you' },
        permission: {
          granted_by: 'Dora',
          granted_at: '2026-03-01T00:00:00Z',
          text: 'You may post.',
        },
      },
    },
  )
  const { rows } = await world.job(id, [directory])
  const { draft } = await world.show(rows[0].id)
  await world.move(rows[0].id, { approval: { draft: draft.hash } })
  cpSync(world.app.dataDir, dataDir, { recursive: true })
}

const stored = (dataDir: string) => {
  using db = new Database(join(dataDir, 'linkstead.db'))
  return db.query('SELECT status, reason FROM submissions').get() as {
    status: string
    reason: string | null
  }
}

async function work(dataDir: string, ...death: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, DIE, dataDir, NOW, ...death], {
    ...{ stdout: 'pipe', stderr: 'inherit' },
  })
  const commits = Number(await new Response(child.stdout).text())
  await child.exited
  expect(child.signalCode).toBe(death.length > 0 ? 'SIGKILL' : null)
  return commits
}

test('killed around any commit, a form is sent once at most, and no doubt is called success', async () => {
  using directory = temporaryDirectory()
  await using receiver = await startReceiver(() => ({ body: 'Thank you' }))
  await approvedForm(directory.file('template'), receiver)
  const fresh = (name: string): string => {
    const path = directory.file(name)
    cpSync(directory.file('template'), path, { recursive: true })
    return path
  }
  const undisturbed = fresh('undisturbed')
  const commits = await work(undisturbed)
  expect(stored(undisturbed)).toEqual({ status: 'submitted', reason: null })
  // One takes the try, one keeps what came of it.
  expect(commits).toBe(2)
  const seen: [string, number, string, string | null][] = []
  for (const side of ['before', 'after']) {
    for (let nth = 1; nth <= commits; nth++) {
      const [dataDir, before] = [fresh(`${side}-${nth}`), receiver.received.length]
      await work(dataDir, side, String(nth))
      await work(dataDir)
      await work(dataDir)
      const { status, reason } = stored(dataDir)
      seen.push([`${side} ${nth}`, receiver.received.length - before, status, reason])
    }
  }
  expect(seen).toEqual([
    // Nothing had been taken: the try is still there.
    ['before 1', 1, 'submitted', null],
    // It was sent, and what came of it was lost.
    ['before 2', 1, 'needs_action', 'unknown_outcome'],
    // It was taken and never sent, which nobody can tell from the other.
    ['after 1', 0, 'needs_action', 'unknown_outcome'],
    ['after 2', 1, 'submitted', null],
  ])
}, 120_000)

test('kill -9 of the real server while a directory thinks: nothing is sent again', async () => {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  await using receiver = await startReceiver(() => ({ hang: true }))
  await approvedForm(dataDir, receiver, new Date().toISOString())
  const env = { ...BASE_ENV, LOG_LEVEL: 'error' }
  {
    await using server = await startServer(dataDir, env)
    await receiver.arrived(1)
    await server.kill()
  }
  expect(stored(dataDir).status).toBe('sending')
  await using again = await startServer(dataDir, env)
  while (stored(dataDir).status === 'sending') await Bun.sleep(20)
  expect(stored(dataDir)).toEqual({ status: 'needs_action', reason: 'unknown_outcome' })
  expect(receiver.received).toHaveLength(1)
  await again.kill()
}, 120_000)
