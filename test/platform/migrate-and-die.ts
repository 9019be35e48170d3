/** Child of migrate.test.ts: `path dieBefore migrations`; kills itself before that statement. */
import { openSqlite } from '../../src/platform/database'
import { migrate } from '../../src/platform/migrate'

const [path = '', dieBefore = '0', migrations = '[]'] = process.argv.slice(2)
const sqlite = openSqlite({ path })
let statements = 0
const run = sqlite.run.bind(sqlite)
sqlite.run = (...statement: Parameters<typeof run>) => {
  statements += 1
  if (statements === Number(dieBefore)) process.kill(process.pid, 'SIGKILL')
  return run(...statement)
}
migrate(sqlite, JSON.parse(migrations), { now: () => 0 })
