import type { Rule } from './architecture-rules'

const FUNCTION_LINES_MAX = 50
const STATEMENT = /^(\} )?(if|else|for|while|switch|catch|try|finally|do|with)\b/
const ROUTES = /^export (const|function) \w+Routes\b/
const METHOD = /^(async |static |get |set |\*)*[\w$#]+(<[^()]*>)?\(.*\)(: .*)? \{$/

type Span = { first: number; last: number; name: string }

/**
 * A function has at most fifty lines of its own: blank lines, comments and the functions inside
 * it are not counted, so that a factory may hold as many methods as its noun has; nor are the
 * declarations of a `…Routes` factory, which are a table of contents. Reads the
 * layout of the formatter: a function ends at the closing brace in the column of its first line.
 */
export const functionLength: Rule = (_path, source) => {
  const lines = source.split('\n')
  const spans = lines.flatMap((_, at) => spanAt(lines, at) ?? [])
  return spans.flatMap((span) => {
    const inside = spans.filter(({ first, last }) => first > span.first && last < span.last)
    let own = 0
    for (let at = span.first; at <= span.last; at++) {
      const isNested = inside.some(({ first, last }) => at >= first && at <= last)
      if (!isNested && isCode(lines[at] ?? '')) own += 1
    }
    if (own <= FUNCTION_LINES_MAX || ROUTES.test(span.name)) return []
    return [`${own} lines in one function, at most ${FUNCTION_LINES_MAX}: ${span.name}`]
  })
}

function spanAt(lines: readonly string[], at: number): Span | undefined {
  const line = lines[at] ?? ''
  if (!line.endsWith('{')) return undefined
  const indent = indentOf(line)
  let first = at
  // A signature over several lines: its first line is the one above in the same column.
  if (/^[)}\]]/.test(line.trim()) && !STATEMENT.test(line.trim())) {
    do first -= 1
    while (first > 0 && (lines[first]?.trim() === '' || indentOf(lines[first] ?? '') > indent))
  }
  const head = (lines[first] ?? '').trim()
  const tail = line.trim()
  const isFunction =
    /=> \{$/.test(tail) || /\bfunction\b/.test(head) || METHOD.test(tail) || isSignature(head, tail)
  if (!isFunction || STATEMENT.test(head)) return undefined
  const last = lines.findIndex(
    (later, index) => index > at && indentOf(later) === indent && later.trim().startsWith('}'),
  )
  return last === -1 ? undefined : { first, last, name: head }
}

const isSignature = (head: string, tail: string): boolean =>
  /^\S*\(\{?$/.test(head) && /^[)}].*\{$/.test(tail)

const indentOf = (line: string): number => line.length - line.trimStart().length

const isCode = (line: string): boolean => !/^\s*($|\/\/|\/\*|\*)/.test(line)
