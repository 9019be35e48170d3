import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Access } from '../src/core/access'
import { RESOURCES } from '../src/core/access'
import { createTestApp, type TestApp } from './support/app'
import {
  envelopeProblems,
  isSecured,
  type Operation,
  pathOf,
  takesKeys,
  walk,
} from './support/openapi'
import { temporaryDirectory } from './support/temporary-directory'

let app: TestApp
let operations: Operation[]
let routes: string[]
beforeAll(async () => {
  app = await createTestApp()
  ;({ operations, routes } = walk(app.runtime))
})
afterAll(() => app[Symbol.asyncDispose]())

/** Names of the operations that break a rule, with what they lack. */
const breaking = (rule: (operation: Operation) => string | false | undefined): string[] =>
  operations.flatMap((operation) => {
    const problem = rule(operation)
    return problem ? [`${operation.name}: ${problem}`] : []
  })

const statusesOf = ({ spec }: Operation): string[] => Object.keys(spec.responses)

describe('the document', () => {
  test('holds every route under /api, and nothing else', () => {
    const served = routes.filter((name) => name.includes(' /api/'))
    expect(operations.map(({ name }) => name).toSorted()).toEqual(served.toSorted())
    expect(operations.length).toBeGreaterThan(50)
  })

  test('is served as it is', async () => {
    const answer = await app.as().get('/api/v1/openapi.json')
    expect(answer.json).toEqual(JSON.parse(JSON.stringify(app.runtime.app.document())))
    expect(answer.json.openapi).toBe('3.1.0')
  })

  test('has a summary, tags and security for every operation', () => {
    const missing = breaking(({ spec: { summary, tags, security } }) => {
      if (!summary) return 'no summary'
      if (!tags?.length) return 'no tags'
      return security === undefined && 'no security'
    })
    expect(missing).toEqual([])
  })

  test('has a schema for every success but 204, and 202 without content', () => {
    const bare = breaking((operation) => {
      const successes = Object.entries(operation.spec.responses).filter(([status]) =>
        status.startsWith('2'),
      )
      if (successes.length === 0) return 'no 2xx'
      const unknown = successes.filter(
        ([status, { content }]) =>
          status !== '204' && !Object.values(content ?? {}).every(({ schema }) => schema),
      )
      const empty = successes.filter(
        ([status, { content }]) => !/^20[24]$/.test(status) && !content,
      )
      return [...unknown, ...empty].map(([status]) => `no schema for ${status}`).join()
    })
    expect(bare).toEqual([])
  })

  test('has the refusals of every operation: 4xx and 429, 401 and 403 where secured', () => {
    const silent = breaking((operation) => {
      const statuses = statusesOf(operation)
      const wanted = ['400', '429', ...(isSecured(operation) ? ['401', '403'] : [])]
      if (operation.pathParameters.length > 0 && operation.access !== 'public') wanted.push('404')
      if (operation.body) wanted.push('413', '415')
      return wanted.filter((status) => !statuses.includes(status)).join()
    })
    expect(silent).toEqual([])
  })

  test('names every operation once', () => {
    const ids = operations.map(({ spec }) => spec.operationId)
    expect(ids.filter((id, index) => !id || ids.indexOf(id) !== index)).toEqual([])
  })

  test('names the scopes that exist, and every parameter of a path', () => {
    const wrong = breaking(({ spec, parameters, pathParameters }) => {
      const scopes = spec['x-required-scopes'] ?? []
      const unknown = scopes.filter(
        (scope) => !RESOURCES.some((r) => scope === `${r}:read` || scope === `${r}:write`),
      )
      const declared = parameters.filter((p) => p.in === 'path').map(({ name }) => name)
      if (unknown.length > 0) return `unknown scope ${unknown}`
      return declared.toSorted().join() !== pathParameters.toSorted().join() && 'its parameters'
    })
    expect(wrong).toEqual([])
  })

  test('has the Idempotency-Key of every POST that a key may send', () => {
    const without = breaking(
      (operation) =>
        operation.method === 'POST' &&
        takesKeys(operation) &&
        !operation.parameters.some((p) => p.in === 'header' && p.name === 'Idempotency-Key') &&
        'no Idempotency-Key',
    )
    expect(without).toEqual([])
  })
})

