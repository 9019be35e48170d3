/** What a robots.txt file may hold that counts, in bytes; RFC 9309 §2.5 asks for at least this. */
export const ROBOTS_BYTES_MAX = 512_000
/** What is kept of the rule that decided. */
const RULE_KEPT = 500

/** `pattern` is the path in one spelling of its octets. */
type RobotsRule = { allow: boolean; path: string; pattern: string; line: number }
type RobotsGroup = { agents: string[]; rules: RobotsRule[]; crawlDelaysMs: number[] }

/** A robots.txt as it reads: groups in the order of the file, and the sitemaps that it names. */
export type Robots = {
  groups: readonly RobotsGroup[]
  sitemaps: readonly string[]
  /** It begins as markup: a page was served in the file's place, which has no rules. */
  suspicious: boolean
}

/** Who may fetch a path, and the line of the file that says so; null where no rule matches. */
export type RobotsVerdict = { allowed: boolean; rule: string | null; line: number | null }

const ALLOWED: RobotsVerdict = { allowed: true, rule: null, line: null }

const MARKUP = /^\s*<(!doctype|html|head|body)\b/i

/**
 * Reads a robots.txt (RFC 9309 §2.2). Never throws: what is no record is passed over. Lines end
 * with LF, CR or both, empty ones end nothing, and records other than rules do not part the agent
 * lines of one group. Rules before the first agent belong to nobody.
 */
export function parseRobots(text: string): Robots {
  if (MARKUP.test(text)) return { groups: [], sitemaps: [], suspicious: true }
  const groups: RobotsGroup[] = []
  const sitemaps: string[] = []
  let group: RobotsGroup | undefined
  let isNaming = false
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)
  for (const [index, raw] of lines.entries()) {
    const record = recordOf(raw)
    if (!record) continue
    const { name, value } = record
    switch (name) {
      case 'user-agent':
        if (!group || !isNaming) {
          group = { agents: [], rules: [], crawlDelaysMs: [] }
          groups.push(group)
        }
        group.agents.push(agentOf(value))
        isNaming = true
        break
      case 'allow':
      case 'disallow':
        isNaming = false
        // An empty path matches nothing, so that `Disallow:` forbids nothing.
        if (value === '') break
        group?.rules.push({
          allow: name === 'allow',
          path: value,
          pattern: octets(value),
          line: index + 1,
        })
        break
      case 'crawl-delay':
        if (group && /^\d{1,6}(\.\d{1,3})?$/.test(value)) {
          group.crawlDelaysMs.push(Number(value) * 1_000)
        }
        break
      case 'sitemap':
        if (value !== '') sitemaps.push(value)
        break
    }
  }
  return { groups, sitemaps, suspicious: false }
}

/** A line as a record; by plain search alone, since lines come as long as a stranger likes. */
function recordOf(line: string): { name: string; value: string } | undefined {
  const comment = line.indexOf('#')
  const text = comment < 0 ? line : line.slice(0, comment)
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { name: text.slice(0, colon).trim().toLowerCase(), value: text.slice(colon + 1).trim() }
}

/** `Linkstead-Scan/1.0 (…)` → `linkstead-scan`; `*` stands for everybody. */
function agentOf(value: string): string {
  if (/^\*(\s|$)/.test(value)) return '*'
  return /^[A-Za-z_-]*/.exec(value)?.[0].toLowerCase() ?? ''
}

/** All groups of a product token, else those of `*` (RFC 9309 §2.2.1). */
function groupsFor(robots: Robots, token: string): readonly RobotsGroup[] {
  const wanted = token.toLowerCase()
  const own = robots.groups.filter(({ agents }) => agents.includes(wanted))
  return own.length > 0 ? own : robots.groups.filter(({ agents }) => agents.includes('*'))
}

/**
 * Whether the crawler of `token` may fetch `path` (path and query of a URL). The longest matching
 * rule decides, Allow when two are equally long, and `/robots.txt` itself is always allowed
 * (RFC 9309 §2.2.2).
 */
export function mayFetch(robots: Robots, token: string, path: string): RobotsVerdict {
  if (path === '/robots.txt') return ALLOWED
  const subject = octets(path.startsWith('/') ? path : `/${path}`, /[*$]/g)
  let best: { rule: RobotsRule; length: number } | undefined
  for (const { rules } of groupsFor(robots, token)) {
    for (const rule of rules) {
      const { pattern } = rule
      if (best && pattern.length < best.length) continue
      if (best && pattern.length === best.length && !rule.allow) continue
      if (matches(pattern, subject)) best = { rule, length: pattern.length }
    }
  }
  if (!best) return ALLOWED
  const { allow, path: written, line } = best.rule
  const rule = `${allow ? 'Allow' : 'Disallow'}: ${written}`.slice(0, RULE_KEPT).toWellFormed()
  return { allowed: allow, rule, line }
}

/** The longest pause between two requests that a site asks of `token`, or null; not in RFC 9309. */
export function crawlDelayMs(robots: Robots, token: string): number | null {
  const asked = groupsFor(robots, token).flatMap((group) => group.crawlDelaysMs)
  return asked.length > 0 ? Math.max(...asked) : null
}

/** Whether the file names `token` itself, and not only everybody. */
export function namesAgent(robots: Robots, token: string): boolean {
  return robots.groups.some(({ agents }) => agents.includes(token.toLowerCase()))
}

/**
 * A path in one spelling of its octets (RFC 9309 §2.2.2): what needs no escape has none, what has
 * one has it in capitals, and everything beyond ASCII is escaped UTF-8.
 */
function octets(path: string, alsoEscaped?: RegExp): string {
  const text = path
    .replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase()
    })
    .replace(/[^\x21-\x7e]+/g, (run) => encodeURIComponent(run.toWellFormed()))
  return alsoEscaped ? text.replace(alsoEscaped, (c) => (c === '*' ? '%2A' : '%24')) : text
}

/** Matches from the beginning: `*` is any run, a last `$` the end. No step is ever taken back twice. */
function matches(written: string, subject: string): boolean {
  const isAnchored = written.endsWith('$')
  const pattern = (isAnchored ? written.slice(0, -1) : written).replaceAll('$', '%24')
  const [first = '', ...pieces] = pattern.split('*')
  if (!subject.startsWith(first)) return false
  if (pieces.length === 0) return !isAnchored || subject.length === first.length
  let at = first.length
  const last = isAnchored ? (pieces.pop() ?? '') : ''
  for (const piece of pieces) {
    const found = subject.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return subject.length - last.length >= at && subject.endsWith(last)
}
