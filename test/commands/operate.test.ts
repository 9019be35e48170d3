import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { runCommand } from '../support/command'
import { signedIn } from '../support/fault'
import { OWNER } from '../support/owner'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const PATIENCE_MS = 120_000

function rowsOf(path: string): Record<string, number> {
  using db = new Database(path, { readonly: true })
  const count = (table: string) =>
    db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1
  return { links: count('links'), clicks: count('clicks'), users: count('users') }
}

/** Workspaces whose next event may have a number that was given before. */
function repeatable(path: string): number | undefined {
  using db = new Database(path, { readonly: true })
  return db
    .query<{ n: number }, []>(
      `SELECT count(*) AS n FROM workspaces WHERE NOT EXISTS
       (SELECT 1 FROM event_sequences WHERE workspace_id = workspaces.id AND last >= 1000000)`,
    )
    .get()?.n
}

const epochOf = (path: string): unknown => {
  using db = new Database(path, { readonly: true })
  return db.query("SELECT value FROM installation WHERE name = 'restore_epoch'").values()[0]?.[0]
}

describe('beside a running server', () => {
  test(
    'backup, restore elsewhere: the same rows, the same secret; the live one is guarded',
    async () => {
      using directory = temporaryDirectory()
      const [live, other, file] = ['live', 'other', 'out/a.db'].map(directory.file) as [
        string,
        string,
        string,
      ]
      await using server = await startServer(live)
      const ask = await signedIn(server.origin)
      await ask('POST', '/api/v1/links', { url: 'https://example.com/', slug: 'one' })
      // Without an event until the backup; afterwards it may have had some.
      await ask('POST', '/api/v1/workspaces', { name: 'Quiet' })
      for (let visit = 0; visit < 20; visit++) {
        await fetch(`${server.origin}/one`, { redirect: 'manual' })
      }
      const made = await runCommand(live, ['backup', file])
      expect([made.code, made.err]).toEqual([0, ''])
      expect(made.out).toContain('app.secret')
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(rowsOf(file)).toEqual({ links: 1, clicks: 20, users: 1 })
      expect(readdirSync(directory.file('out')).toSorted()).toEqual(['a.db', 'a.db.sha256'])

      const taken = await runCommand(live, ['backup', file])
      expect([taken.code, taken.err]).toEqual([2, expect.stringContaining('exists already')])
      const refused = await runCommand(live, ['restore', file, '--force'])
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('already runs')])
      const migrating = await runCommand(live, ['migrate'])
      expect([migrating.code, migrating.err]).toEqual([2, expect.stringContaining('already runs')])

      mkdirSync(other)
      // A superuser restores for the user to whom the directory belongs.
      if (process.getuid?.() === 0) chownSync(other, 12_345, 12_345)
      const restored = await runCommand(other, ['restore', file])
      expect([restored.code, restored.err]).toEqual([0, ''])
      expect(rowsOf(join(other, 'linkstead.db'))).toEqual({ links: 1, clicks: 20, users: 1 })
      expect(epochOf(join(other, 'linkstead.db'))).toBe('1')
      expect(repeatable(join(other, 'linkstead.db'))).toBe(0)
      const owners = readdirSync(other).map((name) => statSync(join(other, name)).uid)
      expect([...new Set(owners)]).toEqual([statSync(other).uid])
      const secret = (dataDir: string) => readFileSync(join(dataDir, 'app.secret'), 'utf8')
      expect(secret(other)).toBe(secret(live))
      await using second = await startServer(other)
      const again = await signedIn(second.origin)
      expect((await again('GET', '/api/v1/links/one')).status).toBe(200)
      expect((await again('POST', '/api/v1/links', { url: 'https://example.com' })).status).toBe(
        201,
      )
    },
    PATIENCE_MS,
  )

  test(
    'user and key go through admin.sock, which only its owner can open and a stop removes',
    async () => {
      using directory = temporaryDirectory()
      const socket = directory.file('admin.sock')
      // What a crash leaves: a socket that nobody listens on.
      const stale = createServer().listen(socket)
      await new Promise((resolve) => stale.once('listening', resolve))
      await using server = await startServer(directory.path)
      expect(statSync(socket).mode & 0o777).toBe(0o600)
      const user = await runCommand(
        directory.path,
        [...['user', 'create', 'new@example.com', '--name', 'New', '--password-file', '-']],
        { input: 'a long enough password\n' },
      )
      expect(JSON.parse(user.out)).toMatchObject({ email: 'new@example.com', role: 'USER' })
      expect(user.out).not.toContain('password')
      const twice = await runCommand(directory.path, ['user', 'create', 'new@example.com'])
      expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('already')])
      const key = await runCommand(directory.path, [
        ...['key', 'create', 'script', '--user', 'new@example.com', '--scopes', 'links:read'],
      ])
      const { key: text, scopes } = JSON.parse(key.out)
      expect(scopes).toEqual(['links:read'])
      const headers = { authorization: `Bearer ${text}` }
      expect((await fetch(`${server.origin}/api/v1/links`, { headers })).status).toBe(200)
      const { status } = await fetch(`${server.origin}/api/v1/links`, { method: 'POST', headers })
      expect(status).toBe(403)
      expect(await server.stop()).toBe(0)
      expect(existsSync(socket)).toBe(false)
    },
    PATIENCE_MS,
  )
})

