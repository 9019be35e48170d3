import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { OWNER } from './owner'
import { startServer } from './server-process'

const ENV = { RATE_LIMITS: 'off', LOG_LEVEL: 'error', TRUST_PROXY: '127.0.0.0/8' }
const PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const BOT = 'Googlebot/2.1 (+http://www.google.com/bot.html)'

const post = async (origin: string, path: string, body: unknown, token = ''): Promise<unknown> => {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
  return response.json()
}

/** A link with a limit, as its owner makes it. */
async function makeLimited(origin: string, slug: string, clickLimit: number): Promise<void> {
  const { token } = (await post(origin, '/api/auth/token', OWNER)) as { token: string }
  await post(origin, '/api/v1/links', { url: 'https://example.com/', slug, clickLimit }, token)
}

export type VisitOutcome = { people: number; bots: number; refused: number; cut: number }

/** So many people at once, each with an address of their own, and a bot beside every fourth. */
async function visitAtOnce(origin: string, slug: string, people: number): Promise<VisitOutcome> {
  const outcome = { people: 0, bots: 0, refused: 0, cut: 0 }
  async function visit(number: number, isBot: boolean): Promise<void> {
    try {
      const { status } = await fetch(`${origin}/${slug}`, {
        redirect: 'manual',
        headers: {
          'user-agent': isBot ? BOT : PERSON,
          'x-forwarded-for': `198.51.100.${number % 250}`,
        },
      })
      if (status === 302) outcome[isBot ? 'bots' : 'people'] += 1
      else if (status === 410) outcome.refused += 1
      else throw new Error(`A visit was answered ${status}.`)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('A visit')) throw error
      outcome.cut += 1
    }
  }
  const visits = Array.from({ length: people }, (_, number) => {
    const bot = number % 4 === 0 ? visit(number, true) : undefined
    return Promise.all([visit(number, false), bot])
  })
  await Promise.all(visits)
  return outcome
}

/** What the database says of the link in the end. */
function storedIn(dataDir: string, slug: string) {
  using db = new Database(join(dataDir, 'linkstead.db'), { readonly: true })
  const { clicks } = db
    .query<{ clicks: number }, [string]>(
      'SELECT clicks FROM link_totals JOIN links ON no = link_no WHERE slug = ?',
    )
    .get(slug) ?? { clicks: 0 }
  const { events } = db
    .query<{ events: number }, []>(
      `SELECT count(*) AS events FROM events WHERE type = 'link.limit_reached'`,
    )
    .get() ?? { events: 0 }
  return { clicks, events }
}

/**
 * Lets people in upon a link with a limit on the real server; with `killAfterMs` the server is
 * killed meanwhile, started again on what is left and visited once more. Answers what both lives
 * answered and what is stored after an orderly end.
 */
export async function rushLimited(
  dataDir: string,
  { limit, people, killAfterMs }: { limit: number; people: number; killAfterMs?: number },
) {
  const slug = 'rush'
  const lives: VisitOutcome[] = []
  await using first = await startServer(dataDir, ENV)
  await makeLimited(first.origin, slug, limit)
  const rush = visitAtOnce(first.origin, slug, people)
  if (killAfterMs !== undefined) {
    await Bun.sleep(killAfterMs)
    await first.kill()
  }
  lives.push(await rush)
  if (killAfterMs === undefined) {
    await first.stop()
    return { lives, stored: storedIn(dataDir, slug) }
  }
  await using second = await startServer(dataDir, ENV)
  lives.push(await visitAtOnce(second.origin, slug, people))
  await second.stop()
  return { lives, stored: storedIn(dataDir, slug) }
}
