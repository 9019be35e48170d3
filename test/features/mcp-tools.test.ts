import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import { featuresNeeded, SCOPES } from '../../src/core/access'
import type { Tool } from '../../src/http/tool'
import { createTools } from '../../src/tools'
import { createTestApp, type TestApp } from '../support/app'
import { type Assistant, assistantOf } from '../support/assistant'
import { fixtureWeb, page } from '../support/fixture-web'
import { type Inhabitant, inhabitant } from '../support/tenant-rows'
import { TRIES } from '../support/tool-tries'

const LINK = '<a href="https://example.com/">Example</a>'

let app: TestApp
let web: Awaited<ReturnType<typeof fixtureWeb>>
let tools: Tool[]
let owner: Inhabitant
let stranger: Inhabitant
let listing: string
beforeAll(async () => {
  web = await fixtureWeb({ 'directory.example.net/listing': page(LINK) })
  listing = web.urlOf('directory.example.net/listing')
  app = await createTestApp({ overrides: { resolve: async () => ['127.0.0.1'] } })
  tools = inOrderOfTries(createTools(app.services))
  owner = await inhabitant(app, 'alpha')
  stranger = await inhabitant(app, 'omega')
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  web[Symbol.dispose]()
})

const givenTo = (name: string, who: Inhabitant) => TRIES[name]?.given(who, listing) ?? {}
const TRIED = Object.keys(TRIES)
const inOrderOfTries = (all: readonly Tool[]): Tool[] =>
  all.toSorted((a, b) => TRIED.indexOf(a.name) - TRIED.indexOf(b.name))
const scopesOf = ({ access }: Tool): string[] => [access.scope].flat()

/** What each tool answers to an assistant, by name. */
async function answersOf(assistant: Assistant, chosen: readonly Tool[], who = owner) {
  const answers: [Tool, Awaited<ReturnType<Assistant['tell']>>][] = []
  for (const tool of chosen) {
    answers.push([tool, await assistant.tell(tool.name, givenTo(tool.name, who))])
  }
  return answers
}

describe('the tools', () => {
  test('have each a name of their own, an entry in TRIES, and words for models', () => {
    expect(tools.map(({ name }) => name).toSorted()).toEqual(Object.keys(TRIES).toSorted())
    for (const { name, title, description } of tools) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/)
      expect([name, title.length > 5, /\.$/.test(description)]).toEqual([name, true, true])
    }
  })

  test('are shown with their scope’s effect, and with schemas that stand by themselves', async () => {
    await using assistant = await assistantOf(app, owner.tenant.key())
    const shown = await assistant.client.listTools()
    expect(shown.tools).toHaveLength(tools.length)
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false })
    addFormats.default(ajv)
    for (const { inputSchema, outputSchema, annotations, name } of shown.tools) {
      const tool = tools.find((one) => one.name === name)
      const reads = tool?.effect === 'reads'
      expect([name, scopesOf(tool as Tool).every((scope) => scope.endsWith(':read'))]).toEqual([
        name,
        reads,
      ])
      expect(annotations?.readOnlyHint).toBe(reads)
      expect(annotations?.destructiveHint).toBe(tool?.effect === 'changes')
      expect(annotations?.openWorldHint).toBe(name === 'backlinks_check')
      const accepts = ajv.compile(inputSchema)
      expect([name, accepts(givenTo(name, owner)), accepts.errors]).toEqual([name, true, null])
      expect(Object.keys(inputSchema.properties ?? {})).toContain('workspace_id')
      expect(outputSchema?.type).toBe('object')
    }
  })
})

