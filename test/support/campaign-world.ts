import { type Client, createTestApp, type TestAppOptions } from './app'
import { dashboardOf, tokenOf } from './signed-in'

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
export type Row = any

/** All that directories ask for as a rule. */
export const PROFILE = {
  ...{ name: 'Acme', tagline: 'Anvils that last', short_description: 'A shop for good anvils.' },
  ...{ categories: ['tools', 'shops'], email: 'hello@acme.example', phone: '+49 221 1234' },
}

/** A server with a tenant who runs campaigns, in person and by key, and its operator. */
export async function createCampaignWorld(options: TestAppOptions & { plan?: string } = {}) {
  const { plan = 'agency', ...rest } = options
  const app = await createTestApp(rest)
  const tenant = await app.seed.tenant({ plan, name: 'Ada' })
  const person = await tokenOf(app, tenant)
  const operator = await dashboardOf(app, app.seed.owner())
  const world = {
    ...{ app, tenant, person, operator },
    client: plan === 'agency' || plan === 'pro' ? app.as(tenant.key()) : person,

    /** The work that is due. */
    run: () => app.services.loops.run('submissions'),

    async site(body: object = {}): Promise<Row> {
      const given = { url: 'https://acme.example.com/', ...PROFILE, ...body }
      const { status, json, text } = await person.post('/api/v1/sites', given)
      if (status !== 201) throw new Error(text)
      return json.data
    },

    /** Adds a directory and says how it takes submissions; answers its id. */
    async directory(line: Record<string, string>, recipe?: object): Promise<number> {
      const csv = `${Object.keys(line).join(',')}\n${Object.values(line).join(',')}\n`
      const { json } = await operator.post('/api/v1/admin/directories/import', {
        ...{ csv, source: 'Test' },
      })
      const [{ directory_id: id, message }] = json.data.rows
      if (id === null) throw new Error(String(message))
      if (recipe) {
        const answer = await operator.patch(`/api/v1/admin/directories/${id}`, recipe)
        if (answer.status !== 200) throw new Error(answer.text)
      }
      return id
    },

    /** A job of these directories, and its submissions once the loop has been over them. */
    async job(siteId: string, directoryIds?: number[]): Promise<{ job: Row; rows: Row[] }> {
      const body = { site_id: siteId, directory_ids: directoryIds }
      const { status, json, text } = await person.post('/api/v1/jobs', body)
      if (status !== 201) throw new Error(text)
      await world.run()
      return { job: json.data, rows: await world.rows(json.id) }
    },

    async rows(jobId: string, query = ''): Promise<Row[]> {
      const path = `/api/v1/jobs/${jobId}/submissions?limit=100${query}`
      return (await person.get(path)).json.data
    },

    jobNow: async (id: string): Promise<Row> => (await person.get(`/api/v1/jobs/${id}`)).json.data,
    show: async (id: string): Promise<Row> =>
      (await person.get(`/api/v1/submissions/${id}`)).json.data,
    patch: (id: string, body: object, as: Client = person) =>
      as.patch(`/api/v1/submissions/${id}`, body),

    /** Moves a submission, which has to work. */
    async move(id: string, body: object): Promise<Row> {
      const { status, json, text } = await world.patch(id, body)
      if (status !== 200) throw new Error(text)
      return json.data
    },

    events: async (type: string): Promise<Row[]> =>
      (await person.get('/api/v1/events?limit=100')).json.data.filter(
        (event: Row) => event.type === type,
      ),

    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
  return world
}

export type CampaignWorld = Awaited<ReturnType<typeof createCampaignWorld>>

export const PROOF = { confirmation_url: 'https://directory.example/thanks' }
