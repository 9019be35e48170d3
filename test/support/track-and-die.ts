/**
 * Run in a process of its own: the whole server without a socket, on the data directory at the
 * first argument, tracks prompts on the engine of loopback that the environment names until it is
 * killed, or done. Prints the figures of the run then.
 */
import { compose } from '../../src/compose'
import { readConfig } from '../../src/config'
import type { Principal } from '../../src/core/access'
import { createLogger } from '../../src/platform/logger'
import { pause } from '../../src/platform/loops'
import { BASE_ENV } from './app'
import { OWNER } from './owner'
import { createSeed } from './seed'

const [, , dataDir = '', url = '', prompts = '1', samples = '1'] = process.argv
const config = readConfig({
  ...{ ...BASE_ENV, DATA_DIR: dataDir, LOCAL_AI_URL: url },
  ...{ ADMIN_EMAIL: OWNER.email, ADMIN_PASSWORD: OWNER.password },
})
const runtime = compose(config, { logger: createLogger('silent'), answerTimeoutMs: 2_000 })
await runtime.firstStart()
const { visibility, workspaces } = runtime.services
const owner: Principal = createSeed(runtime.services).owner().principal
const whole = { limit: 1, offset: 0 }
if (visibility.runs.list(owner, whole).data.length === 0) {
  workspaces.update(owner, { brand: { name: 'Acme' } })
  for (let nth = 1; nth <= Number(prompts); nth++) {
    visibility.prompts.create(owner, { text: `Question ${nth}?`, tags: [] })
  }
  const plan = { platforms: ['local'], samples: Number(samples), confirm_cost: false }
  visibility.runs.start(owner, plan)
}
runtime.start()
const runNow = () => visibility.runs.list(owner, whole).data[0]?.row
while (runNow()?.finishedAt === null) await pause(20)
const run = runNow()
const attempts: number[] = []
for (const [, rows] of visibility.runs.eachAnswer(owner, run?.id ?? '')) {
  attempts.push(...rows.map((row) => row.attempts))
}
process.stdout.write(JSON.stringify({ status: run?.status, figures: run?.figures, attempts }))
await runtime.stop(15_000)
