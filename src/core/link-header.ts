/** Targets in one `Link` header whose relation is `canonical` (RFC 8288, RFC 6596), as written. */
export function headerCanonicals(value: string): string[] {
  return [...value.matchAll(/<([^<>]*)>([^<>]*)/g)]
    .filter(([, , parameters = '']) => relationsOf(parameters).includes('canonical'))
    .map(([, target = '']) => target.trim())
}

/** The first `rel` counts, and may hold several relations (RFC 8288 §3.3). */
function relationsOf(parameters: string): string[] {
  const [, quoted, bare = ''] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters) ?? []
  return (quoted ?? bare).toLowerCase().split(/\s+/)
}
