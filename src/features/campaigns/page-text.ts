const HIDDEN = /^(script|style|template|noscript)[\s>/]/i

/**
 * What a page says, in one line: markup, scripts and styles left out, without a parser's care for
 * entities. Takes a time that grows with the page alone.
 */
export function pageText(html: string): string {
  const [first = '', ...parts] = html.split('<')
  const texts = parts.map((part) =>
    HIDDEN.test(part) || !part.includes('>') ? '' : part.slice(part.indexOf('>') + 1),
  )
  return [first, ...texts].join(' ').replace(/\s+/g, ' ').trim()
}
