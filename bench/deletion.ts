/**
 * The whole server in this process, which deletes a link and notes how long each turn of the event
 * loop takes until the last of its clicks is gone. Argument: data directory. Prints one JSON line.
 */
import { compose } from '../src/compose'
import { readConfig } from '../src/config'
import { createLogger } from '../src/platform/logger'

export type Deletion = {
  answeredMs: number
  purgedSeconds: number
  turns: number
  longestMs: number
  p99Ms: number
}

const [dataDir = '', key = ''] = process.argv.slice(2)
const config = readConfig({ DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1', RATE_LIMITS: 'off' })
const runtime = compose(config, { logger: createLogger('error') })
await runtime.firstStart()
const { url } = runtime.listen()
runtime.start()
await Bun.sleep(1_000)

async function remove(slug: string): Promise<void> {
  const answer = await fetch(`${url}api/v1/links/${slug}`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${key}` },
  })
  if (!answer.ok) throw new Error(`DELETE answered ${answer.status}.`)
}

// A link without clicks first: the very first request of a process also compiles what answers it.
await remove('s00001')
await Bun.sleep(500)

const turns: number[] = []
let isOver = false
let before = performance.now()
function turn(): void {
  const now = performance.now()
  turns.push(now - before)
  before = now
  if (!isOver) setImmediate(turn)
}
setImmediate(turn)

const startedAt = performance.now()
await remove('s00000')
const answeredMs = performance.now() - startedAt
await runtime.services.loops.run('links.purge')
const purgedSeconds = (performance.now() - startedAt) / 1000
isOver = true
const { db } = runtime.services
const left = db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n
if (left !== 0) throw new Error(`${left} clicks are left.`)
turns.sort((a, b) => a - b)
const deletion: Deletion = {
  ...{ answeredMs, purgedSeconds, turns: turns.length },
  longestMs: turns.at(-1) ?? 0,
  p99Ms: turns[Math.floor(turns.length * 0.99)] ?? 0,
}
console.log(JSON.stringify(deletion))
await runtime.stop(2_000)
process.exit(0)
