import { createHash } from 'node:crypto'
import account from './assets/account.js' with { type: 'text' }
import actionCard from './assets/action-card.js' with { type: 'text' }
import actions from './assets/actions.js' with { type: 'text' }
import api from './assets/api.js' with { type: 'text' }
import backlinkCard from './assets/backlink-card.js' with { type: 'text' }
import backlinkCheck from './assets/backlink-check.js' with { type: 'text' }
import backlinkEvidence from './assets/backlink-evidence.js' with { type: 'text' }
import backlinkWords from './assets/backlink-words.js' with { type: 'text' }
import backlinks from './assets/backlinks.js' with { type: 'text' }
import cards from './assets/cards.js' with { type: 'text' }
import controls from './assets/controls.css' with { type: 'text' }
import doors from './assets/doors.js' with { type: 'text' }
import elements from './assets/elements.js' with { type: 'text' }
import forms from './assets/forms.js' with { type: 'text' }
import icon from './assets/icon.svg' with { type: 'text' }
import keys from './assets/keys.js' with { type: 'text' }
import landing from './assets/landing.js' with { type: 'text' }
import lastScan from './assets/last-scan.js' with { type: 'text' }
import links from './assets/links.js' with { type: 'text' }
import project from './assets/project.js' with { type: 'text' }
import projects from './assets/projects.js' with { type: 'text' }
import refresh from './assets/refresh.js' with { type: 'text' }
import security from './assets/security.js' with { type: 'text' }
import signedIn from './assets/signed-in.js' with { type: 'text' }
import style from './assets/style.css' with { type: 'text' }
import tables from './assets/tables.css' with { type: 'text' }
import tools from './assets/tools.css' with { type: 'text' }
import webhooks from './assets/webhooks.js' with { type: 'text' }
import workspace from './assets/workspace.js' with { type: 'text' }

const FILES = {
  'account.js': account,
  'action-card.js': actionCard,
  'actions.js': actions,
  'api.js': api,
  'backlink-card.js': backlinkCard,
  'backlink-check.js': backlinkCheck,
  'backlink-evidence.js': backlinkEvidence,
  'backlink-words.js': backlinkWords,
  'backlinks.js': backlinks,
  'cards.js': cards,
  'doors.js': doors,
  'elements.js': elements,
  'forms.js': forms,
  'icon.svg': icon,
  'keys.js': keys,
  'landing.js': landing,
  'last-scan.js': lastScan,
  'links.js': links,
  'project.js': project,
  'projects.js': projects,
  'refresh.js': refresh,
  'security.js': security,
  'signed-in.js': signedIn,
  'style.css': `${style}\n${controls}\n${tables}\n${tools}`,
  'webhooks.js': webhooks,
  'workspace.js': workspace,
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
  FILES[name].replace(/from '\.\/([a-z-]+\.js)'/g, `from './$1?v=${VERSION}'`)
