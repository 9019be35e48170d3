import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { formOf } from '../support/imports'
import {
  isSecured,
  type Operation,
  pathOf,
  takesKeys,
  takesTokens,
  type Walk,
  walk,
} from '../support/openapi'
import { exampleOf } from '../support/schema-values'
import { dashboardOf } from '../support/signed-in'
import { type Inhabitant, inhabitant, ROWS } from '../support/tenant-rows'

let app: TestApp
let document: Walk
let owner: Inhabitant
let stranger: Inhabitant
let credentials: Record<'key' | 'token' | 'session', Client>

beforeAll(async () => {
  app = await createTestApp()
  document = walk(app.runtime)
  owner = await inhabitant(app, 'alpha')
  stranger = await inhabitant(app, 'bravo')
  const session = await dashboardOf(app, stranger.tenant)
  credentials = { key: stranger.key, token: stranger.person, session }
  for (const client of Object.values(credentials)) await client.get('/api/v1/users/me')
})
afterAll(() => app[Symbol.asyncDispose]())

/** `/api/v1/a/{id}/b/{other}` → `/api/v1/a/{id}`, `/api/v1/a/{id}/b/{other}`. */
const templatesOf = ({ path, pathParameters }: Operation): string[] =>
  pathParameters.map((name) => path.slice(0, path.indexOf(`{${name}}`) + name.length + 2))

/** Operations on rows, with how each of their parameters is found. */
const onRows = (): Operation[] =>
  document.operations.filter((operation) => operation.pathParameters.length > 0)

/** The parameters of a path: the first ones of `parent`, the last of `last`. */
function valuesOf(operation: Operation, parent: Inhabitant, last: Inhabitant) {
  const templates = templatesOf(operation)
  return Object.fromEntries(
    templates.map((template, index) => {
      const { ids } = index === templates.length - 1 ? last : parent
      return [operation.pathParameters[index] ?? '', ids[template] ?? 'unknown']
    }),
  )
}

const bodyOf = ({ method, body }: Operation): Record<string, unknown> | undefined => {
  if (method === 'GET' || method === 'DELETE') return undefined
  const example = body ? exampleOf(body, document.schemas) : {}
  return { ...(example as Record<string, unknown>) }
}

/** Sends what an operation takes: JSON, or a form with a file. */
async function call(client: Client, operation: Operation, path: string, headers = {}) {
  if (!operation.takesForm) {
    return client.send(operation.method, path, bodyOf(operation), headers)
  }
  const form = await formOf('url\nhttps://example.com/\n', { source: 'csv' })
  return client.send(operation.method, path, form.body, { ...headers, ...form.headers })
}

/** Everything that is stored, table by table. */
function stored(): Record<string, unknown[]> {
  const { sqlite } = app.services.db
  const tables = sqlite
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
  return Object.fromEntries(
    tables.map(({ name }) => [name, sqlite.query<object, []>(`SELECT * FROM "${name}"`).all()]),
  )
}

/** For whoever operates the server: of no workspace. */
const isOperating = ({ access }: Pick<Operation, 'access'>): boolean =>
  access === 'superadmin' || access === 'operator'

/** What contract §1 lets a stranger know: nothing of the row, or that this is not for them. */
function expected({ access, ...operation }: Operation, kind: keyof typeof credentials): number {
  const personal = typeof access === 'object' && !('scope' in access)
  const refused =
    isOperating({ access }) ||
    (personal && kind === 'key') ||
    (personal && 'session' in access && kind !== 'session')
  if (refused) return 403
  const last = templatesOf({ access, ...operation }).at(-1) ?? ''
  return ROWS[last]?.refusal ?? 404
}

