/** UTM parameters of a link, by their names without `utm_`. */
export type Utm = {
  source?: string
  medium?: string
  campaign?: string
  term?: string
  content?: string
}

export const UTM_NAMES = ['source', 'medium', 'campaign', 'term', 'content'] as const

/** UTM parameters as they come in: empty ones are none. */
export type GivenUtm = { [Name in keyof Utm]?: string | null | undefined }

/** Later ones win, name by name; null when none is left. */
export function mergedUtm(...given: readonly GivenUtm[]): Utm | null {
  const utm: Utm = {}
  for (const one of given) {
    for (const name of UTM_NAMES) {
      const text = one[name]?.trim()
      if (text) utm[name] = text
    }
  }
  return Object.keys(utm).length === 0 ? null : utm
}

/**
 * A target with UTM parameters behind its own query, which stays to the byte; a parameter that it
 * has already is left as it is. Null, for links without a target, stays null.
 */
export function withUtm(targetUrl: string | null, utm: Utm | null): string | null {
  if (targetUrl === null || utm === null) return targetUrl
  const target = new URL(targetUrl)
  const added = UTM_NAMES.flatMap((name) => {
    const text = utm[name]
    const parameter = `utm_${name}`
    if (text === undefined || target.searchParams.has(parameter)) return []
    return [`${parameter}=${encodeURIComponent(text)}`]
  })
  if (added.length === 0) return targetUrl
  target.search = [target.search.slice(1), ...added].filter((part) => part !== '').join('&')
  return target.href
}

/**
 * The target after a change of its URL (`bareUrl`, without parameters of the link) or of the
 * parameters; undefined when neither was asked for.
 */
export function retargeted(
  before: { originalUrl: string | null; utm: Utm | null },
  bareUrl: string | undefined,
  utm: Utm | null | undefined,
): string | null | undefined {
  if (bareUrl === undefined && utm === undefined) return undefined
  const base = bareUrl ?? (before.originalUrl === null ? null : new URL(before.originalUrl).href)
  return withUtm(base, utm === undefined ? before.utm : utm)
}

/** `utm_` parameters of a target as a query of their own. */
export function utmOf(targetUrl: string | null): string {
  if (targetUrl === null || !targetUrl.includes('utm_') || !URL.canParse(targetUrl)) return ''
  const own = [...new URL(targetUrl).searchParams].filter(([name]) => name.startsWith('utm_'))
  return new URLSearchParams(own).toString()
}
