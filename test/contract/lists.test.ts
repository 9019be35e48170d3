import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SYSTEM_ACTOR } from '../../src/core/access'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { send } from '../support/imports'
import { type Operation, pathOf, walk } from '../support/openapi'
import { dashboardOf, tokenOf } from '../support/signed-in'
import { type Inhabitant, inhabitant } from '../support/tenant-rows'

let app: TestApp
let owner: Inhabitant
let session: Client
let superadmin: Client
let lists: Operation[]

beforeAll(async () => {
  app = await createTestApp()
  owner = await inhabitant(app, 'alpha')
  for (const round of ['one', 'two']) await inhabitant(app, round)
  for (const task of ['renew', 'weekly'] as const) await app.services.schedule.run(task, 'loop')
  invoiceAgain()
  for (let nth = 0; nth < 3; nth++) {
    await owner.key.post('/api/v1/keys', { name: `Key ${nth}` })
    await owner.key.post('/api/v1/domains', { domain: `d${nth}.alpha.example` })
    await owner.key.post('/api/v1/links', { url: `https://example.com/${nth}` })
    await owner.key.post('/api/v1/projects', { domain: `p${nth}.example` })
    await owner.key.post('/api/v1/sites', { url: `https://p${nth}.example/` })
    const urls = [`http://127.0.0.1:9999/listing-${nth}`]
    const project_id = owner.ids['/api/v1/projects/{id}']
    await owner.key.post('/api/v1/backlinks', { project_id, urls })
    const job = { site_id: owner.ids['/api/v1/sites/{id}'], directory_ids: [10 + nth] }
    await owner.key.post('/api/v1/jobs', job)
    await owner.key.post('/api/v1/prompts', { text: `Question ${nth}?` })
    await owner.key.post('/api/v1/competitors', { name: `Rival ${nth}` })
    await owner.key.post('/api/v1/tracking', { platforms: ['local'] })
    for (const path of ['link_folders', 'link_tags', 'utm_templates']) {
      await owner.key.post(`/api/v1/${path}`, { name: `No ${nth}` })
    }
    await owner.key.patch(`/api/v1/links/${owner.ids['/api/v1/links/{id}']}`, { title: `${nth}` })
    const hook = { url: `http://127.0.0.1:9999/${nth}`, events: ['link.created'] }
    await owner.key.post('/api/v1/webhooks', hook)
    await owner.key.post(`/api/v1/webhooks/${owner.ids['/api/v1/webhooks/{id}']}/test`)
    const people = `/api/v1/workspaces/${owner.tenant.workspaceId}`
    await owner.person.post(`${people}/invitations`, { email: `i${nth}@a.example`, role: 'viewer' })
    const { email } = await app.seed.tenant()
    await owner.person.post(`${people}/members`, { email, role: 'viewer' })
    await owner.person.post('/api/v1/workspaces', { name: `More ${nth}` })
    await send(owner.key, 'url\nhttps://example.com/\n')
    await tellLead(`customer-${nth}`)
    app.clock.advance(1)
  }
  // So many that one page has room for all.
  const paused = 'home_url,status\nhttps://botw.org/,paused\nhttps://avvo.com/,paused\n'
  app.services.directories.import(SYSTEM_ACTOR, { csv: paused })
  session = await dashboardOf(app, owner.tenant)
  superadmin = await dashboardOf(app, app.seed.owner())
  lists = walk(app.runtime).operations.filter(
    ({ method, parameters }) => method === 'GET' && parameters.some(({ name }) => name === 'limit'),
  )
})
afterAll(() => app[Symbol.asyncDispose]())

/** Another invoice of the owner's: the first is not asked for any more, and the plan comes back. */
function invoiceAgain(): void {
  const { db, directory, billing } = app.services
  const { principal, workspaceId } = owner.tenant
  const group = directory.billingGroupOf(workspaceId) ?? ''
  db.write((tx) => billing.changePlan(tx, group, 'pro'))
  billing.subscriber.change(principal, { plan: 'agency' })
}

/** A customer who came by the owner's link. */
async function tellLead(customerExternalId: string): Promise<void> {
  const link = `/api/v1/links/${owner.ids['/api/v1/links/{id}']}`
  const { json } = await owner.key.patch(link, { trackConversions: true })
  const { headers } = await app.as().get(`/${json.data.slug}`)
  const clickId = new URL(headers.get('location') ?? '').searchParams.get('ls_id')
  await owner.key.post('/api/v1/track/leads', {
    customerExternalId,
    eventName: 'Signed up',
    clickId,
  })
}

const clientOf = ({ access }: Operation): Client => (access === 'superadmin' ? superadmin : session)

const addressOf = (operation: Operation): string => {
  const values = operation.pathParameters.map((name): [string, string] => {
    const end = operation.path.indexOf(`{${name}}`) + name.length + 2
    return [name, owner.ids[operation.path.slice(0, end)] ?? 'unknown']
  })
  return pathOf(operation, Object.fromEntries(values))
}

const ask = (operation: Operation, query: string) =>
  clientOf(operation).get(`${addressOf(operation)}?${query}`)

/** The rows of a list; an import holds its own beside what is said of it. */
const rowsOf = ({ data }: { data: Listed[] | { rows: Listed[] } }): Listed[] =>
  Array.isArray(data) ? data : data.rows

type Listed = { id?: string; key?: string; name?: string; url?: string }
const nameOf = ({ id, key, name, url }: Listed): string => String(id ?? key ?? name ?? url)

