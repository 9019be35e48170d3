import { afterAll, expect, test } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { type Answer, type Client, createTestApp } from '../support/app'
import { type FuzzedRequest, requestsTo } from '../support/fuzz'
import { envelopeProblems, type Operation, takesKeys, walk } from '../support/openapi'
import { dashboardOf } from '../support/signed-in'
import { type Inhabitant, inhabitant } from '../support/tenant-rows'

const REQUESTS_MIN = 5_000
/** The same requests every time; another seed is another walk. */
const SEED = 20_260_310

const app = await createTestApp({ overrides: { resolve: async () => ['127.0.0.1'] } })
const { operations, schemas } = walk(app.runtime)
const runs = Math.ceil(REQUESTS_MIN / operations.length)
let answered = 0
const seen = new Map<number, number>()
afterAll(() => app[Symbol.asyncDispose]())

const ajv = new Ajv2020({ strict: false, allErrors: false })
addFormats.default(ajv)
ajv.addSchema(JSON.parse(JSON.stringify(app.runtime.app.document())), 'openapi')

const pointer = (...path: string[]): string =>
  path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')

/** Why a body is not what the document promises for its status. */
function bodyProblems(operation: Operation, { status, headers, json, text }: Answer): string[] {
  const documented = operation.spec.responses[status]
  if (!documented) return [`${status} is not documented`]
  if (!documented.content) return text === '' ? [] : ['a body where none is documented']
  const type = headers.get('content-type')?.split(';', 1)[0] ?? 'none'
  if (!documented.content[type]) return [`${type} is not documented for ${status}`]
  if (!/[/+]json$/.test(type)) return []
  const { path, method } = operation
  const at = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type]
  const validate = ajv.getSchema(`openapi#/${pointer(...at, 'schema')}`)
  if (!validate) return [`no schema at ${at.join(' ')}`]
  return validate(json) ? [] : [`${status}: ${ajv.errorsText(validate.errors)}`]
}

function problemsOf(operation: Operation, answer: Answer): string[] {
  const { status, headers } = answer
  const problems = bodyProblems(operation, answer)
  if (status >= 500) problems.push(`${status}: ${answer.text}`)
  if (status >= 400) problems.push(...envelopeProblems(operation.path, answer))
  if (!/^req_\w+$/.test(headers.get('x-request-id') ?? '')) problems.push('no X-Request-Id')
  if (operation.path.startsWith('/api/v1/')) {
    for (const name of ['RateLimit', 'RateLimit-Policy']) {
      if (!headers.has(name)) problems.push(`${status} without ${name}`)
    }
  }
  return problems
}

/** Who calls: the best credential for the operation, a lesser one, nobody. */
async function callersOf({ access, ...operation }: Operation, owner: Inhabitant) {
  const superadmin = await dashboardOf(app, app.seed.owner())
  const session = access === 'superadmin' ? superadmin : await dashboardOf(app, owner.tenant)
  const keys = takesKeys({ access, ...operation })
  return {
    ...{ own: keys ? owner.key : session, other: keys ? session : owner.person, none: app.as() },
  } satisfies Record<FuzzedRequest['credential'], Client>
}

for (const [index, operation] of operations.entries()) {
  test(`${operation.name} answers whatever it is sent as documented`, async () => {
    app.clock.advance(1_000)
    const owner = await inhabitant(app, `fuzz${index}`)
    const callers = await callersOf(operation, owner)
    const answersWell = fc.asyncProperty(
      requestsTo(operation, schemas, owner.ids),
      async ({ credential, path, headers, body }) => {
        const answer = await callers[credential].send(operation.method, path, body, headers)
        answered += 1
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
        expect(problemsOf(operation, answer)).toEqual([])
      },
    )
    await fc.assert(answersWell, { numRuns: runs, seed: SEED + index, endOnFailure: true })
  }, 120_000)
}

test('the requests were many, and of every kind', () => {
  expect(answered).toBeGreaterThanOrEqual(REQUESTS_MIN)
  for (const status of [200, 201, 400, 401, 403, 404, 409, 413, 415]) {
    expect([status, (seen.get(status) ?? 0) > 10]).toEqual([status, true])
  }
})
