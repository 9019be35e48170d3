import { posix } from 'node:path'
import { codeOf, importsOf, parenthesised, type SourceImport } from './source-imports'

/** What is wrong with a file, one sentence each; empty when nothing is. */
export type Rule = (path: string, source: string) => string[]

type Zone = { ring: string; feature?: string | undefined; file: string }

/** `src/features/links/service` → the ring `features`, the feature `links`, the file `service`. */
function zoneOf(target: string): Zone {
  const [top = '', ring = '', ...rest] = target.replace(/\.tsx?$/, '').split('/')
  if (top !== 'src') return { ring: top, file: [ring, ...rest].join('/') }
  if (rest.length === 0) return { ring: `${ring}.ts`, file: ring }
  if (ring !== 'features') return { ring, file: rest.join('/') }
  return { ring, feature: rest[0], file: rest.slice(1).join('/') }
}

/** Rings whose values a ring may import, besides itself. Features and tables have rules below. */
const VALUES: Record<string, readonly string[]> = {
  core: [],
  platform: ['core'],
  http: ['core'],
  features: ['core', 'http'],
  dashboard: ['core'],
  'config.ts': ['core', 'platform', 'engines-config.ts'],
  'engines-config.ts': ['core'],
  'version.ts': [],
  'app.ts': ['core', 'http', 'features', 'dashboard', 'version.ts', 'tools.ts'],
  'tools.ts': ['http', 'features'],
  'worker.ts': ['core', 'platform', 'features', 'config.ts', 'version.ts', 'db'],
  'server.ts': ['core', 'platform', 'http', 'features', 'app.ts'],
  'compose.ts': [
    ...['core', 'platform', 'http', 'features', 'db'],
    ...['app.ts', 'server.ts', 'config.ts', 'version.ts', 'workers.ts', 'product.ts'],
    ...['operations.ts', 'overrides.ts'],
  ],
  'operations.ts': ['core', 'platform', 'features', 'import-operations.ts'],
  'import-operations.ts': ['core', 'platform', 'features'],
  'overrides.ts': ['core', 'platform', 'features'],
  'product.ts': [
    ...['core', 'platform', 'http', 'features', 'version.ts', 'workers.ts', 'websites.ts'],
    ...['overrides.ts', 'upkeep.ts', 'visibility.ts'],
  ],
  'websites.ts': ['core', 'platform', 'http', 'features', 'overrides.ts', 'workers.ts'],
  'visibility.ts': ['core', 'platform', 'http', 'features', 'overrides.ts'],
  'upkeep.ts': ['core', 'platform', 'http', 'features', 'config.ts', 'workers.ts'],
  'workers.ts': ['core', 'platform', 'http', 'features', 'config.ts'],
  commands: [
    ...['core', 'platform', 'http', 'features', 'db'],
    ...['compose.ts', 'config.ts', 'version.ts', 'workers.ts'],
  ],
  db: ['platform', 'features'],
  'main.ts': ['core', 'platform', 'commands', 'compose.ts', 'config.ts', 'version.ts'],
}

/** Rings of which only types may be imported. */
const TYPES: Record<string, readonly string[]> = {
  http: ['platform'],
  features: ['platform'],
  dashboard: ['features', 'http'],
  'app.ts': ['platform', 'config.ts', 'compose.ts'],
  'product.ts': ['compose.ts'],
  'websites.ts': ['compose.ts'],
  'visibility.ts': ['compose.ts'],
}

/** Pure questions about errors, which a service asks to give a violated constraint its meaning. */
const HARMLESS_VALUES: readonly string[] = ['isUniqueViolation']

/** Imports between features that are not of a `service.ts`, each with its reason. */
const BETWEEN_FEATURES: Record<string, readonly string[]> = {
  // Joins the caller's transaction.
  'webhooks/outbox': ['*'],
  // The redirect hands each visit over within the turn, before the router.
  'clicks/recorder': ['links/redirect'],
}

