import { cpSync, mkdirSync } from 'node:fs'
import { compose, type Runtime } from '../../src/compose'
import { readConfig } from '../../src/config'
import type { Overrides } from '../../src/overrides'
import { createLogger } from '../../src/platform/logger'
import { createTestClock, type TestClock } from './clock'
import { OWNER } from './owner'
import { createSeed } from './seed'
import { temporaryDirectory } from './temporary-directory'

export type Answer = {
  status: number
  headers: Headers
  /** The body as JSON, or undefined when it is none. Tests look into it freely. */
  // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
  json: any
  text: string
}

type Body = unknown
type Headers_ = Record<string, string>

/** Requests with one credential. */
export type Client = {
  get(path: string, headers?: Headers_): Promise<Answer>
  post(path: string, body?: Body, headers?: Headers_): Promise<Answer>
  patch(path: string, body?: Body, headers?: Headers_): Promise<Answer>
  delete(path: string, headers?: Headers_): Promise<Answer>
  send(method: string, path: string, body?: Body, headers?: Headers_): Promise<Answer>
}

export type TestApp = AsyncDisposable & {
  runtime: Runtime
  services: Runtime['services']
  clock: TestClock
  dataDir: string
  /** A client with a key, an access token (`eyJ…`) or other headers; none at all without. */
  as(credential?: string | Headers_): Client
  /** Everything due is done: clicks counted, webhooks and mails sent. */
  drain(): Promise<void>
  seed: Seed
}

type Seed = ReturnType<typeof createSeed>

export type TestAppOptions = {
  env?: Record<string, string>
  overrides?: Overrides
  /** Start from an empty directory instead of the one with {@link OWNER}. */
  empty?: boolean
  /** Start from a copy of this directory, as it lies there: what a crash leaves. */
  from?: string
}

export const BASE_ENV = {
  APP_SECRET: 'a secret of the tests, long enough to be one',
  LOG_LEVEL: 'silent',
  PUBLIC_URL: 'http://localhost:3000',
  OUTBOUND_ALLOW: '127.0.0.0/8',
  RATE_LIMITS: 'off',
  CRON: 'off',
  // An engine that nobody answers for: no test asks it.
  LOCAL_AI_URL: 'http://127.0.0.1:9/v1',
  LOCAL_AI_MODEL: 'nobody',
}

const nothing = async () => ({ verdict: 'missing' as const, values: [] })

/** No name has any record, unless a test brings servers of its own. */
const NO_DNS = { txt: nothing, cname: nothing, a: nothing, aaaa: nothing }

/** Weak on purpose: a suite that hashes hundreds of passwords must not wait for each. */
const PASSWORD_COST = { memoryKib: 64, passes: 1 }

let template: Promise<string> | undefined

/** A data directory as the first start leaves it, made once per test process and copied after. */
function templateDirectory(): Promise<string> {
  template ??= (async () => {
    const directory = temporaryDirectory()
    process.on('exit', () => directory[Symbol.dispose]())
    const env = { ADMIN_EMAIL: OWNER.email, ADMIN_PASSWORD: OWNER.password }
    const runtime = composeAt(directory.path, createTestClock(), { env })
    await runtime.firstStart()
    await runtime.stop(1_000)
    return directory.path
  })()
  return template
}

const composeAt = (dataDir: string, clock: TestClock, { env, overrides }: TestAppOptions) =>
  compose(readConfig({ ...BASE_ENV, DATA_DIR: dataDir, ...env }), {
    clock,
    logger: createLogger('silent'),
    passwordCost: PASSWORD_COST,
    inThread: true,
    ...(env?.DNS_SERVERS ? {} : { dns: NO_DNS }),
    ...overrides,
  })

/** A whole server on a database of its own, without sockets, Workers or timers. */
export async function createTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const directory = temporaryDirectory()
  const dataDir = directory.file('data')
  if (options.empty) mkdirSync(dataDir)
  else cpSync(options.from ?? (await templateDirectory()), dataDir, { recursive: true })
  const clock = createTestClock()
  const runtime = composeAt(dataDir, clock, options)
  const app = { runtime, services: runtime.services, clock, dataDir }
  return {
    ...app,
    as: (credential) => createClient(runtime, credential),
    drain: () => runtime.drain(),
    seed: createSeed(runtime.services),
    async [Symbol.asyncDispose]() {
      await runtime.stop(1_000)
      directory[Symbol.dispose]()
    },
  }
}

function headersOf(credential: string | Headers_ | undefined): Headers_ {
  if (credential === undefined) return {}
  if (typeof credential !== 'string') return credential
  return { authorization: `Bearer ${credential}` }
}

/** The address that test requests come from unless a test says otherwise. */
const PEER = { requestIP: () => ({ address: '203.0.113.9' }) }

/** The whole body; of a stream that never ends by itself its first words. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text()
  const reader = response.body?.getReader()
  const first = await reader?.read()
  await reader?.cancel()
  return new TextDecoder().decode(first?.value)
}

function createClient(runtime: Runtime, credential: string | Headers_ | undefined): Client {
  async function send(method: string, path: string, body?: Body, headers: Headers_ = {}) {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined
    const request = new Request(`http://localhost:3000${path}`, {
      method,
      headers: {
        ...headersOf(credential),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
    })
    const response = await runtime.handler(request, PEER)
    const text = await textOf(response)
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, json, text }
  }
  return {
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    patch: (path, body, headers) => send('PATCH', path, body, headers),
    delete: (path, headers) => send('DELETE', path, undefined, headers),
  }
}