describe('every list', () => {
  test.each(['limit=0', 'limit=101', 'limit=abc', 'limit=-1', 'limit=1.5', 'limit=', 'limit=1e9'])(
    'answers 400 to %s',
    async (query) => {
      const answers: unknown[] = []
      for (const operation of lists) {
        const { status, json } = await ask(operation, query)
        if (status !== 400 || json.field !== 'limit') answers.push([operation.name, status])
      }
      expect(answers).toEqual([])
      expect(lists.length).toBeGreaterThan(8)
    },
  )

  test.each(['offset=-1', 'offset=abc', 'offset=0.5', 'cursor=abc', 'cursor=%00'])(
    'answers 400 to %s',
    async (query) => {
      const [name] = query.split('=')
      const answers: unknown[] = []
      const able = lists.filter(({ parameters }) => parameters.some((p) => p.name === name))
      for (const operation of able) {
        const { status, json } = await ask(operation, query)
        if (status !== 400 || json.field !== name) answers.push([operation.name, status])
      }
      expect(answers).toEqual([])
      expect(able.length).toBeGreaterThan(5)
    },
  )

  test('shows every row exactly once by its cursor, one row a page', async () => {
    const problems: string[] = []
    for (const operation of lists) {
      const whole = await ask(operation, 'limit=100')
      const wanted: string[] = rowsOf(whole.json).map(nameOf)
      const shown: string[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null && page <= wanted.length; page++) {
        const { json } = await ask(operation, `limit=1${cursor ? `&cursor=${cursor}` : ''}`)
        const rows = rowsOf(json)
        shown.push(...rows.map(nameOf))
        cursor = json.meta.nextCursor
        if (rows.length > 1) problems.push(`${operation.name}: ${rows.length} rows`)
      }
      if (wanted.length < 2) problems.push(`${operation.name}: too few rows to tell`)
      if (shown.join() !== wanted.join()) {
        problems.push(`${operation.name}: ${shown.length} of ${wanted.length} by cursor`)
      }
      if (cursor !== null) problems.push(`${operation.name}: never ends`)
    }
    expect(problems).toEqual([])
  })

  test('counts its rows, or says that it does not', async () => {
    const problems: string[] = []
    for (const operation of lists) {
      const { json } = await ask(operation, 'limit=100')
      const { meta } = json
      const data = rowsOf(json)
      if (meta.limit !== 100) problems.push(`${operation.name}: limit ${meta.limit}`)
      if (meta.total !== null && meta.total !== data.length) {
        problems.push(`${operation.name}: ${data.length} rows, total ${meta.total}`)
      }
      const pages = operation.parameters.some(({ name }) => name === 'offset')
      if (pages !== (meta.total !== null)) problems.push(`${operation.name}: offset and total`)
      if (!pages) continue
      const second = await ask(operation, 'limit=1&offset=1')
      if (second.json.data.map(nameOf).join() !== data.slice(1, 2).map(nameOf).join()) {
        problems.push(`${operation.name}: another row at offset 1`)
      }
    }
    expect(problems).toEqual([])
  })
})

test('a whole list goes on where it was when the last row shown is gone', async () => {
  const tenant = await app.seed.tenant()
  const client = await tokenOf(app, tenant)
  const path = `/api/v1/workspaces/${tenant.workspaceId}/invitations`
  for (const nth of [1, 2, 3]) {
    await client.post(path, { email: `invited${nth}@b.example`, role: 'viewer' })
    app.clock.advance(1)
  }
  const first = await client.get(`${path}?limit=1`)
  await client.delete(`${path}/${first.json.data[0].id}`)
  const rest = await client.get(`${path}?limit=5&cursor=${first.json.meta.nextCursor}`)
  const emails = rest.json.data.map(({ email }: { email: string }) => email)
  expect(emails).toEqual(['invited2@b.example', 'invited3@b.example'])
  expect(rest.json.meta.nextCursor).toBeNull()
})

describe('/links', () => {
  test('repeats total, limit and offset at top level, 50 by default', async () => {
    const { json } = await owner.key.get('/api/v1/links')
    expect(json).toMatchObject({ total: 4, limit: 50, offset: 0 })
    expect(json.meta).toMatchObject({ total: 4, limit: 50, offset: 0, nextCursor: null })
  })

  test.each(['newest', 'oldest'])(
    'by cursor, %s first, shows each row once while others are made',
    async (sort) => {
      const tenant = await app.seed.tenant()
      const client = app.as(tenant.key())
      const make = async (nth: number) => {
        const { json } = await client.post('/api/v1/links', { url: `https://example.com/${nth}` })
        if (nth % 3 === 0) app.clock.advance(1)
        return String(json.data.id)
      }
      const before: string[] = []
      for (let nth = 0; nth < 25; nth++) before.push(await make(nth))
      const shown: string[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page = cursor === '' ? '' : `&cursor=${cursor}`
        const { json } = await client.get(`/api/v1/links?sort=${sort}&limit=4${page}`)
        shown.push(...json.data.map(({ id }: { id: string }) => id))
        cursor = json.meta.nextCursor
        if (shown.length < 40) await make(shown.length)
      }
      expect(new Set(shown).size).toBe(shown.length)
      expect(before.filter((id) => !shown.includes(id))).toEqual([])
    },
  )

  test('refuses a cursor of another order', async () => {
    const { json } = await owner.key.get('/api/v1/links?limit=1')
    const other = await owner.key.get(`/api/v1/links?sort=oldest&cursor=${json.meta.nextCursor}`)
    expect([other.status, other.json.field]).toEqual([400, 'cursor'])
  })
})
