import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as rules from './support/architecture-rules'
import { functionLength } from './support/function-length'

const ROOT = join(import.meta.dir, '..')
const RULES: Record<string, rules.Rule> = {
  'arrows point inwards': rules.arrows,
  'tables belong to their feature': rules.tables,
  'Elysia is http only': rules.elysia,
  'the environment is read in config.ts': rules.environment,
  'the time comes from the clock': rules.clock,
  'timers belong to loops': rules.timers,
  'the outside world is behind the internet port': rules.outbound,
  'only the logger writes to the console': rules.consoleUse,
  'transactions are synchronous and handed on first': rules.transactions,
  'files are short': rules.fileLength,
  'functions are short': functionLength,
  'files are named by the domain': rules.names,
  'there are no barrels': rules.barrels,
  'nothing is left open': rules.unfinished,
  'every POST honours the Idempotency-Key': rules.idempotency,
}

const files = new Map<string, string>()
for (const path of new Bun.Glob('{src,db,test,bench,scripts}/**/*.{ts,tsx}').scanSync(ROOT)) {
  if (!path.endsWith('.d.ts')) files.set(path, readFileSync(join(ROOT, path), 'utf8'))
}

describe('this code', () => {
  test('is all there', () => {
    expect(files.has('src/core/clock.ts')).toBe(true)
    expect(files.size).toBeGreaterThan(40)
  })

  for (const [name, rule] of Object.entries(RULES)) {
    test(name, () => {
      const problems = [...files].flatMap(([path, source]) =>
        rule(path, source).map((problem) => `${path}: ${problem}`),
      )
      expect(problems).toEqual([])
    })
  }

  test('no features import each other in a circle', () => {
    expect(rules.featureCycles(files)).toEqual([])
  })
})

const LINKS = 'src/features/links/service.ts'
const ROUTES = 'src/features/links/routes.ts'

/** What each rule must refuse, so that none of them is a rule that cannot fail. */
const REFUSED: readonly [rules.Rule, string, string][] = [
  [rules.arrows, 'src/core/ids.ts', "import type { Logger } from '../platform/logger'"],
  [rules.arrows, 'src/core/ids.ts', "import { x } from '../../test/support/clock'"],
  [rules.arrows, 'src/platform/loops.ts', "import type { Config } from '../config'"],
  [rules.arrows, 'src/http/errors.ts', "import { createLogger } from '../platform/logger'"],
  [rules.arrows, 'src/http/errors.ts', "import type { Link } from '../features/links/service'"],
  [rules.arrows, LINKS, "import { openDatabase } from '../../platform/database'\nopenDatabase()"],
  [rules.arrows, LINKS, "import { type Tx, openDatabase } from '../../platform/database'"],
  [rules.arrows, LINKS, "import '../../platform/database'"],
  [rules.arrows, LINKS, "const database = await import('../../platform/database')"],
  [rules.arrows, LINKS, "import { readConfig } from '../../config'"],
  [rules.arrows, LINKS, "import type { Composed } from '../../compose'"],
  [rules.arrows, LINKS, "import { createClicks } from '../clicks/service'"],
  [rules.arrows, LINKS, "import type { Rollup } from '../clicks/rollup'"],
  [rules.arrows, LINKS, "const x: import('../clicks/rollup').Rollup = y"],
  [rules.arrows, 'src/app.ts', "import { openDatabase } from './platform/database'"],
  [rules.arrows, 'src/dashboard/api.ts', "import { x } from '../features/links/service'"],
  [rules.tables, LINKS, "import { users } from '../accounts/table'"],
  [rules.tables, LINKS, "import type { users } from '../accounts/table'"],
  [rules.tables, 'src/compose.ts', "import { links } from './features/links/table'"],
  [rules.elysia, LINKS, "import { status } from 'elysia'"],
  [rules.elysia, LINKS, "import type { Context } from 'elysia'"],
  [rules.environment, LINKS, 'const port = process.env.PORT'],
  [rules.environment, LINKS, "const port = Bun.env['PORT']"],
  [rules.clock, LINKS, 'const at = Date.now()'],
  [rules.clock, LINKS, 'const at = new Date()'],
  [rules.clock, LINKS, 'const at = performance.now()'],
  [rules.timers, LINKS, 'setTimeout(run, 10)'],
  [rules.timers, LINKS, "import { Cron } from 'croner'\nnew Cron('* * * * *')"],
  [rules.timers, LINKS, "import { setTimeout } from 'node:timers/promises'"],
  [rules.outbound, LINKS, "await fetch('https://example.com/')"],
  [rules.outbound, LINKS, 'const session = new Bun.FetchSession()'],
  [rules.outbound, LINKS, "import { request } from 'node:https'"],
  [rules.outbound, LINKS, "import { lookup } from 'node:dns/promises'"],
  [rules.outbound, LINKS, "import { connect, isIP } from 'node:net'"],
  [rules.outbound, LINKS, "import { createTransport } from 'nodemailer'"],
  [rules.consoleUse, LINKS, "console.log('here')"],
  [rules.transactions, LINKS, 'db.write(async (tx) => {})'],
  [rules.transactions, LINKS, 'function enqueue(event: Event, tx: Tx): void {}'],
  [rules.fileLength, LINKS, 'a()\n'.repeat(301)],
  [functionLength, LINKS, `function f() {\n${'  a()\n'.repeat(51)}}`],
  [
    functionLength,
    LINKS,
    `export const f = async (): Promise<void> => {\n${'  a()\n'.repeat(51)}}`,
  ],
  [functionLength, LINKS, `const o = {\n  f(a: A): B {\n${'    a()\n'.repeat(51)}  },\n}`],
  [functionLength, LINKS, `function f(\n  a: A,\n): B {\n${'  a()\n'.repeat(51)}}`],
  [rules.names, 'src/features/links/utils.ts', ''],
  [rules.names, 'src/http/index.ts', ''],
  [rules.barrels, 'src/http/all.ts', "export * from './errors'"],
  [rules.barrels, 'src/http/all.ts', "export { a, b } from './errors'"],
  [rules.barrels, LINKS, "export { createSlugs } from './slugs'"],
  [rules.barrels, LINKS, "export type { ClickRow } from '../clicks/service'"],
  [rules.unfinished, LINKS, `// ${'TO'}${'DO'}: later`],
  [rules.unfinished, 'test/a.test.ts', "test.skip('later', () => {})"],
  [rules.unfinished, 'test/a.test.ts', "describe.only('this', () => {})"],
  [rules.idempotency, ROUTES, "new Elysia().post('', ({ body }) => links.create(body), {})"],
]

