import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { ProjectChange } from '../../src/core/events'
import { type Client, createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'

const PATH = '/api/v1/projects'

let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  app = await createTestApp()
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(() => app[Symbol.asyncDispose]())

const post = (domain: unknown, name?: unknown, as = client) => as.post(PATH, { domain, name })
const idOf = async (domain: string, as = client): Promise<string> =>
  String((await post(domain, undefined, as)).json.project.id)

type Told = {
  type: string
  sequence: number
  projectId: string
  data: { action: ProjectChange; project: object }
}

/** What was told of projects, oldest first. */
async function told(): Promise<Told[]> {
  const { json } = await client.get('/api/v1/events?limit=100')
  const events: Told[] = json.data.filter(({ type }: Told) => type === 'project.changed')
  return events.toSorted((one, other) => one.sequence - other.sequence)
}

describe('posting a domain', () => {
  test('creates its project, shaped as the page of the seed shows it', async () => {
    const { status, json } = await post('https://example.com', 'Example')
    expect(status).toBe(201)
    const { id, createdAt } = json.project
    expect(id).toMatch(/^proj_/)
    expect(json).toEqual({
      project: {
        ...{ id, name: 'Example', primaryDomain: 'https://example.com' },
        ...{ registeredDomain: 'example.com', createdAt },
      },
      existing: false,
      onboarding: { scanRunId: expect.stringMatching(/^scan_/) },
      links: { status: `${PATH}/${id}/status`, dashboard: `/projects/${id}/actions` },
    })
    expect(new Date(createdAt).getTime()).toBe(app.clock.now())
    expect((await client.get(json.links.status)).status).toBe(200)
  })

  test('again reuses it, however the domain is written and whatever it is called', async () => {
    const first = await post('https://example.com', 'Example')
    for (const same of [
      'EXAMPLE.com',
      'http://u:p@www.example.com:81/x?y#z',
      'blog.example.com.',
    ]) {
      const { status, json } = await post(same, 'Another name')
      expect([status, json.existing]).toEqual([200, true])
      expect(json.project).toEqual(first.json.project)
      expect(json.onboarding).toEqual(first.json.onboarding)
    }
    expect((await client.get(PATH)).json.data).toHaveLength(1)
    expect((await told()).map(({ data }) => data.action)).toEqual(['created', 'scan_started'])
  })

  test('calls the project by its registrable domain when it has no name', async () => {
    expect((await post('https://blog.acme.co.uk/x')).json.project).toMatchObject({
      ...{ name: 'acme.co.uk', primaryDomain: 'https://blog.acme.co.uk' },
      registeredDomain: 'acme.co.uk',
    })
    expect((await post('a.github.io', null)).json.project.name).toBe('a.github.io')
    expect((await post('b.github.io', ' B ')).json.project.name).toBe('B')
  })

  test('from many requests at once creates one project; the others wait or reuse it', async () => {
    const answers = await Promise.all(
      ['example.com', 'www.example.com', 'https://example.com/x', 'EXAMPLE.COM'].map((domain) =>
        post(domain),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(3)
    for (const { status, json, headers } of answers) {
      if (status !== 409) continue
      expect([json.code, json.field]).toEqual(['in_progress', 'domain'])
      expect(headers.get('retry-after')).toBe('1')
    }
    expect((await client.get(PATH)).json.data).toHaveLength(1)
    expect((await post('example.com')).status).toBe(200)
  })

  test('is no business of other workspaces', async () => {
    const other = app.as((await app.seed.tenant()).key())
    const [mine, theirs] = await Promise.all([
      post('example.com'),
      post('example.com', undefined, other),
    ])
    expect([mine.status, theirs.status]).toEqual([201, 201])
    expect(mine.json.project.id).not.toBe(theirs.json.project.id)
  })

  test('that exists is reused by any number of requests at once', async () => {
    await post('example.com')
    const answers = await Promise.all([1, 2, 3].map(() => post('example.com')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('is refused where it cannot be normalised, and nothing is stored', async () => {
    for (const domain of ['localhost', '127.0.0.1', 'co.uk', 'me@acme.com', '']) {
      const { status, json } = await post(domain)
      expect([status, json.code, json.field]).toEqual([400, 'invalid_domain', 'domain'])
    }
    for (const domain of [undefined, null, 7, ['example.com'], 'a'.repeat(3_000)]) {
      const { status, json } = await post(domain)
      expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'domain'])
    }
    const unnamed = await post('example.com', '  ')
    expect([unnamed.status, unnamed.json.field]).toEqual([400, 'name'])
    expect((await client.get(PATH)).json.data).toEqual([])
    expect(await told()).toEqual([])
  })

  test('beyond the plan is 402 with the plan that allows it; what exists is still reused', async () => {
    const free = app.as((await app.seed.tenant({ plan: 'free' })).key())
    expect((await post('example.com', undefined, free)).status).toBe(201)
    const { status, json } = await post('other.com', undefined, free)
    expect([status, json.code, json.message]).toEqual([
      ...[402, 'limit_reached', 'The Free plan allows 1 project.'],
    ])
    expect(json.recommend.name).toBe('Core')
    expect((await post('example.com', undefined, free)).status).toBe(200)
    // The refusal holds no claim.
    expect((await post('other.com', undefined, free)).status).toBe(402)
    await free.delete(`${PATH}/${await idOf('example.com', free)}`)
    expect((await post('other.com', undefined, free)).status).toBe(201)
  })

  test('with an Idempotency-Key answers the same again', async () => {
    const headers = { 'idempotency-key': 'first' }
    const first = await client.post(PATH, { domain: 'example.com' }, headers)
    const again = await client.post(PATH, { domain: 'example.com' }, headers)
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.json).toEqual(first.json)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})

describe('keys', () => {
  test('that watch progress read, and create nothing', async () => {
    const id = await idOf('example.com')
    const watcher = app.as(tenant.key('projects:read'))
    expect((await watcher.get(PATH)).status).toBe(200)
    expect((await watcher.get(`${PATH}/${id}/status`)).status).toBe(200)
    for (const answer of [
      await post('other.com', undefined, watcher),
      await watcher.patch(`${PATH}/${id}`, { name: 'Other' }),
      await watcher.delete(`${PATH}/${id}`),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([403, 'forbidden'])
    }
    expect((await client.get(PATH)).json.data).toHaveLength(1)
  })

  test('of other resources see no projects', async () => {
    const other = app.as(tenant.key('links', 'sites'))
    expect((await other.get(PATH)).status).toBe(403)
    expect((await app.as('ls_sk_unknown').get(PATH)).status).toBe(401)
  })
})

describe('the list', () => {
  test('answers every project newest first, as the page of the seed shows them', async () => {
    const ids: string[] = []
    for (let n = 0; n < 25; n++) {
      ids.unshift(await idOf(`site${n}.com`))
      app.clock.advance(1)
    }
    const { json } = await client.get(PATH)
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(Object.keys(json.data[0])).toEqual([
      ...['id', 'name', 'primaryDomain', 'registeredDomain', 'createdAt'],
    ])
    expect(json.meta).toEqual({ total: 25, limit: 25, offset: 0, nextCursor: null })
    const page = await client.get(`${PATH}?limit=10`)
    const next = await client.get(`${PATH}?limit=10&cursor=${page.json.meta.nextCursor}`)
    expect(next.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(10, 20))
  })
})

describe('a project', () => {
  test('is shown, renamed and deleted, and every change is told', async () => {
    const id = await idOf('example.com')
    const path = `${PATH}/${id}`
    const renamed = await client.patch(path, { name: ' New  name ' })
    expect(renamed.json.data).toMatchObject({ id, name: 'New  name' })
    expect((await client.get(path)).json.data).toEqual(renamed.json.data)
    // Nothing changes, nothing is told.
    await client.patch(path, { name: 'New  name' })
    await client.patch(path, {})
    expect((await client.delete(path)).json).toEqual({ data: { id, deleted: true } })
    const events = await told()
    expect(events.map(({ projectId, data }) => [projectId, data])).toEqual(
      (
        [
          ['created', 'example.com'],
          ['scan_started', 'example.com'],
          ['updated', 'New  name'],
          ['deleted', 'New  name'],
        ] as const
      ).map(([action, name]) => [
        id,
        { action, project: { id, name, primaryDomain: 'https://example.com' } },
      ]),
    )
  })

  test('refuses names that say nothing or hide something', async () => {
    const path = `${PATH}/${await idOf('example.com')}`
    for (const name of ['', ' ', 'a'.repeat(201), 'a\u202eb', 7, null]) {
      const { status, json } = await client.patch(path, { name })
      expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'name'])
    }
    expect((await client.get(path)).json.data.name).toBe('example.com')
  })

  test('that was deleted is nowhere, its domain is free, and its row goes', async () => {
    const id = await idOf('example.com')
    await client.delete(`${PATH}/${id}`)
    for (const answer of [
      await client.get(`${PATH}/${id}`),
      await client.get(`${PATH}/${id}/status`),
      await client.patch(`${PATH}/${id}`, { name: 'X' }),
      await client.delete(`${PATH}/${id}`),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
    }
    const again = await post('example.com')
    expect([again.status, again.json.existing]).toEqual([201, false])
    expect(again.json.project.id).not.toBe(id)
    await app.services.loops.run('projects.purge')
    const { sqlite } = app.services.db
    const rows = sqlite.query<{ id: string }, []>('SELECT id FROM projects').all()
    expect(rows).toEqual([{ id: again.json.project.id }])
  })
})

describe('the status', () => {
  test('of a project whose first scan waits says so, and invents nothing', async () => {
    const { json: made } = await post('https://example.com', 'Example')
    const { status, json } = await client.get(made.links.status)
    expect(status).toBe(200)
    expect(json).toEqual({
      project: made.project,
      setup: {
        state: 'queued',
        summary: 'The first website map is queued.',
        progress: {
          label: 'Waiting to start',
          description: 'Linkstead will look at the website as soon as it is its turn.',
          pageCount: 0,
        },
        latestScan: {
          ...{ id: made.onboarding.scanRunId, status: 'queued' },
          ...{ startedAt: null, finishedAt: null },
        },
      },
      actions: { needsReview: false, summary: 'Nothing needs you.', items: [], background: 0 },
    })
  })
})