describe('another tenant', () => {
  test('every path parameter has a row to try it with', () => {
    const unknown = onRows()
      .flatMap(templatesOf)
      .filter((template) => !ROWS[template])
      .map((template) => `Add how to make a row of ${template} to ROWS in tenant-rows.ts.`)
    expect([...new Set(unknown)]).toEqual([])
  })

  async function drive(chosen: Operation[], parent: Inhabitant) {
    const problems: string[] = []
    for (const operation of chosen) {
      for (const kind of ['key', 'token', 'session'] as const) {
        const path = pathOf(operation, valuesOf(operation, parent, owner))
        const answer = await call(credentials[kind], operation, path)
        const status = expected(operation, kind)
        if (answer.status !== status) {
          problems.push(`${operation.name} as ${kind}: ${answer.status}, not ${status}`)
        }
        const leak = [owner.mark, ...Object.values(owner.ids)].find(
          (word) => word !== owner.ids['/api/v1/admin/plans/{id}'] && answer.text.includes(word),
        )
        if (leak && !path.includes(leak)) problems.push(`${operation.name} as ${kind}: "${leak}"`)
      }
    }
    return problems
  }

  test('gets 404 for every operation on every row, and changes nothing', async () => {
    const secured = onRows().filter(isSecured)
    const before = stored()
    expect(await drive(secured, owner)).toEqual([])
    expect(stored()).toEqual(before)
    expect(secured.length).toBeGreaterThan(20)
  })

  test('cannot reach a row through a parent of their own', async () => {
    const nested = onRows().filter((o) => isSecured(o) && o.pathParameters.length > 1)
    const before = stored()
    expect(await drive(nested, stranger)).toEqual([])
    expect(stored()).toEqual(before)
    expect(nested.length).toBeGreaterThan(2)
  })

  test('sees nothing of it in any list of their own', async () => {
    const problems: string[] = []
    const reads = document.operations.filter(
      (o) => o.method === 'GET' && isSecured(o) && !isOperating(o),
    )
    for (const operation of reads) {
      const path = pathOf(operation, valuesOf(operation, stranger, stranger))
      const { status } = await credentials.session.get(path)
      if (status !== 200) problems.push(`${operation.name}: ${status} for one's own`)
      for (const client of Object.values(credentials)) {
        const { text } = await client.get(path)
        if (text.includes(owner.mark)) problems.push(`${operation.name} shows another's row`)
      }
    }
    expect(problems).toEqual([])
    expect(reads.length).toBeGreaterThan(15)
  })

  test('while the owner finds each row in its list', async () => {
    const session = await dashboardOf(app, owner.tenant)
    const missing: string[] = []
    const lists = document.operations.filter(
      ({ method, path, access }) =>
        method === 'GET' &&
        !isOperating({ access }) &&
        Object.keys(ROWS).some(
          (t) => t.startsWith(`${path}/{`) && !t.slice(path.length + 2).includes('/'),
        ),
    )
    for (const operation of lists) {
      const client = takesKeys(operation) ? owner.key : session
      const template = Object.keys(ROWS).find((t) => t.startsWith(`${operation.path}/{`)) ?? ''
      const path = pathOf(operation, valuesOf(operation, owner, owner))
      const { text } = await client.get(`${path}?limit=100`)
      if (!text.includes(owner.ids[template] ?? 'nothing')) missing.push(operation.name)
    }
    expect(missing).toEqual([])
    expect(lists.length).toBeGreaterThan(5)
  })
})

describe('naming the workspace of another tenant', () => {
  /** Operations whose workspace is chosen by header, query or body. */
  const selecting = (): Operation[] =>
    document.operations.filter(
      ({ access }) =>
        access !== 'public' &&
        !isOperating({ access }) &&
        !(typeof access === 'object' && access.workspace !== undefined),
    )

  async function name(
    how: string,
    chosen: (operation: Operation) => boolean,
    send: (operation: Operation, client: Client, path: string) => ReturnType<Client['send']>,
  ) {
    const problems: string[] = []
    const walked = selecting().filter(chosen)
    const before = stored()
    for (const operation of walked) {
      const kinds: Client[] = takesKeys(operation)
        ? [credentials.key, credentials.token]
        : [takesTokens(operation) ? credentials.token : credentials.session]
      for (const client of kinds) {
        const own = pathOf(operation, valuesOf(operation, stranger, stranger))
        const { status } = await send(operation, client, own)
        if (status !== 404) problems.push(`${operation.name} with ${how}: ${status}`)
      }
    }
    expect(problems).toEqual([])
    expect(stored()).toEqual(before)
    expect(walked.length).toBeGreaterThan(5)
  }

  test('in X-Workspace-Id is 404', async () => {
    const header = { 'x-workspace-id': owner.tenant.workspaceId }
    await name(
      'X-Workspace-Id',
      () => true,
      (operation, client, path) => call(client, operation, path, header),
    )
  })

  test('in the query is 404', async () => {
    const query = `workspace_id=${owner.tenant.workspaceId}`
    await name(
      'a query',
      () => true,
      (operation, client, path) =>
        call(client, operation, `${path}${path.includes('?') ? '&' : '?'}${query}`),
    )
  })

  test('in the body is 404', async () => {
    const named = { workspace_id: owner.tenant.workspaceId }
    // A form is received once its workspace is known.
    const sends = ({ method, takesForm }: Operation): boolean =>
      ['POST', 'PATCH'].includes(method) && !takesForm
    await name('a body', sends, (operation, client, path) =>
      client.send(operation.method, path, { ...bodyOf(operation), ...named }),
    )
  })
})
