import { Elysia } from 'elysia'
import { AppError, invalid } from '../../core/errors'
import { readForm } from '../../http/form'
import { LIMITS, type RateGate } from '../../http/rate-limit'
import { contextOf } from '../../http/request-context'
import { CHECK_URLS_MAX, type CheckedUrl, toBacklinkChecks, toCheckResult } from './check-schema'
import { evidenceCsv } from './evidence-csv'
import type { BegunCheck, PublicCheck } from './public-check'
import { userAgentOf } from './sending'
import { type ShownResult, shownResult, summaryOf, waitingResult } from './shown-result'
import {
  csvHref,
  type Outcome,
  type Problem,
  TOOL_NOTES,
  type Typed,
  toolForm,
  toolResults,
} from './tool-page'

/** A page in the shell of all pages; `main` is safe HTML. */
export type Shell = (
  page: { name: string; title: string; main: string; script: 'backlink-check.js' },
  answer?: { status: number; headers: Record<string, string> },
) => Response

export type BacklinkPageRoutesDeps = {
  rates: Pick<RateGate, 'spendForAddress'>
  publicCheck: Pick<PublicCheck, 'begin'>
  publicUrl: () => string
  shell: Shell
}

/** 25 addresses of 2 048 characters, percent-encoded, and the domain. */
const FORM_BYTES_MAX = 192 * 1024
const URL_CHARACTERS_MAX = 2_048
const STREAM = 'application/x-ndjson'
const TITLE = 'Backlink check · Linkstead'

const EMPTY: Typed = { domain: '', urls: '' }

async function typedOf(request: Request): Promise<Typed> {
  const form = await readForm(request, FORM_BYTES_MAX)
  if (form === 'not_a_form') {
    throw new AppError('unsupported_media_type', 'Send the form of this page.')
  }
  if (form === 'too_large') {
    throw new AppError(
      'payload_too_large',
      `At most ${CHECK_URLS_MAX} pages can be checked at once.`,
    )
  }
  return { domain: form.get('domain') ?? '', urls: form.get('urls') ?? '' }
}

/** The addresses that were typed, each once. Throws `validation_failed`. */
function urlsOf({ urls }: Typed): string[] {
  const lines = [...new Set(urls.split('\n').map((line) => line.trim()))].filter(
    (line) => line !== '',
  )
  const refuse = (message: string): AppError => invalid('urls', message)
  if (lines.length === 0) throw refuse('Give the address of at least one page.')
  if (lines.length > CHECK_URLS_MAX) {
    throw refuse(`These are ${lines.length} pages. Check at most ${CHECK_URLS_MAX} at once.`)
  }
  if (lines.some((line) => line.length > URL_CHARACTERS_MAX)) {
    throw refuse(`An address may have at most ${URL_CHARACTERS_MAX} characters.`)
  }
  return lines
}

/** What the script of the page is told, a line at a time. */
type Line =
  | { domain: string; results: ShownResult[] }
  | { index: number; result: ShownResult }
  | { outcome: Outcome }

function outcomeOf(domain: string, checked: readonly CheckedUrl[], userAgent: string): Outcome {
  const summary = summaryOf(toBacklinkChecks(domain, checked))
  return { summary, href: csvHref(evidenceCsv(checked, userAgent)) }
}

/** A check as lines of JSON: each result when it comes, and the outcome last. */
function streamOf({ domain, checked }: BegunCheck, urls: readonly string[], userAgent: string) {
  const encoder = new TextEncoder()
  let isRead = true
  return new ReadableStream({
    async start(controller) {
      const send = (line: Line): void => {
        if (isRead) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
      }
      send({ domain, results: urls.map(waitingResult) })
      for (const [index, page] of checked.entries()) {
        void page.then((one) => send({ index, result: shownResult(toCheckResult(one)) }))
      }
      send({ outcome: outcomeOf(domain, await Promise.all(checked), userAgent) })
      if (isRead) controller.close()
    },
    cancel() {
      isRead = false
    },
  })
}

/** `/tools/backlink-check`: the public check for people, with scripts or without. */
export const backlinkPageRoutes = (deps: BacklinkPageRoutesDeps) => {
  const { rates, publicCheck, publicUrl, shell } = deps
  const page = (parts: string[], error?: AppError): Response => {
    const { retryAfterSeconds } = error?.options ?? {}
    const headers: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
    const main = parts.join('\n')
    const title = error ? `Try again: ${TITLE}` : TITLE
    return shell(
      { name: 'backlink-check', title, main, script: 'backlink-check.js' },
      { status: error?.status ?? 200, headers },
    )
  }

  async function begin(request: Request, typed: Typed) {
    await rates.spendForAddress(contextOf(request), LIMITS.check)
    const urls = urlsOf(typed)
    if (typed.domain.trim() === '') throw invalid('domain', 'Give the domain that is linked to.')
    return { urls, begun: publicCheck.begin(typed.domain, urls) }
  }

  async function answerPage(request: Request): Promise<Response> {
    let typed = EMPTY
    try {
      typed = await typedOf(request)
      const { begun } = await begin(request, typed)
      const checked = await Promise.all(begun.checked)
      const outcome = outcomeOf(begun.domain, checked, userAgentOf(publicUrl()))
      const shown = checked.map((one) => shownResult(toCheckResult(one)))
      return page([toolForm(typed), toolResults(begun.domain, shown, outcome), TOOL_NOTES])
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const problem: Problem = { field: error.options.field ?? null, message: error.message }
      return page([toolForm(typed, problem), TOOL_NOTES], error)
    }
  }

  async function answerStream(request: Request): Promise<Response> {
    const { urls, begun } = await begin(request, await typedOf(request))
    const headers = { 'Content-Type': STREAM, 'X-Accel-Buffering': 'no' }
    return new Response(streamOf(begun, urls, userAgentOf(publicUrl())), { headers })
  }

  return new Elysia({ name: 'features/backlinks/page', prefix: '/tools', detail: { hide: true } })
    .get('/backlink-check', () => page([toolForm(EMPTY), TOOL_NOTES]))
    .post(
      '/backlink-check',
      ({ request }) =>
        request.headers.get('accept')?.includes(STREAM)
          ? answerStream(request)
          : answerPage(request),
      { parse: 'none' },
    )
}
