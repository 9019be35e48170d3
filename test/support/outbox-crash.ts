import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { OWNER } from './owner'
import { startReceiver } from './receiver'
import { type ServerProcess, startServer } from './server-process'

const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }
const ENDPOINTS = 3
const WRITERS = 8
const PATIENCE_MS = 60_000

export type Api = (path: string, body?: unknown) => Promise<{ status: number; data: Json }>
type Json = Record<string, unknown>

/** The API of a server as its owner uses it. */
export async function apiOf({ origin }: ServerProcess): Promise<Api> {
  let token = ''
  const call: Api = async (path, body) => {
    const response = await fetch(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json = (await response.json()) as { data?: Json; token?: string }
    token = json.token ?? token
    return { status: response.status, data: json.data ?? {} }
  }
  await call('/api/auth/token', OWNER)
  return call
}

/** Registers `count` webhooks for new links. */
export async function subscribe(api: Api, url: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { status } = await api('/api/v1/webhooks', { url, events: ['link.created'] })
    if (status !== 201) throw new Error(`POST /webhooks answered ${status}.`)
  }
}

/** Makes links until the server is gone; the ids of those that were acknowledged. */
async function writeUntilGone(api: Api, acknowledged: Set<string>): Promise<void> {
  for (;;) {
    try {
      const { status, data } = await api('/api/v1/links', { url: 'https://example.com/' })
      if (status === 201) acknowledged.add(String(data.id))
    } catch {
      return
    }
  }
}

export type Stored = { deliveries: Record<string, number>; problems: string[] }

/** What lies in the file, and what of it must not be. */
export function storedIn(dataDir: string, endpoints: number): Stored {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const all = <Row>(sql: string): Row[] => db.query<Row, []>(sql).all()
  const problems: string[] = []
  const torn = all<{ id: string }>(
    `SELECT id FROM events WHERE type = 'link.created' AND
      (SELECT count(*) FROM deliveries WHERE event_id = events.id) <> ${endpoints}`,
  )
  if (torn.length > 0) problems.push(`${torn.length} events without one delivery per endpoint`)
  const untold = all<{ id: string }>(
    `SELECT id FROM links WHERE NOT EXISTS (SELECT 1 FROM events
      WHERE type = 'link.created' AND instr(CAST(body AS TEXT), links.id) > 0)`,
  )
  if (untold.length > 0) problems.push(`${untold.length} links without an event`)
  const [gap] = all<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT workspace_id, count(*) AS have, max(sequence) AS top
      FROM events GROUP BY workspace_id) WHERE have <> top`,
  )
  if (gap?.n !== 0) problems.push('gaps in the sequence')
  const checks = all<{ integrity_check: string }>('PRAGMA integrity_check')
  if (checks[0]?.integrity_check !== 'ok') problems.push('integrity_check')
  if (all('PRAGMA foreign_key_check').length > 0) problems.push('foreign_key_check')
  const counts = all<{ status: string; n: number }>(
    'SELECT status, count(*) AS n FROM deliveries GROUP BY status',
  )
  return { deliveries: Object.fromEntries(counts.map(({ status, n }) => [status, n])), problems }
}

/** Waits until nothing is pending or being sent. */
export async function untilDelivered(dataDir: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  const sql = `SELECT count(*) AS n FROM deliveries WHERE status IN ('pending', 'sending')`
  while (performance.now() < until) {
    using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
    if (db.query<{ n: number }, []>(sql).get()?.n === 0) return
    await Bun.sleep(50)
  }
  throw new Error('Deliveries were still waiting after a minute.')
}

export type OutboxCrash = {
  acknowledged: number
  /** Acknowledged links of which the receiver never heard, by endpoint. */
  untold: number
  /** Deliveries that came more than once: only what the crash had interrupted may. */
  repeated: number
  received: number
  problems: string[]
}

/**
 * Kills the real server (from source, or the program that `command` names) with SIGKILL after
 * `afterMs` of new links and deliveries (from the first acknowledged link on), starts it again on
 * what is left, and compares what was acknowledged with what is stored and what the receiver got.
 */
export async function crashWhileDelivering(
  dataDir: string,
  afterMs: number,
  command?: readonly string[],
): Promise<OutboxCrash> {
  await using receiver = await startReceiver()
  const acknowledged = new Set<string>()
  await using first = await startServer(dataDir, ENV, command)
  const api = await apiOf(first)
  await subscribe(api, receiver.url, ENDPOINTS)
  const writers = Array.from({ length: WRITERS }, () => writeUntilGone(api, acknowledged))
  while (acknowledged.size === 0) await Bun.sleep(1)
  await Bun.sleep(afterMs)
  await first.kill()
  await Promise.all(writers)

  await using second = await startServer(dataDir, ENV, command)
  await untilDelivered(dataDir)
  const exitCode = await second.stop()
  const { deliveries, problems } = storedIn(dataDir, ENDPOINTS)
  if (exitCode !== 0) problems.push(`exit code ${exitCode} after SIGTERM`)
  const others = Object.keys(deliveries).filter((status) => status !== 'delivered')
  if (others.length > 0) problems.push(`deliveries that are ${others}`)
  const heard = new Map<string, number>()
  for (const { body } of receiver.received) {
    const { id } = (JSON.parse(body) as { data: { id: string } }).data
    heard.set(id, (heard.get(id) ?? 0) + 1)
  }
  const times = [...heard.values()]
  return {
    acknowledged: acknowledged.size,
    untold: [...acknowledged].filter((id) => (heard.get(id) ?? 0) < ENDPOINTS).length,
    repeated: times.reduce((sum, count) => sum + Math.max(0, count - ENDPOINTS), 0),
    received: receiver.received.length,
    problems,
  }
}
