import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { type Operation, pathOf, walk } from '../support/openapi'
import { dashboardOf } from '../support/signed-in'
import { type Inhabitant, inhabitant } from '../support/tenant-rows'

let app: TestApp
let owner: Inhabitant
let session: Client
let superadmin: Client
let asked: { operation: Operation; name: string; isFree: boolean }[]

/** Texts whose form is fixed, so that another one is rightly refused, but never as misread. */
const FORMED = ['cursor', 'after', 'timezone', 'start', 'end', 'from', 'to', 'verdict', 'logo']

beforeAll(async () => {
  app = await createTestApp()
  owner = await inhabitant(app, 'alpha')
  session = await dashboardOf(app, owner.tenant)
  superadmin = await dashboardOf(app, app.seed.owner())
  const reading = walk(app.runtime).operations.filter(({ method }) => method === 'GET')
  asked = reading.flatMap((operation) =>
    operation.parameters
      .filter(({ in: where, schema }) => where === 'query' && isText(schema))
      .map(({ name, required = false }) => {
        return { operation, name, isFree: !required && !FORMED.includes(name) }
      }),
  )
})
afterAll(() => app[Symbol.asyncDispose]())

const isText = ({ type, enum: values, format, pattern }: Record<string, unknown>): boolean =>
  type === 'string' && values === undefined && format === undefined && pattern === undefined

const clientOf = ({ access }: Operation): Client => (access === 'superadmin' ? superadmin : session)

function addressOf(operation: Operation, name: string, text: string): string {
  const values = operation.pathParameters.map((parameter): [string, string] => {
    const end = operation.path.indexOf(`{${parameter}}`) + parameter.length + 2
    return [parameter, owner.ids[operation.path.slice(0, end)] ?? 'unknown']
  })
  const url = new URL(pathOf(operation, Object.fromEntries(values)), 'http://localhost:3000')
  url.searchParams.set(name, text)
  return url.pathname + url.search
}

test.each(['a,b', 'a,,b,', '[1]', '["a","b"]', '[a', '{}', '{"a":1}', '50 % off', 'null'])(
  'a text %p in any query stays a text',
  async (text) => {
    const problems: string[] = []
    for (const { operation, name, isFree } of asked) {
      const { status, json } = await clientOf(operation).get(addressOf(operation, name, text))
      const isRefused = status === 400 && json.field === name
      const isMisread =
        isRefused && /expected|received|invalid input/i.test(json.details?.[0].message)
      // Values of a filter stand between commas: an empty one is a slip.
      const isSlip = text === 'a,,b,' && isRefused && /separated by commas/.test(json.message)
      if (status >= 500 || isMisread || (isRefused && isFree && !isSlip)) {
        problems.push(`${operation.name} ${name}: ${status} ${json?.message}`)
      }
    }
    expect(problems).toEqual([])
    expect(asked.filter(({ isFree }) => isFree).length).toBeGreaterThan(30)
  },
)

test('links are found by what has commas and brackets, and by nothing made of its parts', async () => {
  const client = app.as((await app.seed.tenant()).key())
  for (const title of ['Spring, Summer', '[1] Autumn', '{"a":1}', 'Spring']) {
    await client.post('/api/v1/links', { url: 'https://example.com', title })
  }
  for (const [q, titles] of [
    ['Spring, Summer', ['Spring, Summer']],
    ['spring,', ['Spring, Summer']],
    ['[1]', ['[1] Autumn']],
    ['{"a":1}', ['{"a":1}']],
    ['Summer,Spring', []],
  ] as const) {
    const { json } = await client.get(`/api/v1/links?q=${encodeURIComponent(q)}`)
    expect([q, json.data.map(({ title }: { title: string }) => title)]).toEqual([q, titles])
  }
})

test('a parameter given twice is refused where one value is wanted', async () => {
  for (const query of ['q=a&q=b', 'limit=1&limit=2', 'domain=a&domain=b', 'limit=[5]']) {
    const { status, json } = await owner.key.get(`/api/v1/links?${query}`)
    expect([query, status, json.field]).toEqual([query, 400, query.split('=')[0]])
  }
})