/** Arrows point inwards only, and a feature is known to others by the types of its service. */
export const arrows: Rule = (path, source) => {
  const from = zoneOf(path)
  return importsOf(path, source).flatMap((imported) => {
    if (!/^(src|db|test|bench|scripts)\//.test(imported.target)) return []
    const to = zoneOf(imported.target)
    const problem =
      from.ring === 'features' && to.ring === 'features' && from.feature !== to.feature
        ? betweenFeatures(from, to, imported)
        : betweenRings(from, to, imported)
    return problem ? [problem] : []
  })
}

function betweenRings(from: Zone, to: Zone, { target, typeOnly, values }: SourceImport) {
  if (from.ring === to.ring || /^(test|bench|scripts)$/.test(from.ring)) return undefined
  if (VALUES[from.ring]?.includes(to.ring)) return undefined
  const typesAllowed = TYPES[from.ring]?.includes(to.ring) ?? false
  const isHarmless = values.length > 0 && values.every((name) => HARMLESS_VALUES.includes(name))
  if (typesAllowed && (typeOnly || isHarmless)) return undefined
  return `${from.ring} must not import ${typesAllowed ? 'values of ' : ''}${target}`
}

function betweenFeatures(from: Zone, to: Zone, { target, typeOnly }: SourceImport) {
  if (from.file === 'table' && to.file === 'table') return undefined
  const importers = BETWEEN_FEATURES[`${to.feature}/${to.file}`]
  const excepted =
    importers?.includes('*') || importers?.includes(`${from.feature}/${from.file}`) || false
  if (to.file !== 'service' && !excepted) {
    return `${from.feature} may import of ${to.feature} only types of its service.ts, not ${target}`
  }
  return typeOnly ? undefined : `${from.feature} must not import values of ${target}: take a dep`
}

/**
 * A table is known to its own feature, to the tables that refer to it, and to drizzle-kit. Tests
 * may look at rows.
 */
export const tables: Rule = (path, source) =>
  importsOf(path, source).flatMap(({ target }) => {
    const owner = /^src\/features\/([^/]+)\/table$/.exec(target)?.[1]
    const isAllowed =
      owner === undefined ||
      zoneOf(path).feature === owner ||
      /^src\/features\/[^/]+\/table\.ts$/.test(path) ||
      /^(db\/schema\.ts$|test\/)/.test(path)
    return isAllowed ? [] : [`the table of ${owner} is imported outside of its feature`]
  })

/** A rule that `where` alone may match `what`. */
const only =
  (where: RegExp, what: Record<string, RegExp>): Rule =>
  (path, source) => {
    if (!path.startsWith('src/') || where.test(path)) return []
    const code = codeOf(path, source)
    return Object.entries(what).flatMap(([name, pattern]) =>
      pattern.test(code) ? [`${name} does not belong here`] : [],
    )
  }

/** A rule that `where` alone may import `what`, by value or type. */
const onlyImports =
  (where: RegExp, what: RegExp, harmless: readonly string[] = []): Rule =>
  (path, source) =>
    !path.startsWith('src/') || where.test(path)
      ? []
      : importsOf(path, source)
          .filter(({ target }) => what.test(target))
          .filter(({ values }) => values.length === 0 || !values.every((n) => harmless.includes(n)))
          .map(({ target }) => `${target} does not belong here`)

const all =
  (...rules: readonly Rule[]): Rule =>
  (path, source) =>
    rules.flatMap((rule) => rule(path, source))

export const elysia = onlyImports(
  /^src\/(http\/|app\.ts|dashboard\/|features\/mcp\/|features\/[^/]+\/([a-z-]+-)?routes\.ts|features\/links\/redirect\.ts|features\/system\/docs\.ts)/,
  /^@?elysia(js)?($|\/)/,
)

export const environment = only(/^src\/config\.ts$/, {
  'the environment': /\b(process|Bun|import\.meta)\.env\b/,
})

export const clock = all(
  only(/^src\/core\/clock\.ts$/, {
    'Date.now': /\bDate\.now\b/,
    'the present time': /\bnew Date(\(\)|(?=[;,)\]\s]))|(?<!new )\bDate\(\)/,
  }),
  only(/^src\/(platform|features\/clicks)\//, {
    'performance.now': /\bperformance\.now\b|\bBun\.nanoseconds\b|\bprocess\.hrtime\b/,
  }),
)

const TIMERS =
  /^src\/(platform\/(loops|timetable|event-loop|group-commit|internet[a-z-]*|exchange|dns)|features\/clicks\/recorder|worker)\.ts$/
