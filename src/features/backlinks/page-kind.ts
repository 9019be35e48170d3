import { headerOf } from '../../core/header'
import type { PageFacts } from './page-facts'

/** Why a page that was answered is not the page that was asked for. */
export type PageDoubt =
  | 'bot_wall'
  | 'soft_404'
  | 'parked'
  | 'js_required'
  | 'login_required'
  | 'empty_body'

export type KindInput = {
  status: number
  headers: readonly (readonly [string, string])[]
  html: string
  facts: PageFacts
  /** The address asked for, and the one that answered. */
  requestedUrl: string
  finalUrl: string
}

const NOT_FOUND =
  /\b(page|site|listing|article|document|url) (was |could |can)?\s?(not|n't) (be )?found\b|\bpage (does not|doesn't) exist\b|^\s*(error )?404\b|\b404 (error|not found|page)\b|^\s*not found\s*$|seite (wurde )?nicht gefunden|page introuvable|página no encontrada|pagina non trovata|pagina niet gevonden/i

const PARKED =
  /\b(this |the )?domain( name)?( \S+)? (is|may be) (for sale|parked)\b|\bbuy this domain\b|\bparked free\b|\bdomain parking\b|sedoparking|parkingcrew|hugedomains\.com|afternic\.com\/forsale|dan\.com\/buy-domain/i

const WALL =
  /cdn-cgi\/challenge-platform|cf-chl-|_incapsula_resource|awswafcookiedomainlist|gokuprops|errors\.edgesuite\.net|px-captcha|captcha-delivery\.com|just a moment\.\.\.|checking your browser|verify(ing)? you are (a )?human|are you a robot/i
const CAPTCHA = /\b(g-recaptcha|h-captcha|cf-turnstile|captcha)\b/i
const LOGIN_PATH =
  /\/(log-?in|sign-?in|auth|sso|account\/login|users\/sign_in|wp-login\.php)(\/|\.|$)/i

/** Texts shorter than this are walls and shells rather than pages. */
const LITTLE_TEXT = 600

/** Whether an answer is the challenge of a bot wall, by its headers and its little body. */
export function isBotWall(
  status: number,
  headers: KindInput['headers'],
  html: string,
  textLength: number,
): boolean {
  if (headerOf(headers, 'cf-mitigated')?.toLowerCase() === 'challenge') return true
  const isWallStatus = status === 403 || status === 406 || status === 429 || status === 503
  const isSmall = textLength < LITTLE_TEXT
  if (!isWallStatus && !isSmall) return false
  if (status === 202 && isSmall) return true
  return WALL.test(html) || (CAPTCHA.test(html) && (isWallStatus || textLength < 200))
}

function wentToLogin({ requestedUrl, finalUrl }: KindInput): boolean {
  const [from, to] = [new URL(requestedUrl), new URL(finalUrl)]
  return LOGIN_PATH.test(to.pathname) && !LOGIN_PATH.test(from.pathname)
}

/** What speaks against taking a 2xx page for the one that was asked for; null when nothing does. */
export function doubtOf(input: KindInput): PageDoubt | null {
  const { facts, html, status, headers } = input
  if (html.trim() === '') return 'empty_body'
  if (isBotWall(status, headers, html, facts.text.length)) return 'bot_wall'
  if (wentToLogin(input)) return 'login_required'
  if (NOT_FOUND.test(facts.title) || NOT_FOUND.test(facts.heading)) return 'soft_404'
  const isShort = facts.text.length < LITTLE_TEXT
  if (PARKED.test(facts.title) || (isShort && PARKED.test(html))) return 'parked'
  if (facts.text.length < 200 && facts.scripts > 0) {
    const asksForScript = /enable javascript|javascript (is )?required/i.test(facts.noscript)
    if (facts.emptyRoot || asksForScript) return 'js_required'
  }
  if (facts.text === '' && facts.links.length === 0) return 'empty_body'
  return null
}
