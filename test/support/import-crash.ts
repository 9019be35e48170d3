import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { formOf } from './imports'
import { OWNER } from './owner'
import { type ServerProcess, startServer } from './server-process'

const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }
/** Names of tags and folders in the file, each of many rows. */
export const TAGS = 7
export const FOLDERS = 3
/** Every so many rows the slug stands in the file again, and gets another one. */
const REPEATED = 10

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
type Json = any

/** A file of links that all become one each, with labels that are new. */
export function fileOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, n) => {
    const slug = n % REPEATED === REPEATED - 1 ? `kill-${n - 1}` : `kill-${n}`
    return `https://example.com/${n},${slug},tag ${n % TAGS},folder ${n % FOLDERS},x-${n},${n}`
  })
  return `url,slug,tags,folder,externalId,clicks\n${lines.join('\n')}\n`
}

/** One number that a query of the server's file answers. */
function ask(dataDir: string, sql: string): number {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  return Number(Object.values(db.query<Record<string, number>, []>(sql).get() ?? {})[0] ?? 0)
}

/** The owner's way to ask a server, whose refusals throw. */
export async function clientOf({ origin }: ServerProcess) {
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify(OWNER)
  const signIn = await fetch(`${origin}/api/auth/token`, { method: 'POST', headers: json, body })
  const { token } = (await signIn.json()) as { token: string }
  const authorization = `Bearer ${token}`
  const answer = async (response: Response): Promise<Json> => {
    if (!response.ok)
      throw new Error(`${response.url}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  return {
    get: async (path: string) => answer(await fetch(origin + path, { headers: { authorization } })),
    post: async (path: string, form?: Awaited<ReturnType<typeof formOf>>) =>
      answer(
        await fetch(origin + path, {
          method: 'POST',
          headers: { authorization, ...form?.headers },
          ...(form ? { body: form.body } : {}),
        }),
      ),
  }
}

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await Bun.sleep(5)
}

/**
 * Sends a file to the real server and kills it with SIGKILL once it has planned `planned` rows, and
 * again each time it has made one more of the numbers of links in `made`. Answers what the import
 * and the file of the server say once it is done, and how far it was at each kill.
 */
export async function crashWhileImporting(
  dataDir: string,
  { rows, planned, made }: { rows: number; planned: number; made: readonly number[] },
) {
  const stops: number[] = []
  let id = ''
  const kill = async (server: ServerProcess, sql: string, enough: number): Promise<void> => {
    await until(() => ask(dataDir, sql) >= enough)
    await server.kill()
    stops.push(ask(dataDir, sql))
  }
  {
    await using server = await startServer(dataDir, ENV)
    const client = await clientOf(server)
    const form = await formOf(fileOf(rows), { source: 'csv', onCollision: 'rename' })
    id = (await client.post('/api/v1/imports', form)).data.id
    await kill(server, 'SELECT count(*) FROM import_rows', planned)
  }
  for (const [round, enough] of made.entries()) {
    await using server = await startServer(dataDir, ENV)
    const client = await clientOf(server)
    if (round === 0) {
      const path = `/api/v1/imports/${id}`
      await until(async () => (await client.get(path)).data.status === 'ready')
      await client.post(`${path}/apply`)
    }
    await kill(server, 'SELECT count(*) FROM links', enough)
  }
  await using server = await startServer(dataDir, ENV)
  const client = await clientOf(server)
  const look = async (): Promise<Json> => (await client.get(`/api/v1/imports/${id}`)).data
  await until(async () => (await look()).status === 'done')
  // Once more is the same as once.
  await client.post(`/api/v1/imports/${id}/apply`)
  const [{ status, counts }, list] = [await look(), await client.get('/api/v1/links?limit=1')]
  await server.stop()
  return { stops, status, counts, total: list.total as number, stored: storedIn(dataDir) }
}

/** What a server that has ended left of the links. */
function storedIn(dataDir: string) {
  const one = (sql: string): number => ask(dataDir, sql)
  return {
    links: one('SELECT count(*) FROM links WHERE deleted_at IS NULL'),
    slugs: one('SELECT count(DISTINCT slug) FROM links'),
    targets: one('SELECT count(DISTINCT original_url) FROM links'),
    externalIds: one('SELECT count(DISTINCT external_id) FROM links'),
    counted: one('SELECT sum(live) FROM link_counts'),
    clicks: one('SELECT sum(imported_clicks) FROM links'),
    tagged: one('SELECT count(*) FROM link_tags'),
    filed: one('SELECT count(*) FROM links WHERE folder_id IS NOT NULL'),
    tags: one("SELECT count(*) FROM labels WHERE kind = 'tag'"),
    folders: one("SELECT count(*) FROM labels WHERE kind = 'folder'"),
    events: one("SELECT count(*) FROM events WHERE type = 'link.created'"),
    rowsOfLinks: one(`SELECT count(DISTINCT link_id) FROM import_rows JOIN links ON id = link_id
      WHERE status = 'created'`),
    broken: one('SELECT count(*) FROM pragma_foreign_key_check'),
    isWhole: one("SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
  }
}
