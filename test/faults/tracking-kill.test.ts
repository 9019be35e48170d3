import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { engineServer, type Question, type Reply } from '../support/engine-server'
import { temporaryDirectory } from '../support/temporary-directory'

const [PROMPTS, SAMPLES] = [100, 10]
const ANSWERS = PROMPTS * SAMPLES
/** Questions that an engine has at a time, each of which a kill may cost. */
const LANES = 4
const KILLS = 3

/** Everything that engines do, silence included, the same for the same question. */
async function reply({ prompt, nth }: Question): Promise<Reply> {
  await Bun.sleep(3)
  const turn = Number(/\d+/.exec(prompt)?.[0]) * 7 + nth
  if (prompt === 'Question 50?' && nth === 0) {
    return Response.json({ error: {} }, { status: 429, headers: { 'Retry-After': '1' } })
  }
  if (turn % 101 === 13) await Bun.sleep(6_000)
  if (turn % 17 === 3) return new Response('{"choices": [', { status: 200 })
  if (turn % 19 === 5) return Response.json({ error: {} }, { status: 400 })
  if (turn % 23 === 7) return { text: 'I cannot say.', end: 'refused' }
  if (turn % 29 === 11) return { text: 'Acme and', end: 'truncated' }
  return { text: turn % 3 === 0 ? 'Acme.' : 'Globex.' }
}

test('a run of 1 000 answers survives kills and faults, and asks nothing twice', async () => {
  using directory = temporaryDirectory()
  await using server = engineServer(reply)
  const script = join(import.meta.dir, '../support/track-and-die.ts')
  const life = () =>
    Bun.spawn(
      [
        ...[process.execPath, script, directory.file('data')],
        ...[server.env.LOCAL_AI_URL, String(PROMPTS), String(SAMPLES)],
      ],
      { stdout: 'pipe', stderr: 'inherit' },
    )
  for (let kill = 1; kill <= KILLS; kill++) {
    const server_ = life()
    const killAt = server.asked.length + 100 + Math.floor(Math.random() * 100)
    while (server.asked.length < killAt && server_.exitCode === null) await Bun.sleep(1)
    server_.kill('SIGKILL')
    await server_.exited
  }
  const asked = server.asked.length
  expect(asked).toBeLessThan(ANSWERS)
  const last = life()
  const told = JSON.parse(await new Response(last.stdout).text())
  expect(await last.exited).toBe(0)

  const { statuses, visibility } = told.figures
  const sum = Object.values<number>(statuses).reduce((total, count) => total + count, 0)
  expect(sum).toBe(ANSWERS)
  const known = ['ok', 'refused', 'truncated', 'error', 'unknown']
  expect(Object.keys(statuses).filter((status) => !known.includes(status))).toEqual([])
  expect(statuses.unknown ?? 0).toBeLessThanOrEqual(KILLS * LANES)
  const valid = statuses.ok + statuses.refused + statuses.truncated
  expect(visibility).toMatchObject({ planned_count: ANSWERS, answer_count: valid })
  expect(visibility.score).toBeGreaterThan(0)
  expect(told.status).toBe(valid < ANSWERS * 0.9 ? 'partial' : 'complete')

  // Each question was noted before it was sent: what was sent is never more than what was noted.
  const attempts = told.attempts.reduce((total: number, count: number) => total + count, 0)
  expect(server.asked.length).toBeLessThanOrEqual(attempts)
  expect(server.asked.length).toBeGreaterThanOrEqual(attempts - KILLS * LANES)
  // None was sent again but the one that was refused for the time being.
  expect(attempts).toBe(ANSWERS + 1)
}, 120_000)
