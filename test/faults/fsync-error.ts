/**
 * A disk that refuses to sync, by strace: the request that met it is not acknowledged, the process
 * ends by itself, and the next start has everything that was acknowledged. Once for what a request
 * writes, once for what the Worker writes.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { report, signedIn } from '../support/fault'
import { type ServerProcess, startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const PATIENCE_MS = 15_000
const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }
const broken: string[] = []

function must(holds: boolean, sentence: string): void {
  if (!holds) broken.push(sentence)
}

/** From now on every sync of the process and its threads fails. */
async function failSyncs({ pid }: ServerProcess) {
  const strace = Bun.spawn(
    [
      ...['strace', '-f', '-qq', '-o', '/dev/null', '-p', String(pid)],
      ...['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  for (let tries = 0; tries < 100; tries++) {
    const status = await Bun.file(`/proc/${pid}/status`).text()
    if (/^TracerPid:\s+[1-9]/m.test(status)) return strace
    await Bun.sleep(20)
  }
  throw new Error('strace did not take hold of the server.')
}

/** Undefined when the connection was cut before an answer came. */
const statusOf = (asked: Promise<Response>): Promise<number | undefined> =>
  asked.then(
    ({ status }) => status,
    () => undefined,
  )

async function round(what: 'request' | 'worker'): Promise<string> {
  using directory = temporaryDirectory()
  const acknowledged: string[] = ['first']
  let ended: number | undefined
  {
    await using server = await startServer(directory.path, ENV)
    const ask = await signedIn(server.origin)
    await ask('POST', '/api/v1/links', { url: 'https://example.com/first', slug: 'first' })
    await using strace = await failSyncs(server)
    if (what === 'worker') {
      const visit = await fetch(`${server.origin}/first`, { redirect: 'manual' })
      must(visit.status === 302, `a visit is answered 302, not ${visit.status}`)
    } else {
      const link = { url: 'https://example.com/lost', slug: 'lost' }
      const status = await statusOf(ask('POST', '/api/v1/links', link))
      must(status !== 201, 'what could not be synced is not acknowledged')
      if (status === 201) acknowledged.push('lost')
    }
    ended = await Promise.race([server.exited, Bun.sleep(PATIENCE_MS).then(() => undefined)])
    strace.kill()
  }
  must(
    ended !== undefined && ended !== 0,
    `${what}: it ends by itself with a failure, not ${ended}`,
  )
  await using again = await startServer(directory.path, ENV)
  const ask = await signedIn(again.origin)
  for (const slug of acknowledged) {
    const { status } = await ask('GET', `/api/v1/links/${slug}`)
    must(status === 200, `${what}: the acknowledged link ${slug} is there, not ${status}`)
  }
  must((await again.stop()) === 0, `${what}: it ends with 0 after the clean start`)
  using db = new Database(join(directory.path, 'linkstead.db'), { readonly: true })
  must(db.query('PRAGMA integrity_check').values()[0]?.[0] === 'ok', `${what}: integrity_check`)
  const clicks = db.query<{ n: number }, []>('SELECT count(*) AS n FROM clicks').get()?.n
  must(what === 'request' || clicks === 1, `worker: the visit has its click, ${clicks}`)
  return `${what}: ended with ${ended}`
}

const figures = [await round('request'), await round('worker')].join(', ')
report({ name: 'fsync-error', figures: `${figures}; clean starts after`, broken })
