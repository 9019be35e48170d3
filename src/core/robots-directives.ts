/** What pages and headers say to search engines, as far as Google obeys it. */
export type RobotsDirectives = {
  noindex: boolean
  nofollow: boolean
  /** Those for everybody and for Googlebot, lower case, in the order of their source. */
  applied: string[]
  /** Those for other engines, as `bot: rule`. */
  others: string[]
}

export type MetaRobots = { name: string; content: string }

/** Rules that are kept, and how much of each. */
const RULES_KEPT = 50
const RULE_KEPT = 200

// Rules with a value: what stands before their colon is no bot.
const VALUED = /^(unavailable_after|max-snippet|max-image-preview|max-video-preview)$/

const KNOWN =
  'all|index|follow|none|noindex|nofollow|noarchive|nosnippet|notranslate|noimageindex|nocache|indexifembedded|unavailable_after|max-snippet|max-image-preview|max-video-preview'

// A date may hold commas, so it ends where the next rule begins.
const RULE_END = new RegExp(`,(?=\\s*(?:[\\w-]+\\s*:\\s*)?(?:${KNOWN})\\b)`, 'i')

function rulesOf(text: string): string[] {
  const rules: string[] = []
  let rest = text
  while (rest.trim() !== '') {
    const isDated = /^\s*(?:[\w-]+\s*:\s*)?unavailable_after\s*:/i.test(rest)
    const end = isDated ? (RULE_END.exec(rest)?.index ?? -1) : rest.indexOf(',')
    const rule = (end === -1 ? rest : rest.slice(0, end)).trim()
    if (rule !== '') rules.push(rule)
    rest = end === -1 ? '' : rest.slice(end + 1)
  }
  return rules
}

type Addressed = { bot: string | null; rule: string }

/** One `X-Robots-Tag`: a bot's name is for all rules that follow it. */
function readHeader(value: string): Addressed[] {
  let bot: string | null = null
  return rulesOf(value).map((text) => {
    const named = /^([\w-]+)\s*:\s*(.*)$/s.exec(text)
    const name = named?.[1]?.toLowerCase() ?? ''
    if (!named || VALUED.test(name)) return { bot, rule: text.toLowerCase() }
    bot = name
    return { bot, rule: (named[2] ?? '').toLowerCase() }
  })
}

function readMeta({ name, content }: MetaRobots): Addressed[] {
  const bot = name.trim().toLowerCase()
  return rulesOf(content).map((rule) => ({
    bot: bot === 'robots' ? null : bot,
    rule: rule.toLowerCase(),
  }))
}

const isForGoogle = ({ bot }: Addressed): boolean => bot === null || bot === 'googlebot'

/** `none` is both of its parts. */
const parts = (rule: string): string[] => (rule === 'none' ? ['noindex', 'nofollow'] : [rule])

/** `NoIndex, max-image-preview:large` of a meta tag → its directives; `none` is both of its parts. */
export const directivesOf = (content: string): string[] =>
  rulesOf(content).flatMap((rule) => parts(rule.toLowerCase()))

/** Directives of one `X-Robots-Tag` header that hold for Google: without a name, or with its. */
export const headerDirectives = (value: string): string[] =>
  readHeader(value)
    .filter(isForGoogle)
    .flatMap(({ rule }) => parts(rule))

function isPast(rule: string, nowMs: number): boolean {
  const date = /^unavailable_after\s*:\s*(.+)$/s.exec(rule)?.[1]
  const atMs = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isFinite(atMs) && atMs <= nowMs
}

const kept = (rules: readonly string[]): string[] =>
  rules.slice(0, RULES_KEPT).map((rule) => rule.slice(0, RULE_KEPT).toWellFormed())

/**
 * All directives together: those for everybody and for Googlebot add up, and the most restrictive
 * wins (Google, "Robots meta tag specifications"). `headers` are the values of each
 * `X-Robots-Tag`, never joined.
 */
export function readRobotsDirectives(
  metas: readonly MetaRobots[],
  headers: readonly string[],
  nowMs: number,
): RobotsDirectives {
  const all = [...metas.flatMap(readMeta), ...headers.flatMap(readHeader)]
  const applied = all.filter(isForGoogle).map(({ rule }) => rule)
  const has = (name: string): boolean => applied.includes(name) || applied.includes('none')
  return {
    noindex: has('noindex') || applied.some((rule) => isPast(rule, nowMs)),
    nofollow: has('nofollow'),
    applied: kept(applied),
    others: kept(all.filter((one) => !isForGoogle(one)).map(({ bot, rule }) => `${bot}: ${rule}`)),
  }
}
