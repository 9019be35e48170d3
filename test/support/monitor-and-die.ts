/**
 * Run in a process of its own: lets the monitor of a data directory look at what is due as of a
 * time, and kills itself right before or after the commit of that number. Without a number it
 * lives, and says how many commits there were.
 */
import { compose } from '../../src/compose'
import { readConfig } from '../../src/config'
import { createLogger } from '../../src/platform/logger'
import { BASE_ENV } from './app'

const [dataDir = '', nowIso = '', side, number] = process.argv.slice(2)
const nowMs = Date.parse(nowIso)
const { services } = compose(readConfig({ ...BASE_ENV, DATA_DIR: dataDir }), {
  ...{ clock: { now: () => nowMs }, logger: createLogger('silent'), inThread: true },
  resolve: async () => ['127.0.0.1'],
})

let commits = 0
const { sqlite } = services.db
const run = sqlite.run.bind(sqlite)
sqlite.run = (sql, ...bindings) => {
  if (sql !== 'COMMIT') return run(sql, ...bindings)
  commits += 1
  if (side === 'before' && commits === Number(number)) process.kill(process.pid, 'SIGKILL')
  const changes = run(sql, ...bindings)
  if (side === 'after' && commits === Number(number)) process.kill(process.pid, 'SIGKILL')
  return changes
}

await services.loops.run('backlinks.monitor')
process.stdout.write(String(commits))
process.exit(0)