describe('the official client', () => {
  // It checks what each tool answers by the schema that the tool was listed with.
  test.each(['legacy', 'auto'] as const)('calls every tool (%s)', async (era) => {
    const who = await inhabitant(app, era)
    await using assistant = await assistantOf(app, who.tenant.key(), era)
    const revision = assistant.client.getNegotiatedProtocolVersion()
    expect(revision).toBe(era === 'legacy' ? '2025-11-25' : '2026-07-28')
    await assistant.client.listTools()
    const answers = await answersOf(assistant, tools, who)
    const refused = answers.filter(([, { isError }]) => isError)
    expect(refused.map(([{ name }, { result }]) => [name, result.message])).toEqual([])
    expect(answers.length).toBe(tools.length)
  })

  test('reads what the routes answer', async () => {
    await using assistant = await assistantOf(app, owner.tenant.key())
    const reading = tools.filter(({ name }) => TRIES[name]?.route)
    for (const [{ name }, { result }] of await answersOf(assistant, reading)) {
      const path = TRIES[name]?.route?.(owner)
      const { status, json } = await owner.key.get(`/api/v1${path}`)
      expect([name, status]).toEqual([name, 200])
      // A list without pages has only its rows.
      expect(json).toMatchObject(result)
    }
    expect(reading.length).toBeGreaterThan(12)
  })

  test('gets evidence of a page that links', async () => {
    await using assistant = await assistantOf(app, owner.tenant.key())
    const { result } = await assistant.tell('backlinks_check', givenTo('backlinks_check', owner))
    expect(result).toMatchObject({
      ...{ domain: 'example.com', checked: 1, summary: { withLink: 1, dofollow: 1 } },
      results: [{ url: listing, hasLink: true, verdict: 'live' }],
    })
  })
})

describe('every tool', () => {
  test('is refused to a key that has every scope but its own, which does not see it', async () => {
    const problems: string[] = []
    for (const tool of tools) {
      const others = SCOPES.filter((scope) => !scopesOf(tool).includes(scope))
      await using assistant = await assistantOf(app, owner.tenant.key(...others))
      const [[, { isError, result }] = [tool, { isError: false, result: {} }]] = await answersOf(
        assistant,
        [tool],
      )
      if (!isError || result.code !== 'forbidden') problems.push(`${tool.name}: ${result.code}`)
      const shown = (await assistant.client.listTools()).tools.map(({ name }) => name)
      if (shown.includes(tool.name)) problems.push(`${tool.name} is shown`)
    }
    expect(problems).toEqual([])
  })

  test('asks for the feature of the plan that its route asks for', async () => {
    const free = await app.seed.tenant({ plan: 'free' })
    const paid = tools.filter(({ access }) => featuresNeeded(access, { keyId: 'key' }).length > 0)
    await using assistant = await assistantOf(app, free.key())
    for (const [{ name, access }, { result }] of await answersOf(assistant, paid)) {
      const [feature] = featuresNeeded(access, { keyId: 'key' })
      expect([name, result]).toEqual([
        name,
        expect.objectContaining({ code: 'plan_feature_required', feature }),
      ])
    }
    expect(paid.length).toBeGreaterThan(3)
  })

  test('knows nothing of another tenant’s rows', async () => {
    await using assistant = await assistantOf(app, stranger.tenant.key())
    const ids: unknown[] = Object.values(owner.ids).filter((id) => /^[a-z]+_/.test(id))
    const onRows = tools.filter(({ name }) =>
      Object.values(givenTo(name, owner)).some((value) => ids.includes(value)),
    )
    for (const [{ name }, { result }] of await answersOf(assistant, onRows)) {
      expect([name, result.code]).toEqual([name, 'not_found'])
    }
    expect(onRows.length).toBeGreaterThan(4)
    const lists = tools.filter((tool) => tool.effect === 'reads' && !onRows.includes(tool))
    for (const [{ name }, answer] of await answersOf(assistant, lists, stranger)) {
      expect([name, JSON.stringify(answer.result).includes(owner.mark)]).toEqual([name, false])
    }
  })

  test('that writes does so once for an Idempotency-Key', async () => {
    const who = await inhabitant(app, 'once')
    const writing = tools.filter(({ effect }) => effect !== 'reads')
    for (const { name } of writing) {
      const call = (id: number) =>
        who.key.post(
          '/api/mcp',
          {
            ...{ jsonrpc: '2.0', id, method: 'tools/call' },
            params: { name, arguments: givenTo(name, who) },
          },
          { 'idempotency-key': name },
        )
      const [first, second] = [await call(1), await call(2)]
      expect([name, first.json.result.isError, second.json.result]).toEqual([
        ...[name, undefined, first.json.result],
      ])
      expect(second.headers.get('idempotency-replayed')).toBe('true')
    }
    expect(writing.length).toBeGreaterThan(3)
  })
})
