import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../support/temporary-directory'

const MAIN = join(import.meta.dir, '../../src/main.ts')

/** A start that cannot succeed: its exit code and what the operator reads. */
async function refusal(env: Record<string, string>) {
  using directory = temporaryDirectory()
  const child = Bun.spawn([process.execPath, MAIN, 'serve'], {
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0' },
      ...{ DATA_DIR: directory.file('data'), ...env },
    },
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const text = await new Response(child.stderr).text()
  return { code: await child.exited, lines: text.trimEnd().split('\n') }
}

test.each([
  ['ADMIN_PASSWORD', { ADMIN_EMAIL: 'a@example.com', ADMIN_PASSWORD: 'password123' }],
  ['DEFAULT_PLAN', { DEFAULT_PLAN: 'nowhere' }],
  ['HOST', { HOST: '203.0.113.1' }],
  ['DATA_DIR', { DATA_DIR: '/proc/nowhere' }],
])('a %s that cannot be used ends the start with one line that names it', async (name, env) => {
  const { code, lines } = await refusal(env)
  expect([code, lines.length]).toEqual([2, 1])
  expect(lines[0]).toStartWith(name)
})

test('a file that is no database is named, and left as it is', async () => {
  using directory = temporaryDirectory()
  writeFileSync(directory.file('linkstead.db'), 'my notes, longer than a page header would be')
  const { code, lines } = await refusal({ DATA_DIR: directory.path })
  expect([code, lines.length]).toEqual([2, 1])
  expect(lines[0]).toContain(directory.path)
  expect(await Bun.file(directory.file('linkstead.db')).text()).toStartWith('my notes')
})

test('a port that another server listens on is refused, not shared', async () => {
  await using other = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', development: false },
    // What another server of this kind would have done.
    reusePort: true,
    fetch: () => new Response('other'),
  })
  const { code, lines } = await refusal({ PORT: String(other.port) })
  expect([code, lines.length]).toEqual([2, 1])
  expect(lines[0]).toContain(`127.0.0.1:${other.port}`)
})
