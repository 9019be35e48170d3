import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { toIso } from '../../core/clock'
import { escapeHtml } from '../../core/html'
import type { Database } from '../../platform/database'
import { cardName, summaryOf } from './content'
import { contentPage, type PageParts, previewPage } from './content-page'
import type { HotLink } from './hot-links'
import style from './page/page.css' with { type: 'text' }
import script from './page/page.js' with { type: 'text' }
import { type PasswordProblem, passwordPage, protectedPage } from './password-page'
import { type LinkRow, links } from './table'
import { vcardOf } from './vcard'

export type LinkPages = {
  /** The page of a typed link; undefined for kind url. */
  content(link: HotLink): Response | undefined
  /** The card of a link of kind vcard as a file; undefined for any other kind. */
  card(link: HotLink): Response | undefined
  /** Where a link leads, without following it; of a protected one only that it is. */
  preview(link: HotLink): Response | undefined
  /** The form that asks for a password, sent to `action`: 401, also the first time. */
  password(action: string, problem: PasswordProblem): Response
  /** What pages load: the name behind `/l/`. */
  asset(name: string): Response | undefined
}

const fingerprint = (text: string, algorithm: string): string =>
  createHash(algorithm).update(text).digest('base64')

const VERSION = createHash('sha256').update(script).digest('hex').slice(0, 12)

const policyOf = (formAction: string): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${fingerprint(style, 'sha256')}'`,
    "script-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ')

const POLICY = policyOf("'none'")
/**
 * Browsers hold a form's redirects to it too, and the way goes on to the link's target: with
 * 'self' alone Chromium stops there. The page has one form, and its address is ours.
 */
const FORM_POLICY = policyOf("'self' http: https:")

const HEADERS = {
  'Cache-Control': 'private, no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
  'Referrer-Policy': 'no-referrer',
}

/** Pages behind short links. They read the row anew: payloads would fill the memory of redirects. */
export function createLinkPages({ db }: { db: Database }): LinkPages {
  const rowOf = ({ no }: HotLink): LinkRow | undefined =>
    db.read.select().from(links).where(eq(links.no, no)).get()

  return {
    content(link) {
      const row = rowOf(link)
      const page = row && contentPage(row)
      return page && respond(page)
    },

    card(link) {
      const payload = rowOf(link)?.payload
      if (!payload || !('firstName' in payload)) return undefined
      return new Response(vcardOf(payload), {
        headers: {
          ...HEADERS,
          'Content-Type': 'text/vcard; charset=utf-8',
          'Content-Disposition': attachment(`${cardName(payload)}.vcf`),
        },
      })
    },

    preview(link) {
      const row = rowOf(link)
      if (!row) return undefined
      const created = toIso(row.createdAt).slice(0, 10)
      if (row.passwordHash !== null) return respond(protectedPage(row.slug, created))
      return respond(previewPage(row, created, summaryOf(row.payload)))
    },

    password: (action, problem) =>
      respond(passwordPage(action, problem), {
        status: 401,
        headers: {
          'Content-Security-Policy': FORM_POLICY,
          // RFC 9110 §15.5.2: a 401 names a way in. No browser has a dialog of its own for this one.
          'WWW-Authenticate': 'Form realm="link"',
        },
      }),

    asset(name) {
      if (name !== 'page.js') return undefined
      return new Response(script, {
        headers: {
          'Content-Type': 'text/javascript; charset=utf-8',
          'Cache-Control': 'public, max-age=31536000, immutable',
          'X-Content-Type-Options': 'nosniff',
        },
      })
    },
  }
}

/** A file name for every browser: ASCII, then UTF-8 (RFC 6266 §4.3, RFC 8187 §3.2). */
function attachment(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9 ._-]/g, '_')
  const encoded = encodeURIComponent(name.replace(/[/\\]/g, '_')).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

function respond(
  { title, main }: PageParts,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title><style>${style}</style>
<script type="module" src="/l/page.js?v=${VERSION}"></script></head>
<body><main>${main}</main></body></html>
`
  return new Response(html, {
    status,
    headers: {
      ...HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
      ...headers,
    },
  })
}