/** Bodies that must not be looked at before the caller is known. */
const BODIES: [string, string, string][] = [
  ['JSON', '{}', 'application/json'],
  ['malformed JSON', '{"url":', 'application/json'],
  ['XML', '<url/>', 'application/xml'],
  ['a form', 'url=x', 'application/x-www-form-urlencoded'],
]

/** Asks an operation for a row that is nowhere. */
function ask(operation: Operation, client: ReturnType<TestApp['as']>, [, text, type]: string[]) {
  const nowhere = Object.fromEntries(operation.pathParameters.map((name) => [name, 'nowhere_1']))
  const body = operation.method === 'GET' ? undefined : text
  return client.send(operation.method, pathOf(operation, nowhere), body, {
    'content-type': type ?? '',
  })
}

const scopesOf = (access: Access): string[] =>
  typeof access === 'object' && 'scope' in access ? [access.scope].flat() : []

describe('every secured operation', () => {
  async function refusals(
    credential: (operation: Operation) => string | undefined,
    chosen: (operation: Operation) => boolean,
    status: number,
    code: string,
  ): Promise<{ asked: number; problems: string[] }> {
    const problems: string[] = []
    const walked = operations.filter(chosen)
    for (const operation of walked) {
      const client = app.as(credential(operation))
      for (const body of BODIES) {
        const answer = await ask(operation, client, body)
        const wrong = envelopeProblems(operation.path, answer)
        if (answer.status !== status) wrong.push(`answers ${answer.status}`)
        if (answer.json?.code !== code) wrong.push(`code ${answer.json?.code}`)
        problems.push(...wrong.map((problem) => `${operation.name} with ${body[0]}: ${problem}`))
      }
    }
    return { asked: walked.length, problems }
  }

  test('answers 401 without a credential, whatever the body', async () => {
    const { asked, problems } = await refusals(() => undefined, isSecured, 401, 'unauthorized')
    expect(problems).toEqual([])
    expect(asked).toBeGreaterThan(40)
  })

  test('answers 401 with a key that does not exist', async () => {
    const key = `ls_sk_${'x'.repeat(43)}`
    const { problems } = await refusals(() => key, isSecured, 401, 'unauthorized')
    expect(problems).toEqual([])
  })

  test('answers 403 with a key that lacks its scope and has every other', async () => {
    const owner = app.seed.owner()
    const all = RESOURCES.flatMap((name) => [`${name}:read`, `${name}:write`])
    const lacking = ({ access }: Operation): string => {
      const needed = scopesOf(access)
      return owner.key(...all.filter((scope) => !needed.includes(scope)))
    }
    const scoped = ({ access }: Operation): boolean => scopesOf(access).length > 0
    const { asked, problems } = await refusals(lacking, scoped, 403, 'forbidden')
    expect(problems).toEqual([])
    expect(asked).toBeGreaterThan(25)
  })

  test('answers 403 with a key of all scopes where only people are let in', async () => {
    const key = app.seed.owner().key('*')
    const personal = (operation: Operation): boolean =>
      isSecured(operation) && !takesKeys(operation)
    const { asked, problems } = await refusals(() => key, personal, 403, 'forbidden')
    expect(problems).toEqual([])
    expect(asked).toBeGreaterThan(10)
  })

  test('documents the scopes that it enforces', () => {
    const wrong = breaking(
      ({ spec, access }) =>
        (spec['x-required-scopes'] ?? []).join() !== scopesOf(access).join() && 'other scopes',
    )
    expect(wrong).toEqual([])
  })
})

test('redocly lints the document without a word, by its strictest rules', async () => {
  using directory = temporaryDirectory()
  const file = directory.file('openapi.json')
  writeFileSync(file, JSON.stringify(app.runtime.app.document()))
  const cli = join(import.meta.dir, '../node_modules/@redocly/cli/bin/cli.js')
  const child = Bun.spawn(
    [process.execPath, '--bun', cli, 'lint', '--extends', 'recommended-strict', file],
    {
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      stdout: 'pipe',
      stderr: 'pipe',
    },
  )
  const [out, complaints] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  expect(out + complaints).toContain('Your API description is valid')
  expect(await child.exited).toBe(0)
}, 120_000)
