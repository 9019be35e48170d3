import { SCOPES } from '../core/access'
import { EVENTS, SUBSCRIBABLE_EVENTS } from '../core/events'
import { escapeHtml } from '../core/html'
import { type AssetName, assetUrl } from './assets'
import account from './pages/account.html' with { type: 'text' }
import actions from './pages/actions.html' with { type: 'text' }
import backlinks from './pages/backlinks.html' with { type: 'text' }
import invite from './pages/invite.html' with { type: 'text' }
import landing from './pages/landing.html' with { type: 'text' }
import login from './pages/login.html' with { type: 'text' }
import notFound from './pages/not-found.html' with { type: 'text' }
import projects from './pages/projects.html' with { type: 'text' }
import reset from './pages/reset.html' with { type: 'text' }
import setup from './pages/setup.html' with { type: 'text' }
import shell from './pages/shell.html' with { type: 'text' }
import signup from './pages/signup.html' with { type: 'text' }
import verify from './pages/verify.html' with { type: 'text' }

type Page = { title: string; main: unknown; script: AssetName }

// `unknown`: these imports are strings, but the compiler takes them for Bun's HTML bundles.
const PAGES = {
  landing: { title: 'Linkstead', main: landing, script: 'landing.js' },
  setup: { title: 'Set up · Linkstead', main: setup, script: 'doors.js' },
  login: { title: 'Sign in · Linkstead', main: login, script: 'doors.js' },
  signup: { title: 'Create an account · Linkstead', main: signup, script: 'doors.js' },
  invite: { title: 'Invitation · Linkstead', main: invite, script: 'doors.js' },
  verify: { title: 'Confirm your e-mail · Linkstead', main: verify, script: 'doors.js' },
  reset: { title: 'Reset the password · Linkstead', main: reset, script: 'doors.js' },
  account: { title: 'Account · Linkstead', main: account, script: 'account.js' },
  projects: { title: 'Projects · Linkstead', main: projects, script: 'projects.js' },
  backlinks: { title: 'Backlinks · Linkstead', main: backlinks, script: 'backlinks.js' },
  actions: { title: 'Actions · Linkstead', main: actions, script: 'actions.js' },
  'not-found': { title: 'Not found · Linkstead', main: notFound, script: 'landing.js' },
} as const satisfies Record<string, Page>

export type PageName = keyof typeof PAGES

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Addresses of these pages carry one-time tokens, hence neither referrer nor cache. */
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

/** A whole page; `facts` fill the `{{name}}` places of its template, escaped. */
export function pageResponse(name: PageName, facts: Record<string, string>, status = 200) {
  const page = PAGES[name]
  const safeFacts = Object.fromEntries(
    Object.entries(facts).map(([place, text]) => [place, escapeHtml(text)]),
  )
  const main = fill(page.main, { ...safeFacts, scopes: SCOPE_CHOICES, events: EVENT_CHOICES })
  const { title, script } = page
  return shellResponse({ name, title, script, main, version: facts.version ?? '' }, { status })
}

export type ShellPage = {
  /** What style sheets and scripts know it by. */
  name: string
  title: string
  script: AssetName
  /** Safe HTML. */
  main: string
  version: string
}

/** What stands around every page: its head, its foot, and what it may load. */
export function shellResponse(
  { name, title, script, main, version }: ShellPage,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const html = fill(shell, {
    ...{ title: escapeHtml(title), page: name, main, version: escapeHtml(version) },
    ...{ script: assetUrl(script), style: assetUrl('style.css'), icon: assetUrl('icon.svg') },
  })
  return new Response(html, { status, headers: { ...HEADERS, ...headers } })
}

/** Throws for a place that nothing fills. */
function fill(template: unknown, places: Record<string, string>): string {
  return String(template).replace(/\{\{(\w+)\}\}/g, (_, place: string) => {
    const html = places[place]
    if (html === undefined) throw new Error(`Nothing fills {{${place}}} of a page.`)
    return html
  })
}

const choice = (name: string, value: string, title = ''): string =>
  `<label class="choice"${title && ` title="${escapeHtml(title)}"`}>` +
  `<input type="checkbox" name="${name}" value="${value}"> <code>${value}</code></label>`

const SCOPE_CHOICES = SCOPES.map((scope) => choice('scopes', scope)).join('\n')

const EVENT_CHOICES = SUBSCRIBABLE_EVENTS.map((event) =>
  choice('events', event, EVENTS[event].summary),
).join('\n')
