import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { z } from 'zod'
import { createTestApp, type TestApp } from '../support/app'
import { temporaryDirectory } from '../support/temporary-directory'

/** The conformance suite of the protocol, run as its authors ship it. */
const SUITE = join(
  import.meta.dir,
  '../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
)

const REVISIONS = ['2025-11-25', '2026-07-28'] as const
type Revision = (typeof REVISIONS)[number]

type Applying = {
  scenario: string
  revisions: readonly Revision[]
  /** Checks of it that cannot succeed here, each with its reason. */
  beyond?: Readonly<Record<string, string>>
}

const FIXTURE_TOOL = 'calls a diagnostic tool of the suite by its name'
const NO_PROMPTS = 'the server declares no prompts'
const NO_RESOURCES = 'the server declares no resources'

const APPLYING: readonly Applying[] = [
  { scenario: 'server-initialize', revisions: ['2025-11-25'] },
  { scenario: 'ping', revisions: ['2025-11-25'] },
  { scenario: 'tools-list', revisions: REVISIONS },
  { scenario: 'dns-rebinding-protection', revisions: REVISIONS },
  { scenario: 'server-sse-multiple-streams', revisions: ['2026-07-28'] },
  { scenario: 'http-header-validation', revisions: ['2026-07-28'] },
  { scenario: 'input-required-result-unsupported-methods', revisions: ['2026-07-28'] },
  { scenario: 'input-required-result-validate-input', revisions: ['2026-07-28'] },
  {
    scenario: 'server-stateless',
    revisions: ['2026-07-28'],
    beyond: {
      'sep-2575-server-rejects-undeclared-capability': FIXTURE_TOOL,
      'sep-2575-missing-capability-http-400': FIXTURE_TOOL,
      'sep-2575-http-server-no-independent-requests-on-stream': FIXTURE_TOOL,
      'sep-2575-server-no-log-without-loglevel': FIXTURE_TOOL,
    },
  },
  {
    scenario: 'caching',
    revisions: ['2026-07-28'],
    beyond: {
      'sep-2549-prompts-list-caching-hints': NO_PROMPTS,
      'sep-2549-resources-list-caching-hints': NO_RESOURCES,
      'sep-2549-resources-templates-list-caching-hints': NO_RESOURCES,
    },
  },
]

/** Why other scenarios that a revision requires of servers do not apply, by how their names begin. */
const NOT_APPLYING: readonly [RegExp, string][] = [
  [/^tools-call-/, FIXTURE_TOOL],
  [/^(resources-|sep-2164-resource-)/, NO_RESOURCES],
  [/^(prompts-|completion-)/, NO_PROMPTS],
  [/^logging-/, 'the server declares no logging'],
  [/^elicitation-/, FIXTURE_TOOL],
  [/^input-required-result-/, FIXTURE_TOOL],
  [/^json-schema-2020-12$/, FIXTURE_TOOL],
  [/^http-custom-header-/, 'no tool takes a part of its input from a header'],
  [/^server-sse-multiple-streams$/, 'in 2025 it asks for a session, and the server has none'],
]

const Checks = z.array(
  z.looseObject({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }),
)

let app: TestApp
let server: Bun.Server<undefined>
beforeAll(async () => {
  app = await createTestApp()
  const authorization = `Bearer ${app.seed.owner().key()}`
  // The suite has no credential, so the socket adds one to whatever comes in.
  server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1' },
    fetch(request, self) {
      const headers = new Headers(request.headers)
      headers.set('authorization', authorization)
      return app.runtime.handler(new Request(request, { headers }), self)
    },
  })
})
afterAll(async () => {
  await server.stop(true)
  await app[Symbol.asyncDispose]()
})

async function suite(...given: string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, '--bun', SUITE, ...given], {
    env: { ...process.env, NO_COLOR: '1' },
    stdout: 'pipe',
    stderr: 'ignore',
  })
  return await new Response(child.stdout).text()
}

/** Scenarios that a revision requires of servers. */
async function requiredBy(revision: Revision): Promise<string[]> {
  const listed = await suite('list', '--server', '--requirements', revision)
  const [, ofServers = ''] = listed.split('Server scenarios (test against a server):\n')
  const [names = ''] = ofServers.split(/\n\s*\n/)
  return [...names.matchAll(/^ {2}- (\S+)/gm)].map(([, name = '']) => name)
}

async function checksOf(scenario: string, revision: Revision) {
  using directory = temporaryDirectory()
  const url = `http://127.0.0.1:${server.port}/api/mcp`
  const chosen = ['--scenario', scenario, '--spec-version', revision]
  await suite('server', '--url', url, ...chosen, '-o', directory.path)
  const [file = 'no checks'] = new Bun.Glob('*/checks.json').scanSync(directory.path)
  return Checks.parse(await Bun.file(join(directory.path, file)).json())
}

describe.each(REVISIONS)('the conformance suite of %s', (revision) => {
  test('has no server scenario that is neither run nor explained', async () => {
    const required = await requiredBy(revision)
    const unknown = required.filter(
      (name) =>
        !APPLYING.some((one) => one.scenario === name && one.revisions.includes(revision)) &&
        !NOT_APPLYING.some(([names]) => names.test(name)),
    )
    expect(unknown).toEqual([])
    expect(required.length).toBeGreaterThan(20)
  })

  for (const { scenario, revisions, beyond = {} } of APPLYING) {
    if (!revisions.includes(revision)) continue
    test(`${scenario} succeeds`, async () => {
      const checks = await checksOf(scenario, revision)
      const missed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      const surprising = missed.filter(({ id }) => !(id in beyond))
      expect(surprising).toEqual([])
      expect(missed.map(({ id }) => id).toSorted()).toEqual(Object.keys(beyond).toSorted())
      expect(checks.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThan(0)
    })
  }
})
