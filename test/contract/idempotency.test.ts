import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, createTestApp, type TestApp } from '../support/app'
import { formOf } from '../support/imports'
import { isSecured, type Operation, pathOf, takesKeys, walk } from '../support/openapi'
import { OWNER } from '../support/owner'
import { exampleOf } from '../support/schema-values'
import { inhabitant } from '../support/tenant-rows'

/** Whether any file of the data directory holds the text as it is. */
const isStoredPlainly = ({ dataDir }: TestApp, text: string): boolean =>
  readdirSync(dataDir, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some(({ name }) => readFileSync(join(dataDir, name)).includes(text))

/** What an attempt answers with a key of its own, and what its repetition does. */
const CASES = [
  { path: '/links', body: { url: 'https://example.com/a' }, other: { url: 'https://b.example' } },
  { path: '/keys', body: { name: 'Robot' }, other: { name: 'Other robot' } },
  { path: '/api-keys', body: { name: 'Robot' }, other: { name: 'Other robot' } },
  { path: '/workspaces', body: { name: 'Client' }, other: { name: 'Other client' } },
  {
    path: '/webhooks',
    body: { url: 'http://127.0.0.1:9999/hook', events: ['link.created'] },
    other: { url: 'http://127.0.0.1:9999/other', events: ['link.created'] },
  },
]

async function callerIn(app: TestApp, path: string) {
  const person = await inhabitant(app, 'alpha')
  // A workspace is made by a person: a workspace's own key belongs to the one it has.
  return path === '/workspaces' ? person.person : person.key
}

const countOf = (list: Answer): number => list.json.data.length

test.each(CASES)('POST $path with an Idempotency-Key is done once', async ({ path, ...sent }) => {
  await using app = await createTestApp()
  const client = await callerIn(app, path)
  const once = (body: object, key = 'retry-1') =>
    client.post(`/api/v1${path}`, body, { 'idempotency-key': key })
  const first = await once(sent.body)
  const [before, again, other, after] = [
    await client.get(`/api/v1${path}`),
    await once(sent.body),
    await once(sent.other),
    await client.get(`/api/v1${path}`),
  ]
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null])
  expect([again.status, again.json]).toEqual([201, first.json])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect([other.status, other.json.code]).toEqual([409, 'idempotency_mismatch'])
  expect(countOf(after)).toBe(countOf(before))
  const fresh = await once(sent.body, 'retry-2')
  expect(fresh.json.data.id).not.toBe(first.json.data.id)
})

test.each(CASES)('POST $path answers the same after a crash', async ({ path, body }) => {
  await using app = await createTestApp()
  const { token } = (await app.as().post('/api/auth/token', OWNER)).json
  const tries = { 'idempotency-key': 'before the crash' }
  const first = await app.as(token).post(`/api/v1${path}`, body, tries)
  await using next = await createTestApp({ from: app.dataDir })
  const again = await next.as(token).post(`/api/v1${path}`, body, tries)
  expect([again.status, again.json]).toEqual([201, first.json])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
})

test.each(['/keys', '/webhooks'])('the secret in a stored answer of %s is sealed', async (path) => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const body = CASES.find((one) => one.path === path)?.body
  const tries = { 'idempotency-key': 'sealed' }
  const { data } = (await client.post(`/api/v1${path}`, body, tries)).json
  const secret = String(data.key ?? data.secret)
  expect(secret.length).toBeGreaterThan(30)
  expect(isStoredPlainly(app, data.id)).toBe(true)
  expect(isStoredPlainly(app, secret)).toBe(false)
  expect(isStoredPlainly(app, secret.replace(/^(ls_sk|whsec)_/, ''))).toBe(false)
})

test('keys of different callers and paths are apart, and forgotten after a day', async () => {
  await using app = await createTestApp()
  const owner = app.seed.owner()
  const client = app.as(owner.key())
  const tries = { 'idempotency-key': 'same' }
  const link = { url: 'https://example.com' }
  const first = await client.post('/api/v1/links', link, tries)
  const others = [
    await app.as(owner.key()).post('/api/v1/links', link, tries),
    await client.post('/api/v1/keys', { name: 'x' }, tries),
  ]
  expect(others.map((one) => [one.status, one.headers.get('idempotency-replayed')])).toEqual([
    [201, null],
    [201, null],
  ])
  const slashed = await client.post('/api/v1/links/', link, tries)
  expect(slashed.json).toEqual(first.json)
  app.clock.advance(24 * 3_600_000 + 1)
  const later = await client.post('/api/v1/links', link, tries)
  expect([later.status, later.headers.get('idempotency-replayed')]).toEqual([201, null])
})

test('a refused request leaves its key free', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const tries = { 'idempotency-key': 'free' }
  expect((await client.post('/api/v1/links', { url: 'no' }, tries)).status).toBe(400)
  expect((await client.post('/api/v1/links', '{', tries)).status).toBe(400)
  const made = await client.post('/api/v1/links', { url: 'https://example.com' }, tries)
  expect([made.status, made.headers.get('idempotency-replayed')]).toEqual([201, null])
})

/** Whether a POST must be repeatable (contract §1: all but signing in and second factors). */
const isRepeatable = ({ method, path, ...rest }: Operation): boolean =>
  method === 'POST' &&
  isSecured({ method, path, ...rest }) &&
  takesKeys({ method, path, ...rest }) &&
  path.startsWith('/api/v1/') &&
  !path.startsWith('/api/v1/auth/') &&
  !path.includes('/2fa/')

const FORM = { source: 'csv' }

/** Rows that bodies name, by the path of their kind. */
const NAMED = { site_id: '/api/v1/sites/{id}', project_id: '/api/v1/projects/{id}' }

/** A body that names rows of its sender's. */
function ownBody(body: unknown, { ids }: { ids: Record<string, string> }): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body
  const named = Object.entries(NAMED).filter(([field]) => Object.hasOwn(body, field))
  return { ...body, ...Object.fromEntries(named.map(([field, path]) => [field, ids[path]])) }
}

test('every POST that a key may send replays its answer', async () => {
  await using app = await createTestApp()
  const { operations, schemas } = walk(app.runtime)
  const problems: string[] = []
  const walked = operations.filter(isRepeatable)
  for (const [index, operation] of walked.entries()) {
    app.clock.advance(1_000)
    const owner = await inhabitant(app, `repeat${index}`)
    const ids = operation.pathParameters.map((name): [string, string] => {
      const end = operation.path.indexOf(`{${name}}`) + name.length + 2
      return [name, owner.ids[operation.path.slice(0, end)] ?? 'unknown']
    })
    const known = CASES.find(({ path }) => operation.path === `/api/v1${path}`)?.body
    const example = operation.body ? exampleOf(operation.body, schemas) : undefined
    const body = known ?? ownBody(example, owner)
    const form = operation.takesForm ? await formOf('url\nhttps://a.example/\n', FORM) : undefined
    const send = () =>
      owner.person.post(pathOf(operation, Object.fromEntries(ids)), form?.body ?? body, {
        ...{ 'idempotency-key': 'walk', ...form?.headers },
      })
    const [first, second] = [await send(), await send()]
    if (first.status > 299) problems.push(`${operation.name}: ${first.text}`)
    if (second.headers.get('idempotency-replayed') !== 'true') problems.push(operation.name)
    if (second.text !== first.text) problems.push(`${operation.name} answers something else`)
  }
  expect(problems).toEqual([])
  expect(walked.length).toBeGreaterThan(5)
})
