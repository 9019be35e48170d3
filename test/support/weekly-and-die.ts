/**
 * Run in a process of its own: writes the weekly reports of a data directory as of a time, and
 * kills itself right before or after the commit of that number. Without a number it lives, and
 * says how many commits there were.
 */
import { compose } from '../../src/compose'
import { readConfig } from '../../src/config'
import { createLogger } from '../../src/platform/logger'
import { BASE_ENV } from './app'
import { dieAtCommit } from './dying'

const [dataDir = '', nowIso = '', ...death] = process.argv.slice(2)
const nowMs = Date.parse(nowIso)
const env = { ...BASE_ENV, DATA_DIR: dataDir, SMTP_URL: 'smtp://127.0.0.1:1' }
const { services } = compose(readConfig(env), {
  ...{ clock: { now: () => nowMs }, logger: createLogger('silent'), inThread: true },
})

const commits = dieAtCommit(services, death)

await services.reports.weekly.run(nowMs, new AbortController().signal)
process.stdout.write(String(commits()))
process.exit(0)
