/** The query parameter that tells a target which click led to it. */
const PARAMETER = 'ls_id'

/**
 * A WHATWG-serialised target with the click's id as its last query parameter. The target's own
 * query and fragment stay to the byte, but for an `ls_id` of its own, which gives way.
 */
export function withClickId(targetUrl: string, clickId: string): string {
  const hashAt = targetUrl.indexOf('#')
  const hash = hashAt < 0 ? '' : targetUrl.slice(hashAt)
  const bare = hashAt < 0 ? targetUrl : targetUrl.slice(0, hashAt)
  const queryAt = bare.indexOf('?')
  const added = `${PARAMETER}=${clickId}`
  if (queryAt < 0) return `${bare}?${added}${hash}`
  const query = withoutMark(bare.slice(queryAt + 1))
  return `${bare.slice(0, queryAt + 1)}${query === '' ? '' : `${query}&`}${added}${hash}`
}

function withoutMark(query: string): string {
  // As good as always: taking it apart costs more than the rest of the redirect's decision.
  if (!query.includes(PARAMETER) && !query.includes('%')) return query
  // However it is written: a target reads the first of a name.
  const isMark = (pair: string): boolean => new URLSearchParams(pair).has(PARAMETER)
  return query
    .split('&')
    .filter((pair) => !isMark(pair))
    .join('&')
}
