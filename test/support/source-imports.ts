import { posix } from 'node:path'

/** One import or re-export of a module, as written. */
export type SourceImport = {
  specifier: string
  /** `src/core/ids` for a relative import, the package's name otherwise. */
  target: string
  typeOnly: boolean
  /** The named imports that are not types. */
  values: readonly string[]
}

const CLAUSE = /^(import|export)\s+(type\s+)?([^'";]*?)\s*from\s*['"]([^'"]+)['"]/gm

/** Every import of a source file, type imports included, in the order of the file. */
export function importsOf(path: string, source: string): SourceImport[] {
  const found = [...source.matchAll(CLAUSE)].map((match): SourceImport => {
    const [, , type, clause = '', specifier = ''] = match
    const names = (/\{([^}]*)\}/.exec(clause)?.[1] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    const outside = clause.replace(/\{[^}]*\}/, '').replace(/[\s,]/g, '')
    const onlyTypes = outside === '' && names.every((name) => name.startsWith('type '))
    const typeOnly = type !== undefined || (names.length > 0 && onlyTypes)
    return {
      specifier,
      target: resolveFrom(path, specifier),
      typeOnly,
      values: type
        ? []
        : names
            .filter((name) => !name.startsWith('type '))
            .map((name) => name.replace(/ as .*/, '')),
    }
  })
  // Side effects, `import()` and `require()`, which the pattern above does not see.
  const loader = path.endsWith('x') ? 'tsx' : 'ts'
  for (const { path: specifier } of new Bun.Transpiler({ loader }).scanImports(source)) {
    if (found.some((known) => known.specifier === specifier)) continue
    found.push({ specifier, target: resolveFrom(path, specifier), typeOnly: false, values: [] })
  }
  for (const [, specifier = ''] of source.matchAll(/import\(['"]([^'"]+)['"]\)\./g)) {
    if (found.some((known) => known.specifier === specifier)) continue
    found.push({ specifier, target: resolveFrom(path, specifier), typeOnly: true, values: [] })
  }
  return found
}

function resolveFrom(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return posix.join(posix.dirname(path), specifier).replace(/\.tsx?$/, '')
}

/** The code alone: without types and comments, and with empty strings. */
export function codeOf(path: string, source: string): string {
  const loader = path.endsWith('x') ? 'tsx' : 'ts'
  return new Bun.Transpiler({ loader, target: 'bun' })
    .transformSync(source)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
}

/** The text from the parenthesis at `start` to the one that closes it. */
export function parenthesised(code: string, start: number): string {
  let depth = 0
  for (let at = start; at < code.length; at++) {
    if (code[at] === '(') depth += 1
    if (code[at] === ')') depth -= 1
    if (depth === 0) return code.slice(start, at + 1)
  }
  return code.slice(start)
}
