/**
 * A real file system that is full, as root: writes are refused with 503, reads and redirects go on,
 * and everything goes on by itself once somebody has made room. Answered redirects keep their clicks.
 */
import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../support/command'
import { type Ask, comes, report, signedIn } from '../support/fault'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const SIZE_MB = 48
const BALLAST_MB = 8
const VISITS = 200
const FILLER_BYTES = 64 * 1024

using directory = temporaryDirectory()
const disk = directory.file('disk')
const dataDir = join(disk, 'data')
const broken: string[] = []

function must(holds: boolean, sentence: string): void {
  if (!holds) broken.push(sentence)
}

function freeMegabytes(): number {
  const { bavail, bsize } = statfsSync(disk)
  return (bavail * bsize) / 1024 / 1024
}

/** Takes all the room that there is. */
function fill(): void {
  for (let no = 0; no < (SIZE_MB * 1024 * 1024) / FILLER_BYTES; no++) {
    try {
      writeFileSync(join(disk, `filler-${no}`), Buffer.alloc(FILLER_BYTES))
    } catch {
      return
    }
  }
}

function makeRoom(): void {
  for (const name of new Bun.Glob('filler-*').scanSync(disk)) rmSync(join(disk, name))
}

async function writeUntilRefused(ask: Ask): Promise<{ made: number; answer: Response }> {
  for (let made = 0; made < 50_000; made++) {
    const url = `https://example.com/${'x'.repeat(1500)}/${made}`
    const answer = await ask('POST', '/api/v1/links', { url })
    if (answer.status !== 201) return { made, answer }
  }
  throw new Error('The disk never filled up.')
}

async function visitAll(origin: string): Promise<number> {
  let redirected = 0
  const headers = { 'user-agent': 'Mozilla/5.0 Firefox/144.0' }
  for (let visit = 0; visit < VISITS; visit++) {
    const { status } = await fetch(`${origin}/kept`, { redirect: 'manual', headers })
    if (status === 302) redirected += 1
    else must(status === 503, `a redirect answers 302 or 503, not ${status}`)
  }
  return redirected
}

function examine(redirected: number, links: number): void {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const count = (table: string) =>
    db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n
  must(count('clicks') === redirected, `each redirect has its click: ${count('clicks')}`)
  must(count('links') === links, `each 201 has its link: ${count('links')} of ${links}`)
  must(db.query('PRAGMA integrity_check').values()[0]?.[0] === 'ok', 'integrity_check')
  must(db.query('PRAGMA foreign_key_check').all().length === 0, 'foreign_key_check')
}

async function run(): Promise<string> {
  const env = { BALLAST_MB: String(BALLAST_MB), RATE_LIMITS: 'off', LOG_LEVEL: 'error' }
  await using server = await startServer(dataDir, env)
  const { origin } = server
  const ask = await signedIn(origin)
  const readiness = () => fetch(`${origin}/readyz`)
  const ballast = () => Bun.file(join(dataDir, 'ballast')).exists()
  await ask('POST', '/api/v1/links', { url: 'https://example.com/kept', slug: 'kept' })
  must(await comes(ballast), 'the ballast is made')
  must((await readiness()).status === 200, 'ready before')

  fill()
  const { made, answer } = await writeUntilRefused(ask)
  must(answer.status === 503, `a write on the full disk answers 503, not ${answer.status}`)
  must(Number(answer.headers.get('retry-after')) >= 1, 'it says when to come back')
  must(((await answer.json()) as { code: string }).code === 'unavailable', 'it is unavailable')
  const unready = await readiness()
  must(unready.status === 503, `not ready while full, yet ${unready.status}`)
  must((await unready.text()).includes('disk'), 'readyz names the disk')
  must((await ask('GET', '/api/v1/links/kept')).status === 200, 'reads go on')
  const redirected = await visitAll(origin)
  must(redirected === VISITS, `every redirect is answered, ${redirected} of ${VISITS}`)
  const left = freeMegabytes()
  const backup = await runCommand(dataDir, ['backup', join(disk, 'copy.db')])
  must(backup.code === 2 && backup.err.includes('MB free'), 'a backup takes none of the last room')
  must(!readdirSync(disk).some((name) => name.includes('copy.db')), 'nothing of it stays')

  makeRoom()
  must(await comes(async () => (await readiness()).status === 200), 'it becomes ready again')
  const after = await ask('POST', '/api/v1/links', { url: 'https://example.com/after' })
  must(after.status === 201, `writing goes on without a restart, not ${after.status}`)
  must(await comes(ballast), 'the ballast is back')
  must((await server.stop()) === 0, 'SIGTERM ends it with 0')
  examine(redirected, made + 2)
  return `${made} links until 503; then ${redirected} of ${VISITS} redirects, ${left.toFixed(1)} MB left by the ballast; writing again without a restart`
}

mkdirSync(disk)
const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', disk])
if (mounted.exitCode !== 0) throw new Error('This needs root, to mount a small file system.')
let figures = ''
try {
  figures = await run()
} finally {
  Bun.spawnSync(['umount', disk])
}
report({ name: 'disk-full', figures, broken })
