import {
  createHistogram,
  type Histogram,
  type HistogramState,
  WAIT_SECONDS,
} from '../core/histogram'

export type RouteTraffic = {
  route: string
  /** Answers by class of status: `2xx`. */
  codes: Record<string, number>
  seconds: HistogramState
}

/** What was asked and how long it took, by class of route. Redirects are counted by the recorder. */
export type Traffic = {
  /** The routes that there are; requests to others are counted together. */
  learn(routes: readonly { path: string }[]): void
  note(path: string, status: number, tookMs: number): void
  read(): RouteTraffic[]
}

const OTHER = 'other'

/** A route without what is variable in it: `/api/v1/links`, `/docs`; unknown paths share one. */
export function createTraffic(): Traffic {
  const known = new Set<string>()
  const seen = new Map<string, { codes: Record<string, number>; seconds: Histogram }>()

  function entryOf(route: string) {
    const entry = seen.get(route) ?? { codes: {}, seconds: createHistogram(WAIT_SECONDS) }
    seen.set(route, entry)
    return entry
  }

  return {
    learn(routes) {
      for (const route of routes.map(({ path }) => classOf(path))) {
        if (!/[:*]/.test(route)) known.add(route)
      }
    },
    note(path, status, tookMs) {
      const route = classOf(path)
      const { codes, seconds } = entryOf(known.has(route) ? route : OTHER)
      const code = `${Math.floor(status / 100)}xx`
      codes[code] = (codes[code] ?? 0) + 1
      // A clock that was set back meanwhile would make it negative.
      seconds.observe(Math.max(0, tookMs) / 1000)
    },
    read: () =>
      [...seen].map(([route, { codes, seconds }]) => ({ route, codes, seconds: seconds.read() })),
  }
}

/** The first segment, or for the API the resource behind its version. */
function classOf(path: string): string {
  const [, first = '', second = '', third = ''] = path.split('/', 4)
  if (first !== 'api') return `/${first}`
  return second === 'v1' ? `/api/v1/${third}` : `/api/${second}`
}
