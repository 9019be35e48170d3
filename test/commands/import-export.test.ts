import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIRST_ADMIN, runCommand } from '../support/command'
import { signedIn } from '../support/fault'
import { OWNER } from '../support/owner'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const PATIENCE_MS = 120_000
const FILE = [
  'url,slug,title,tags',
  'https://example.com/1,one,First,"a, b"',
  'https://example.com/2,two,Second,',
  'not a url,three,,',
].join('\n')

test(
  'without a server: an import is planned, then done with --apply, and exports say the same',
  async () => {
    using directory = temporaryDirectory()
    const [data, file, out] = ['data', 'links.csv', 'out.csv'].map(directory.file) as [
      string,
      string,
      string,
    ]
    writeFileSync(file, FILE)
    const nothing = await runCommand(data, ['import', file, '--source', 'csv'])
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('no database')])
    await runCommand(data, ['user', 'create', OWNER.email])

    const planned = await runCommand(data, ['import', file, '--source', 'csv'])
    expect([planned.code, planned.err]).toEqual([1, ''])
    expect(planned.out).toContain('3 rows (2 create, 1 error)')
    expect(planned.out).toContain('--apply')
    const empty = await runCommand(data, ['export', '-'])
    expect([empty.code, empty.out.trim().split('\n').length]).toEqual([0, 1])

    const done = await runCommand(data, ['import', file, '--source', 'csv', '--apply'])
    expect([done.code, done.out]).toEqual([1, expect.stringContaining('2 created')])
    expect(done.out).toMatch(/line 4: .*url/i)
    expect(readdirSync(join(data, 'imports'))).toEqual([])
    const written = await runCommand(data, ['export', out])
    expect([written.code, written.out, written.err]).toEqual([0, '', ''])
    expect(statSync(out).mode & 0o777).toBe(0o600)
    const [, first, second, ...rest] = readFileSync(out, 'utf8').trim().split('\n')
    expect(rest).toEqual([])
    expect(first).toStartWith('https://example.com/1,one,')
    expect(second).toStartWith('https://example.com/2,two,')
    const twice = await runCommand(data, ['export', out])
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('cannot be written')])

    const elsewhere = directory.file('elsewhere')
    await runCommand(elsewhere, ['user', 'create', OWNER.email])
    const moved = await runCommand(elsewhere, ['import', out, '--source', 'csv', '--apply'])
    expect([moved.code, moved.out]).toEqual([0, expect.stringContaining('2 created')])
  },
  PATIENCE_MS,
)

test(
  'beside a server: it does the import itself, the links work at once, their clicks are exported',
  async () => {
    using directory = temporaryDirectory()
    const file = directory.file('links.csv')
    writeFileSync(file, FILE)
    const data = directory.file('data')
    await using server = await startServer(data, FIRST_ADMIN)
    const args = ['import', file, '--source', 'csv', '--apply']
    const done = await runCommand(data, args)
    expect([done.code, done.out]).toEqual([1, expect.stringContaining('2 created')])
    expect(readdirSync(join(data, 'imports'))).toEqual([])
    for (let visit = 0; visit < 3; visit++) {
      const answer = await fetch(`${server.origin}/one`, {
        ...{ redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0 Firefox/144.0' } },
      })
      expect(answer.headers.get('location')).toBe('https://example.com/1')
    }
    const { code, out } = await runCommand(data, ['export', '-', '--format', 'ndjson'])
    expect(code).toBe(0)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ slug, clicks }) => [slug, clicks])).toEqual([
      ['one', 3],
      ['two', 0],
    ])

    const ask = await signedIn(server.origin)
    const made = await ask('POST', '/api/v1/workspaces', { name: 'Second' })
    expect(made.status).toBe(201)
    const unsure = await runCommand(data, ['export', '-'])
    expect([unsure.code, unsure.err]).toEqual([2, expect.stringContaining('  Second')])
    const { data: workspace } = (await made.json()) as { data: { id: string } }
    const second = await runCommand(data, ['export', '-', '--workspace', workspace.id])
    expect([second.code, second.out.trim().split('\n').length]).toEqual([0, 1])
    for (const bad of [['--source', 'word'], ['--domain', 'x.example'], []]) {
      const refused = await runCommand(data, ['import', file, '--workspace', workspace.id, ...bad])
      expect(refused.code).toBe(2)
      expect(refused.err).toMatch(/^(form\.)?(source|domain): /)
    }
    expect(readdirSync(join(data, 'imports'))).toEqual([])
  },
  PATIENCE_MS,
)