describe('without a server', () => {
  test(
    'user and key write the database themselves; restore needs --force and loses nothing',
    async () => {
      using directory = temporaryDirectory()
      const data = directory.file('data')
      const first = await runCommand(data, ['user', 'create', OWNER.email, '--superadmin'])
      const { password, role } = JSON.parse(first.out)
      expect([role, password.length]).toEqual(['SUPERADMIN', 16])
      const key = await runCommand(data, ['key', 'create', 'k', '--user', OWNER.email])
      expect(JSON.parse(key.out).key).toStartWith('ls_sk_')
      const nobody = await runCommand(data, ['key', 'create', 'k', '--user', 'x@example.com'])
      expect([nobody.code, nobody.err.split('\n').length]).toEqual([2, 2])

      const file = directory.file('a.db')
      expect((await runCommand(data, ['backup', file, '--without-secrets'])).code).toBe(0)
      await runCommand(data, ['user', 'create', 'later@example.com'])
      const guarded = await runCommand(data, ['restore', file])
      expect([guarded.code, guarded.err]).toEqual([2, expect.stringContaining('--force')])
      const forced = await runCommand(data, ['restore', file, '--force'])
      expect([forced.code, forced.err]).toEqual([0, ''])
      expect(rowsOf(join(data, 'linkstead.db')).users).toBe(1)
      const [aside = ''] = readdirSync(data).filter((name) => name.startsWith('before-restore'))
      expect(rowsOf(join(data, aside, 'linkstead.db')).users).toBe(2)
      expect(readFileSync(join(data, 'app.secret'), 'utf8')).not.toBe('')
    },
    PATIENCE_MS,
  )

  test(
    'a backup tells of clicks that wait in the spool, and of none after a clean stop',
    async () => {
      using directory = temporaryDirectory()
      const data = directory.file('data')
      {
        await using server = await startServer(data)
        const ask = await signedIn(server.origin)
        await ask('POST', '/api/v1/links', { url: 'https://example.com/', slug: 'one' })
        expect(await server.stop()).toBe(0)
      }
      const well = await runCommand(data, ['backup', directory.file('a.db')])
      expect([well.code, well.out]).toEqual([0, expect.not.stringContaining('spool')])
      // What a crash leaves: a segment behind all that is stored.
      writeFileSync(join(data, 'clicks.spool', '9999999999'), 'answered')
      const lacking = await runCommand(data, ['backup', directory.file('b.db')])
      expect([lacking.code, lacking.out]).toEqual([0, expect.stringContaining('spool')])
    },
    PATIENCE_MS,
  )

  test(
    'a backup that was cut short, changed, or belongs to another secret changes nothing',
    async () => {
      using directory = temporaryDirectory()
      const [data, file] = [directory.file('data'), directory.file('a.db')]
      await runCommand(data, ['user', 'create', OWNER.email])
      await runCommand(data, ['backup', file, '--without-secrets'])
      const whole = readFileSync(file)
      const target = directory.file('target')
      async function refused(env: Record<string, string> = {}): Promise<string> {
        const { code, err } = await runCommand(target, ['restore', file], { env })
        expect(code).toBe(2)
        expect(existsSync(join(target, 'linkstead.db'))).toBe(false)
        return err
      }
      expect(await refused()).toContain('made without its secret')
      const APP_SECRET = 'another secret, long enough to be one'
      expect(await refused({ APP_SECRET })).toContain('not the one')
      writeFileSync(file, whole.subarray(0, whole.length - 4096))
      expect(await refused()).toContain('changed or cut short')
      writeFileSync(`${file}.sha256`, '')
      expect(await refused()).toContain('changed or cut short')
    },
    PATIENCE_MS,
  )

  test(
    'a restore that was cut short keeps the server from starting until it is run again',
    async () => {
      using directory = temporaryDirectory()
      const [data, file] = [directory.file('data'), directory.file('a.db')]
      await runCommand(data, ['user', 'create', OWNER.email])
      await runCommand(data, ['backup', file])
      writeFileSync(join(data, 'restore.unfinished'), '')
      const start = await runCommand(data, ['serve'])
      expect([start.code, start.err]).toEqual([2, expect.stringContaining('cut short')])
      const seen = await runCommand(data, ['doctor'])
      expect([seen.code, seen.out]).toEqual([1, expect.stringContaining('cut short')])
      expect((await runCommand(data, ['restore', file, '--force'])).code).toBe(0)
      expect((await runCommand(data, ['doctor'])).code).toBe(0)
    },
    PATIENCE_MS,
  )

  test(
    'doctor ends with 1 and says what to do about a wrong secret, damage and a database of the future',
    async () => {
      using directory = temporaryDirectory()
      const data = directory.file('data')
      await runCommand(data, ['user', 'create', OWNER.email])
      const well = await runCommand(data, ['doctor', '--json'])
      expect([well.code, JSON.parse(well.out).healthy]).toEqual([0, true])
      async function complaint(env: Record<string, string> = {}): Promise<string[]> {
        const { code, out } = await runCommand(data, ['doctor', '--json'], { env })
        expect(code).toBe(1)
        const findings: { check: string; verdict: string; advice?: string }[] =
          JSON.parse(out).findings
        const problems = findings.filter(({ verdict }) => verdict === 'problem')
        expect(problems.every(({ advice }) => (advice ?? '').length > 10)).toBe(true)
        return problems.map(({ check }) => check)
      }
      const APP_SECRET = 'another secret, long enough to be one'
      expect(await complaint({ APP_SECRET })).toEqual(['secret'])
      expect(await complaint({ SMTP_URL: 'smtp://127.0.0.1:1' })).toEqual(['SMTP'])
      {
        using db = new Database(join(data, 'linkstead.db'), { readwrite: true })
        db.run("INSERT INTO installation VALUES ('clock_seen_at', '99999999999999')")
      }
      expect(await complaint()).toEqual(['clock'])
      {
        using db = new Database(join(data, 'linkstead.db'), { readwrite: true })
        db.run("INSERT INTO schema_migrations VALUES ('9999_future', '', 0)")
      }
      expect(await complaint()).toEqual(['migrations'])
      writeFileSync(join(data, 'linkstead.db'), 'not a database, but long enough to look like one')
      expect(await complaint()).toEqual(['database'])
    },
    PATIENCE_MS,
  )
})