export const timers = all(
  only(TIMERS, { 'a timer': /(?<![.\w])set(Timeout|Interval|Immediate)\(|\bBun\.sleep/ }),
  onlyImports(TIMERS, /^(croner|(node:)?timers(\/promises)?)$/),
)

const OUTBOUND =
  /^src\/(platform\/(internet[a-z-]*|exchange|address|destination|dns)\.ts$|dashboard\/)/
export const outbound = all(
  only(OUTBOUND, {
    fetch: /(?<![.\w]|function )fetch\([^)]|\bBun\.(connect|fetch|FetchSession)\b/,
  }),
  onlyImports(
    // Commands ask the server of this machine; the mailer's library opens its own connections.
    new RegExp(`${OUTBOUND.source}|^src/commands/(healthcheck|admin-client)\\.ts$`),
    /^(node:)?(https?2?|net|tls|dns|dgram)(\/promises)?$|^undici$|^axios$/,
    ['isIP', 'isIPv4', 'isIPv6'],
  ),
  onlyImports(/^src\/platform\/mailer\.ts$/, /^nodemailer/),
)

export const consoleUse = only(/^src\/(platform\/logger\.ts|commands\/)/, {
  console: /\bconsole\.\w/,
})

export const transactions: Rule = (path, source) => {
  const code = codeOf(path, source)
  const problems: string[] = []
  if (/\.(write|transaction)\(async\b/.test(code)) problems.push('a transaction must not be async')
  if (path.startsWith('src/') && /\((?!tx\b)[^()]*,\s*tx: Tx\b/.test(source)) {
    problems.push('what joins a transaction takes tx first')
  }
  return problems
}

const LINES_MAX = { file: 300, test: 400 } as const

export const fileLength: Rule = (path, source) => {
  const lines = source.trimEnd().split('\n').length
  const most = /^(test|bench)\//.test(path) ? LINES_MAX.test : LINES_MAX.file
  return lines > most ? [`${lines} lines, at most ${most}`] : []
}

export const names: Rule = (path) => {
  const name = posix.basename(path).replace(/\.[^.]+$/, '')
  return /^(utils?|helpers?|commons?|misc|shared|index)$/.test(name)
    ? [`a file is named by a word of the domain, not ${name}`]
    : []
}

/** No re-exports, but by a service of the types of its own feature, since it is the only face. */
export const barrels: Rule = (path, source) =>
  [...source.matchAll(/^export (type )?(\*|\{[^}]*\}) from '([^']+)'/gm)]
    .filter(([, type, , specifier = '']) => {
      const isFace = /\/service\.ts$/.test(path) && type && /^\.\/[^/]+$/.test(specifier)
      return path !== 'db/schema.ts' && !isFace
    })
    .map(([, , , specifier]) => `re-exports ${specifier}: import from where it is defined`)

const UNFINISHED = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`)

export const unfinished: Rule = (path, source) => {
  const problems = UNFINISHED.test(source) ? ['an open end: do it, or open an issue'] : []
  const isTest = path.startsWith('test/')
  if (
    isTest &&
    /\b(test|it|describe)\.(skip|only|todo|if|skipIf|todoIf)\b/.test(codeOf(path, source))
  ) {
    problems.push('a test that is skipped, or that skips the others')
  }
  return problems
}

/**
 * Every POST outside of sign-in and two-factor (contract §1) goes through `once`, or it would
 * ignore the Idempotency-Key. Forms of pages, whose body no parser of the API reads, have none;
 * behind `tools` each tool writes through a `once` of its own.
 */
export const idempotency: Rule = (path, source) => {
  if (!/routes\.ts$/.test(path) || path.startsWith('src/features/auth/')) return []
  const posts = [...source.matchAll(/\.post\(/g)].map(({ index }) =>
    parenthesised(source, index + '.post'.length),
  )
  return posts
    .filter(
      (post) =>
        !/\bonce\(/.test(post) &&
        !/access: '(public|operator|tools)'|parse: 'none'|^\(\s*'\/2fa\//.test(post),
    )
    .map((post) => `a POST without once(): ${post.replace(/\s+/g, ' ').slice(0, 60)}`)
}

/** Features that import each other in a circle, as `a → b → a`; references of tables apart. */
export function featureCycles(files: ReadonlyMap<string, string>): string[] {
  const edges = new Map<string, Set<string>>()
  for (const [path, source] of files) {
    const from = zoneOf(path)
    if (!from.feature || from.file === 'table') continue
    const known = edges.get(from.feature) ?? new Set()
    edges.set(from.feature, known)
    for (const { target } of importsOf(path, source)) {
      const { feature } = zoneOf(target)
      if (feature && feature !== from.feature) known.add(feature)
    }
  }
  const cycles = new Set<string>()
  const walk = (trail: readonly string[], at: string): void => {
    if (at === trail[0]) cycles.add([...trail, at].join(' → '))
    // Each circle is found once, from its first name in the alphabet.
    if (trail.includes(at) || at < (trail[0] ?? '')) return
    for (const next of edges.get(at) ?? []) walk([...trail, at], next)
  }
  for (const feature of edges.keys()) walk([], feature)
  return [...cycles]
}
