/**
 * Run in a process of its own: the whole server without a socket, on the data directory at the
 * first argument, scans the website of loopback at the second until it is killed, or done.
 */
import { compose } from '../../src/compose'
import { readConfig } from '../../src/config'
import type { Principal } from '../../src/core/access'
import { createLogger } from '../../src/platform/logger'
import { pause } from '../../src/platform/loops'
import { BASE_ENV } from './app'
import { OWNER } from './owner'
import { createSeed } from './seed'

const [, , dataDir = '', origin = ''] = process.argv
const config = readConfig({
  ...{ ...BASE_ENV, DATA_DIR: dataDir },
  ...{ ADMIN_EMAIL: OWNER.email, ADMIN_PASSWORD: OWNER.password },
})
const runtime = compose(config, {
  ...{ logger: createLogger('silent'), resolve: async () => ['127.0.0.1'] },
  scanPace: { gapMs: 2, pause, originsOf: () => [origin] },
})
await runtime.firstStart()
const { projects, scans } = runtime.services
const owner: Principal = createSeed(runtime.services).owner().principal
const website = projects.parseWebsite('acme.example')
const { row, scanRunId } = projects.ensure(owner, { website })
process.on('SIGTERM', async () => {
  await runtime.stop(15_000)
  process.exit(0)
})
runtime.start()
while (scans.find(owner, row.id, scanRunId ?? '').finishedAt === null) await pause(20)
await runtime.stop(15_000)
