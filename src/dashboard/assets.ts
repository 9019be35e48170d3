import { createHash } from 'node:crypto'
import account from './assets/account.js' with { type: 'text' }
import api from './assets/api.js' with { type: 'text' }
import controls from './assets/controls.css' with { type: 'text' }
import doors from './assets/doors.js' with { type: 'text' }
import elements from './assets/elements.js' with { type: 'text' }
import forms from './assets/forms.js' with { type: 'text' }
import icon from './assets/icon.svg' with { type: 'text' }
import keys from './assets/keys.js' with { type: 'text' }
import landing from './assets/landing.js' with { type: 'text' }
import links from './assets/links.js' with { type: 'text' }
import security from './assets/security.js' with { type: 'text' }
import style from './assets/style.css' with { type: 'text' }
import webhooks from './assets/webhooks.js' with { type: 'text' }

const FILES = {
  'account.js': account,
  'api.js': api,
  'doors.js': doors,
  'elements.js': elements,
  'forms.js': forms,
  'icon.svg': icon,
  'keys.js': keys,
  'landing.js': landing,
  'links.js': links,
  'security.js': security,
  'style.css': `${style}\n${controls}`,
  'webhooks.js': webhooks,
} as const satisfies Record<string, string>

export type AssetName = keyof typeof FILES

export const ASSET_NAMES = Object.keys(FILES) as AssetName[]

const CONTENT_TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** One hash of all files: modules import each other, so they are one release. */
const VERSION = createHash('sha256').update(JSON.stringify(FILES)).digest('base64url').slice(0, 12)

/** Where a page finds the file; the address changes with the content. */
export const assetUrl = (name: AssetName): string => `/assets/${name}?v=${VERSION}`

const compressed = new Map<AssetName, Uint8Array<ArrayBuffer>>()

/** The file itself: kept for a year under its versioned address, for five minutes elsewhere. */
export function serveAsset(name: AssetName, request: Request): Response {
  const isVersioned = new URL(request.url).searchParams.get('v') === VERSION
  const headers = {
    'Content-Type': CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain',
    'Cache-Control': isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=300',
    // An image opened by itself is a document, and this one needs nothing.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Accept-Encoding',
  }
  if (!request.headers.get('accept-encoding')?.includes('gzip')) {
    return new Response(textOf(name), { headers })
  }
  const bytes = compressed.get(name) ?? Bun.gzipSync(textOf(name))
  compressed.set(name, bytes)
  return new Response(bytes, { headers: { ...headers, 'Content-Encoding': 'gzip' } })
}

/** Modules name their siblings with the version too, so that a cache never mixes releases. */
const textOf = (name: AssetName): string =>
  FILES[name].replace(/from '\.\/([a-z]+\.js)'/g, `from './$1?v=${VERSION}'`)