/** What looks alike and is right. */
const ACCEPTED: readonly [rules.Rule, string, string][] = [
  [rules.arrows, LINKS, "import type { Tx } from '../../platform/database'"],
  [rules.arrows, LINKS, "import { type Database, type Tx } from '../../platform/database'"],
  [rules.arrows, LINKS, "import type { ClickService } from '../clicks/service'"],
  [rules.arrows, LINKS, "import type { Outbox } from '../webhooks/outbox'"],
  [rules.arrows, LINKS, "import { notFound } from '../../core/errors'\nnotFound()"],
  [rules.arrows, 'src/compose.ts', "import { createLinks } from './features/links/service'"],
  [rules.arrows, LINKS, "import { isUniqueViolation, type Tx } from '../../platform/database'"],
  [rules.barrels, LINKS, "export type { SlugRow } from './slugs'"],
  [rules.tables, 'src/features/links/table.ts', "import { workspaces } from '../workspaces/table'"],
  [rules.tables, 'db/schema.ts', "export * from '../src/features/links/table'"],
  [rules.elysia, ROUTES, "import { Elysia } from 'elysia'"],
  [rules.elysia, 'src/features/accounts/user-routes.ts', "import { Elysia } from 'elysia'"],
  [rules.clock, LINKS, '// not Date.now()\nconst at = new Date(clock.now())'],
  [rules.timers, LINKS, 'loops.setTimeout(1)'],
  [rules.outbound, LINKS, "import { isIP } from 'node:net'\nisIP('')"],
  [rules.outbound, LINKS, 'await internet.fetch(url)\nconst o = { fetch() {} }'],
  [rules.transactions, LINKS, 'function enqueue(tx: Tx, event: Event): void {}'],
  [
    functionLength,
    LINKS,
    `function f() {\n  return {\n    g() {\n${'      a()\n'.repeat(40)}    },\n    h() {\n${'      a()\n'.repeat(40)}    },\n  }\n}`,
  ],
  [rules.idempotency, ROUTES, "new Elysia().post('', ({ once }) => once(() => create()), {})"],
  [rules.idempotency, ROUTES, "new Elysia().post('', () => hit(), { access: 'public' })"],
  [rules.idempotency, ROUTES, "new Elysia().post('/2fa/setup', () => setUp(), {})"],
  [rules.idempotency, ROUTES, "new Elysia().post('/r/:token', () => enter(), { parse: 'none' })"],
]

const inOneLine = (source: string): string => source.replace(/\s+/g, ' ').slice(0, 70)

describe('the rules', () => {
  for (const [rule, path, source] of REFUSED) {
    test(`refuse in ${path}: ${inOneLine(source)}`, () => {
      expect(rule(path, source)).not.toEqual([])
    })
  }

  for (const [rule, path, source] of ACCEPTED) {
    test(`accept in ${path}: ${inOneLine(source)}`, () => {
      expect(rule(path, source)).toEqual([])
    })
  }

  test('find a circle of three features, and leave references of tables alone', () => {
    const circle = new Map([
      ['src/features/a/service.ts', "import type { B } from '../b/service'"],
      ['src/features/b/service.ts', "import type { C } from '../c/service'"],
      ['src/features/c/service.ts', "import type { A } from '../a/service'"],
      ['src/features/c/table.ts', "import { d } from '../d/table'"],
      ['src/features/d/table.ts', "import { c } from '../c/table'"],
    ])
    expect(rules.featureCycles(circle)).toEqual(['a → b → c → a'])
  })

  test('every rule is proven able to refuse', () => {
    const proven = new Set(REFUSED.map(([rule]) => rule))
    expect(Object.keys(RULES).filter((name) => !proven.has(RULES[name] ?? rules.arrows))).toEqual(
      [],
    )
  })
})
