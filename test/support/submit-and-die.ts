/**
 * Run in a process of its own: does the due work on submissions in a data directory, and kills
 * itself right before or after the commit of that number. Without a number it lives, and says how
 * many commits there were.
 */
import { compose } from '../../src/compose'
import { readConfig } from '../../src/config'
import { createLogger } from '../../src/platform/logger'
import { BASE_ENV } from './app'
import { dieAtCommit } from './dying'

const [dataDir = '', nowIso = '', ...death] = process.argv.slice(2)
const { services } = compose(readConfig({ ...BASE_ENV, DATA_DIR: dataDir }), {
  ...{ clock: { now: () => Date.parse(nowIso) }, logger: createLogger('silent'), inThread: true },
})

const commits = dieAtCommit(services, death)

await services.loops.run('submissions')
process.stdout.write(String(commits()))
process.exit(0)
