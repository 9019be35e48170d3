import { createHash } from 'node:crypto'
import type { Browser } from '../../platform/browser'
import type { BrowserError } from '../../platform/browser-error'
import type { BrowserPage, OpenedPage, Viewport } from '../../platform/browser-page'
import { PageFacts, PROBE } from './facts'
import type { JudgedPicture } from './judging'
import { type Loads, type Measures, measure } from './measures'
import type { Capture, MeasuredReason, SeenPage } from './table'

export const DESKTOP: Viewport = { width: 1440, height: 900, mobile: false }
export const PHONE: Viewport = { width: 390, height: 844, mobile: true }
const PICTURE_HEIGHT_MAX = 6_000
const SETTLE_MS = 8_000
/** For both viewports and everything that is done in them. */
const VISIT_MS = 60_000

/** What a visit brought home. */
export type Visit = {
  page: SeenPage | null
  captures: Capture[]
  pictures: JudgedPicture[]
  measured: Measures | null
  reason: MeasuredReason | null
}

export type VisitDeps = {
  browser: Pick<Browser, 'visit'>
  /** Whether an answer is the challenge of a bot wall in place of the page. */
  isBotWall: (
    status: number,
    headers: readonly (readonly [string, string])[],
    html: string,
    textLength: number,
  ) => boolean
  /** Whether a picture that a page names is there; null where that could not be seen. */
  loads: (url: string, signal: AbortSignal) => Promise<Loads>
}

const REASONS: Readonly<Record<BrowserError['reason'], MeasuredReason>> = {
  no_browser: 'no_browser',
  no_sandbox: 'no_sandbox',
  timeout: 'timeout',
  memory: 'too_large',
  too_large: 'too_large',
  ended: 'browser_failed',
  crashed: 'browser_failed',
  protocol: 'browser_failed',
  aborted: 'interrupted',
}

/** The error of a browser, told by its name: features know the platform by its types alone. */
const isBrowserError = (error: unknown): error is BrowserError =>
  error instanceof Error && error.name === 'BrowserError'

/** Why a document cannot be measured; null when it can. */
function refusalOf({ failure, status, mimeType }: OpenedPage): MeasuredReason | null {
  if (failure === 'timeout') return 'timeout'
  if (failure === 'net::ERR_ABORTED') return 'not_html'
  if (failure !== null || status === null) return 'unreachable'
  if (mimeType !== 'text/html' && mimeType !== 'application/xhtml+xml') return 'not_html'
  return status >= 400 ? 'http_error' : null
}

const NOTHING = { captures: [], pictures: [], measured: null }

/** An address as a page names it, made whole; null for one that is none. */
const absolute = (path: string, base: string): string | null =>
  URL.canParse(path, base) ? new URL(path, base).href : null

async function photograph(page: BrowserPage, name: Capture['name']) {
  const { bytes, width, height } = await page.picture(PICTURE_HEIGHT_MAX)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const mediaType = 'image/jpeg' as const
  const capture = { name, mediaType, width, height, sha256, bytes: bytes.length }
  return { capture, picture: { bytes, mediaType } }
}

/** Looks at pages in a real browser. */
export function createVisits({ browser, isBotWall, loads }: VisitDeps) {
  /** Null for a page that makes nonsense of itself. */
  const factsOf = async (page: BrowserPage): Promise<PageFacts | null> =>
    PageFacts.safeParse(await page.evaluate(PROBE)).data ?? null

  const isChallenge = ({ status, headers }: OpenedPage, { html, textLength }: PageFacts) =>
    isBotWall(status ?? 0, Object.entries(headers), html, textLength)

  async function picturesLoad({ icon, ogImage, baseUrl }: PageFacts, signal: AbortSignal) {
    const loadsAt = async (path: string | null): Promise<Loads> => {
      const url = path === null ? null : absolute(path, baseUrl)
      return url !== null && (await loads(url, signal))
    }
    // Browsers ask for this one where a page names none (WHATWG HTML, 4.6.7.8).
    const [ofIcon, ofImage] = [loadsAt(icon ?? '/favicon.ico'), loadsAt(ogImage)]
    return { icon: await ofIcon, ogImage: await ofImage }
  }

  /** The same page on a phone, beside what is known of it already. */
  async function lookAgain(
    page: BrowserPage,
    url: string,
    desktop: PageFacts,
    signal: AbortSignal,
  ): Promise<Omit<Visit, 'page'> & { settled: boolean }> {
    const wide = await photograph(page, 'desktop')
    const opened = await page.open(url, PHONE, SETTLE_MS)
    const refusal = refusalOf(opened)
    const phone = refusal === null ? await factsOf(page) : null
    if (phone === null) {
      const half = { captures: [wide.capture], pictures: [wide.picture], measured: null }
      return { ...half, settled: opened.settled, reason: refusal ?? 'browser_failed' }
    }
    const narrow = await photograph(page, 'phone')
    return {
      captures: [wide.capture, narrow.capture],
      pictures: [wide.picture, narrow.picture],
      measured: measure(desktop, phone, await picturesLoad(desktop, signal)),
      ...{ settled: opened.settled, reason: null },
    }
  }

  async function look(page: BrowserPage, url: string, signal: AbortSignal): Promise<Visit> {
    const opened = await page.open(url, DESKTOP, SETTLE_MS)
    const { finalUrl, status, settled } = opened
    const refusal = refusalOf(opened)
    // What an error page says tells a bot wall from a fault.
    const isDocument = refusal === null || refusal === 'http_error'
    const facts = isDocument ? await factsOf(page) : null
    const seen = (isSettled: boolean): SeenPage => ({
      ...{ finalUrl, status, title: facts?.title ?? null, settled: isSettled },
      challenge: facts && isChallenge(opened, facts),
      consentBanner: facts?.consent ?? null,
      refusedConnections: page.traffic().refusals,
    })
    if (facts === null)
      return { ...NOTHING, page: seen(settled), reason: refusal ?? 'browser_failed' }
    const reason = isChallenge(opened, facts) ? 'blocked_page' : refusal
    if (reason !== null) return { ...NOTHING, page: seen(settled), reason }
    const { settled: isSettled, ...found } = await lookAgain(page, url, facts, signal)
    const known = seen(settled && isSettled)
    // What was cut off is not what visitors see.
    if (page.traffic().isSpent) return { ...NOTHING, page: known, reason: 'too_large' }
    return { ...found, page: known }
  }

  return {
    /** Never rejects but for a fault of ours: what went wrong is the reason. */
    async visit(url: string, signal: AbortSignal): Promise<Visit> {
      try {
        const limits = { timeoutMs: VISIT_MS, signal }
        return await browser.visit((page) => look(page, url, signal), limits)
      } catch (error) {
        if (!isBrowserError(error)) throw error
        return { ...NOTHING, page: null, reason: REASONS[error.reason] }
      }
    },
  }
}
