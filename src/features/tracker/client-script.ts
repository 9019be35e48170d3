import { createHash } from 'node:crypto'
import source from './script/client.js' with { type: 'text' }

/** How long a browser may use its copy before it asks whether that is still the newest. */
const MAX_AGE_SECONDS = 3600

type Variant = { text: string; gzipped: Uint8Array<ArrayBuffer>; etag: string }

export type ClientScriptDeps = {
  /** Origin of the API, for hosts that serve links only. */
  publicUrl: () => string
  /** The namespace of the slugs of a `Host`: '' for the main host. */
  namespaceOf: (authority: string) => string
}

export type ClientScript = ReturnType<typeof createClientScript>

/**
 * `client.js` as it is served: without comments and spaces, compressed where the browser can. On
 * the main host it speaks to the host that it came from; on a custom domain, which has no API, to
 * the origin of PUBLIC_URL.
 */
export function createClientScript({ publicUrl, namespaceOf }: ClientScriptDeps) {
  let minified: string | undefined
  const variants = new Map<string, Variant>()

  function variantFor(home: string): Variant {
    const known = variants.get(home)
    if (known) return known
    // Made when first asked for: the start does not wait for it.
    minified ??= new Bun.Transpiler({ loader: 'js', minifyWhitespace: true }).transformSync(source)
    const text = minified.replace('__HOME__', home)
    const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22)
    // Weak: the same for the text and its compressed form.
    const variant = { text, gzipped: Bun.gzipSync(text), etag: `W/"${hash}"` }
    variants.set(home, variant)
    return variant
  }

  return {
    /** The script for the host of `request`; 304 for the ETag that the browser has. */
    answer(request: Request): Response {
      const isMain = namespaceOf(new URL(request.url).host) === ''
      const { text, gzipped, etag } = variantFor(isMain ? '' : publicUrl())
      const headers = {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}, stale-while-revalidate=86400`,
        'Access-Control-Allow-Origin': '*',
        // Pages that isolate themselves (COEP) load only what says that it is for everyone.
        'Cross-Origin-Resource-Policy': 'cross-origin',
        ETag: etag,
        Vary: 'Accept-Encoding',
      }
      const held = request.headers.get('if-none-match')?.split(',') ?? []
      if (held.some((tag) => tag.trim() === etag || tag.trim() === '*')) {
        return new Response(null, { status: 304, headers })
      }
      if (!request.headers.get('accept-encoding')?.includes('gzip')) {
        return new Response(text, { headers })
      }
      return new Response(gzipped, { headers: { ...headers, 'Content-Encoding': 'gzip' } })
    },
  }
}
