import { parseQuery } from 'elysia/parse-query'

/**
 * The query of a URL as it was sent: each parameter is its text, whatever it holds, and a list of
 * texts only where it is given more than once. Before a schema of zod the router would take a comma
 * for the end of a value, and brackets for JSON.
 */
export function queryOf(url: string): Record<string, string | string[]> {
  const start = url.indexOf('?')
  if (start === -1) return {}
  const end = url.indexOf('#', start)
  return parseQuery(url.slice(start + 1, end === -1 ? undefined : end))
}
