import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Runtime } from '../src/compose'
import { readConfig } from '../src/config'
import { type Principal, SCOPES } from '../src/core/access'
import type { PreparedLink } from '../src/features/links/schema'
import { createLogger } from '../src/platform/logger'

const ADMIN = { ADMIN_EMAIL: 'bench@example.com', ADMIN_PASSWORD: 'a password of the benchmarks' }

const environment = (dataDir: string, port: number) => ({
  ...ADMIN,
  DATA_DIR: dataDir,
  PORT: String(port),
  HOST: '127.0.0.1',
  LOG_LEVEL: 'error',
  RATE_LIMITS: 'off',
  CRON: 'off',
})

/** A fresh data directory that is gone at the end of the `using` scope. */
export function benchDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'linkstead-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Makes an installation with an owner and links of these slugs; answers a key of theirs. */
export async function prepare(
  dataDir: string,
  slugs: readonly string[] = [],
  fieldsOf: (index: number) => Partial<PreparedLink> = () => ({}),
): Promise<string> {
  const runtime = compose(readConfig(environment(dataDir, 0)), {
    logger: createLogger('silent'),
    inThread: true,
  })
  await runtime.firstStart()
  const { keys, links, db } = runtime.services
  const principal = ownerOf(runtime)
  db.write(() => {
    for (const [index, slug] of slugs.entries()) {
      const url = `https://example.com/page/${index}?a=1`
      links.create(principal, { url, slug, kind: 'url', ...fieldsOf(index) })
    }
  })
  const { text } = keys.create(principal, { name: 'bench', kind: 'secret', scopes: ['*'] })
  await runtime.stop(1_000)
  return text
}

/** The account of {@link prepare} in its workspace. */
export function ownerOf({ services }: Runtime): Principal {
  const user = services.users.findByEmail(ADMIN.ADMIN_EMAIL)
  if (!user) throw new Error('The first start made no account.')
  const principal = services.directory.enter(
    {
      ...{ kind: 'token', userId: user.id, keyId: null, sessionId: null, actorName: 'bench' },
      ...{ superadmin: true, boundWorkspaceId: null, allowedOrigins: null },
      grantedScopes: new Set(SCOPES),
    },
    null,
  )
  if (!principal) throw new Error('The account has no workspace.')
  return principal
}

/** The real server as a process of its own, answering. Stop it with SIGTERM. */
export async function startServer(
  dataDir: string,
  command = ['bun', 'src/main.ts'],
  more: Record<string, string> = {},
) {
  const port = freePort()
  const child = Bun.spawn([...command, 'serve'], {
    cwd: join(import.meta.dir, '..'),
    env: { ...process.env, ...environment(dataDir, port), ...more },
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const url = `http://127.0.0.1:${port}`
  await untilReady(url)
  return { child, port, url }
}

/** Resolves when `/readyz` answers 200; throws after ten seconds. */
export async function untilReady(url: string): Promise<void> {
  for (let tries = 0; tries < 5_000; tries++) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await Bun.sleep(2)
  }
  throw new Error(`${url} did not become ready.`)
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return server.port
}

/** Runs a script of this folder and reads the JSON that it prints. */
export async function measure<T>(script: string, ...args: (string | number)[]): Promise<T> {
  const child = Bun.spawn(['bun', join(import.meta.dir, script), ...args.map(String)], {
    stderr: 'inherit',
  })
  return JSON.parse(await new Response(child.stdout).text())
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
