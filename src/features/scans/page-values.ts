/** Every `@type` of blocks of JSON-LD; blocks that are no JSON are passed over. */
export function typesOf(blocks: readonly string[]): string[] {
  const found = new Set<string>()
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 8) return
    if (Array.isArray(value)) for (const item of value.slice(0, 200)) walk(item, depth + 1)
    else
      for (const [key, item] of Object.entries(value)) {
        if (key !== '@type') walk(item, depth + 1)
        else for (const type of [item].flat()) if (typeof type === 'string') found.add(type)
      }
  }
  for (const block of blocks) {
    try {
      walk(JSON.parse(block), 0)
    } catch {
      // A page's own mistake, which says nothing of a type.
    }
  }
  return [...found]
}

const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

/** Entities of attributes and text that change what an address or a title is. */
export function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w{2,6}));/g,
    (whole, decimal, hex, name) => {
      if (name) return NAMED[name] ?? whole
      const point = decimal ? Number(decimal) : Number.parseInt(hex, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    },
  )
}
