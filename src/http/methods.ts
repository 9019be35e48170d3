import { AppError } from '../core/errors'

type Route = { method: string; path: string }

/**
 * Tells 405 from 404: which methods a path answers, derived from the routes themselves.
 * `/{slug}` and the like, answered in front of the router, are given as extra routes.
 */
export function createMethodTable(routes: readonly Route[]) {
  const patterns = new Map<string, { test: RegExp; methods: Set<string> }>()
  for (const { method, path } of routes) {
    if (path.includes('*')) continue
    const known = patterns.get(path)
    if (known) known.methods.add(method)
    else patterns.set(path, { test: toPattern(path), methods: new Set([method]) })
  }

  /** `method_not_allowed` with the methods of the path, or undefined for an unknown path. */
  return function refusalFor(path: string): AppError | undefined {
    const allowed = new Set<string>()
    for (const { test, methods } of patterns.values()) {
      if (test.test(path)) for (const method of methods) allowed.add(method)
    }
    if (allowed.size === 0) return undefined
    if (allowed.has('GET')) allowed.add('HEAD')
    const allow = [...allowed].sort()
    return new AppError('method_not_allowed', `This address answers ${allow.join(', ')}.`, {
      allow,
    })
  }
}

function toPattern(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}/?$`)
}
