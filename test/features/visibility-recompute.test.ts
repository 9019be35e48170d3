import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { toFigures } from '../../src/features/visibility/tracking-schema'
import { figuresOfCsv } from '../support/answers-csv'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { engineServer, type Question, type Reply } from '../support/engine-server'
import { temporaryDirectory } from '../support/temporary-directory'

const PATH = '/api/v1/tracking'
const page = (url: string) => ({ url, title: 'A page' })

/** Answers as different as engines give them, the same for the same question. */
function reply({ prompt, nth }: Question): Reply {
  const turn = Number(/\d+/.exec(prompt)?.[0] ?? 0) + nth * 3
  if (turn % 11 === 7) return new Response('not JSON', { status: 200 })
  if (turn % 13 === 5) return { text: 'I cannot say.', end: 'refused' }
  const named = ['Acme', 'Globex', 'Initech'].filter((_, rank) => (turn + rank) % 3 !== 0)
  const cited = turn % 4 === 0 ? [page('https://acme.com/')] : [page('https://example.com/')]
  return { text: `=1+1, "${named.toReversed().join('", "')}"\r\n- and more`, cited }
}

let server: ReturnType<typeof engineServer>
let app: TestApp
let client: Client
beforeEach(async () => {
  server = engineServer(reply)
  app = await createTestApp({ env: server.env })
  const tenant = await app.seed.tenant()
  client = app.as(tenant.key())
  await client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, {
    brand: { name: 'Acme', domains: ['acme.com'] },
  })
  for (const name of ['Globex', 'Initech']) await client.post('/api/v1/competitors', { name })
  for (let nth = 1; nth <= 6; nth++)
    await client.post('/api/v1/prompts', { text: `Question ${nth}?` })
  await client.post('/api/v1/prompts', { text: 'Is Acme good, 9?' })
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function runEverywhere(): Promise<string[]> {
  const { json } = await client.post(PATH, { samples: 4, confirm_cost: true })
  await app.services.loops.run('tracking')
  return json.data.map((run: { id: string }) => run.id)
}

describe('the file of the answers', () => {
  test('gives every figure of the run again, on every engine', async () => {
    for (const id of await runEverywhere()) {
      const { figures, recognition, status } = (await client.get(`${PATH}/${id}`)).json.data
      const { text } = await client.get(`${PATH}/${id}/answers.csv`)
      expect(status).not.toBe('running')
      expect(figures.answer_count).toBeGreaterThan(12)
      expect(toFigures(figuresOfCsv(text))).toEqual(figures)
      expect(toFigures(figuresOfCsv(text, 'branded'))).toEqual(recognition)
    }
  })

  test('gives the same score by the script of the README', async () => {
    using directory = temporaryDirectory()
    const script = join(import.meta.dir, '../../examples/visibility-score.ts')
    const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text()
    expect(readme).toContain('bun examples/visibility-score.ts')
    const [, ...lines] = (await Bun.file(script).text()).trimEnd().split('\n')
    expect(readme).toContain(lines.join('\n'))
    for (const id of await runEverywhere()) {
      const { score } = (await client.get(`${PATH}/${id}`)).json.data
      const { text } = await client.get(`${PATH}/${id}/answers.csv`)
      const file = join(directory.path, `${id}.csv`)
      await Bun.write(file, text)
      const said = Bun.spawnSync([process.execPath, script, file]).stdout.toString().trim()
      expect(said).toBe(score.toFixed(1))
    }
  })
})
