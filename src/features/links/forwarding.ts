/** Longest address that a redirect makes of a target and a visitor's query, in characters. */
const LOCATION_LENGTH_MAX = 8192

/** Ours to give: a visitor's own would claim another's click. */
const OWN_PARAMETER = 'ls_id'

/**
 * A target with the parameters of a visit's query (as it came, without `?`) behind its own: byte
 * for byte, in order, as many as fit. A name that the target has stays the target's. Nothing but
 * the query changes, so that a visitor cannot turn a link elsewhere.
 */
export function withForwarded(targetUrl: string, query: string): string {
  if (query === '') return targetUrl
  const target = new URL(targetUrl)
  const own = target.search.slice(1)
  const taken = new Set(own.split('&').map(nameOf))
  let room = LOCATION_LENGTH_MAX - targetUrl.length
  const added: string[] = []
  for (const part of bounded(query).split('&')) {
    const name = nameOf(part)
    room -= part.length + 1
    if (room < 0) break
    if (part === '' || name === OWN_PARAMETER || taken.has(name)) continue
    added.push(part)
  }
  if (added.length === 0) return targetUrl
  target.search = own === '' ? added.join('&') : `${own}&${added.join('&')}`
  return target.href
}

/** What of a query could fit, whole parameters only: the rest is not even taken apart. */
function bounded(query: string): string {
  if (query.length <= LOCATION_LENGTH_MAX) return query
  return query.slice(0, Math.max(0, query.lastIndexOf('&', LOCATION_LENGTH_MAX)))
}

/** The name of a parameter as forms are read (WHATWG URL §5.1). */
function nameOf(part: string): string {
  const end = part.indexOf('=')
  const name = (end < 0 ? part : part.slice(0, end)).replaceAll('+', ' ')
  if (!name.includes('%')) return name
  return new URLSearchParams(`${name}=`).keys().next().value ?? name
}
