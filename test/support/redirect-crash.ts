import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { slugOf } from './click-world'
import { OWNER } from './owner'
import { startServer } from './server-process'

const LINKS = 50
const CONNECTIONS = 16
const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }

/** Shortens the links that are visited, as their owner would. */
async function makeLinks(origin: string): Promise<void> {
  async function post(path: string, body: unknown, token = ''): Promise<unknown> {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
    return response.json()
  }
  const { token } = (await post('/api/auth/token', OWNER)) as { token: string }
  for (let index = 0; index < LINKS; index++) {
    const link = { url: `https://example.com/page/${index}`, slug: slugOf(index) }
    await post('/api/v1/links', link, token)
  }
}

/** Visits links one after another, each visit marked, until the server is gone. */
async function visitUntilGone(origin: string, connection: number, answered: Set<string>) {
  for (let visit = 0; ; visit++) {
    const mark = `c${connection}v${visit}`
    try {
      const response = await fetch(`${origin}/${slugOf(visit % LINKS)}?utm_content=${mark}`, {
        redirect: 'manual',
        headers: { 'user-agent': 'Mozilla/5.0 Firefox/144.0' },
      })
      if (response.status === 302) answered.add(mark)
    } catch {
      return
    }
  }
}

/** How often each marked visit became a click. */
function storedIn(dataDir: string): Map<string, number> {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const rows = db
    .query<{ mark: string; times: number }, []>(
      `SELECT text AS mark, count(*) AS times FROM clicks JOIN click_terms ON no = utm_content
       GROUP BY utm_content`,
    )
    .all()
  return new Map(rows.map(({ mark, times }) => [mark, times]))
}

export type CrashOutcome = { answered: number; missing: string[]; doubled: string[] }

/**
 * Kills the real server (from source, or the program that `command` names) under load with SIGKILL
 * `afterMs` after its first answer, starts it again on what is left, stops it as an operator does,
 * and compares the answered visits with the clicks stored.
 */
export async function crashUnderLoad(
  dataDir: string,
  afterMs: number,
  command?: readonly string[],
): Promise<CrashOutcome> {
  const answered = new Set<string>()
  await using first = await startServer(dataDir, ENV, command)
  await makeLinks(first.origin)
  const visitors = Array.from({ length: CONNECTIONS }, (_, connection) =>
    visitUntilGone(first.origin, connection, answered),
  )
  while (answered.size === 0) await Bun.sleep(1)
  await Bun.sleep(afterMs)
  await first.kill()
  await Promise.all(visitors)

  await using second = await startServer(dataDir, ENV, command)
  const exitCode = await second.stop()
  if (exitCode !== 0) throw new Error(`The server ended with ${exitCode} after SIGTERM.`)
  const stored = storedIn(dataDir)
  return {
    answered: answered.size,
    missing: [...answered].filter((mark) => !stored.has(mark)),
    doubled: [...stored].filter(([, times]) => times > 1).map(([mark]) => mark),
  }
}
