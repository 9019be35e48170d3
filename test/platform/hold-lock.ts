/** Child of the platform tests: takes `kind` of lock on `path`, says so, holds it until killed. */
import { openSqlite } from '../../src/platform/database'
import { acquireInstanceLock } from '../../src/platform/instance-lock'

const [kind, path = ''] = process.argv.slice(2)
const sqlite = kind === 'write' ? openSqlite({ path }) : undefined
sqlite?.run('BEGIN IMMEDIATE')
if (kind === 'instance') acquireInstanceLock(path)
Bun.gc(true)
process.stdout.write('held\n')
process.stdin.on('end', () => sqlite?.close()).resume()
