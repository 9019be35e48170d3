import { HOUR } from '../../src/core/clock'
import type { Overrides } from '../../src/overrides'
import { type Client, createTestApp } from './app'
import { type Fixture, fixtureWeb } from './fixture-web'
import type { Tenant } from './seed'

const LOOP = 'backlinks.monitor'

/** A link to the project of the world. */
export const LINK = '<a href="https://acme.com/">Acme</a>'

/** A server with a project `acme.com`, and a small web whose names all lead to loopback. */
export async function backlinkWorld(
  fixtures: Record<string, Fixture> = {},
  plan = 'agency',
  overrides: Overrides = {},
) {
  const web = await fixtureWeb(fixtures)
  /** Names that DNS does not know. */
  const nameless = new Set<string>()
  const resolve = async (host: string): Promise<string[]> => {
    if (nameless.has(host)) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' })
    return ['127.0.0.1']
  }
  const app = await createTestApp({ overrides: { resolve, ...overrides } })
  const tenant: Tenant = await app.seed.tenant({ plan })
  const principal = tenant.principal
  const { projects, loops, db } = app.services
  const { row: project } = projects.ensure(principal, {
    website: projects.parseWebsite('acme.com'),
    name: 'Acme',
  })
  const client: Client = app.as(tenant.key())

  const run = (): Promise<void> => loops.run(LOOP)
  return {
    ...{ app, web, tenant, project, client, nameless, run },

    /** Watches these places of the web; answers the ids in their order. */
    async watch(...places: string[]): Promise<string[]> {
      const urls = places.map(web.urlOf)
      const { json } = await client.post('/api/v1/backlinks', { project_id: project.id, urls })
      return json.data.results.map(({ id }: { id: string }) => id)
    },

    show: async (id: string) => (await client.get(`/api/v1/backlinks/${id}`)).json.data,

    /** Everything is due after so many hours, and is looked at. */
    async later(hours: number): Promise<void> {
      app.clock.advance(hours * HOUR)
      db.sqlite.run('UPDATE backlinks SET next_check_at = min(next_check_at, ?)', [app.clock.now()])
      await run()
    },

    /** What was told, oldest first. */
    async told(...types: string[]) {
      const { json } = await client.get('/api/v1/events?limit=100')
      const events: { type: string; projectId: string; data: never }[] = json.data
      return events.filter(({ type }) => types.length === 0 || types.includes(type))
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await app[Symbol.asyncDispose]()
      web[Symbol.dispose]()
    },
  }
}

export type BacklinkWorld = Awaited<ReturnType<typeof backlinkWorld>>
