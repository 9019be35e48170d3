import { createHash } from 'node:crypto'
import { SECOND } from '../../core/clock'
import { headerOf } from '../../core/header'
import type { OutboundResponse } from '../../platform/exchange'
import type { Internet } from '../../platform/internet'
import type { FormDraft } from './draft'
import type { Evidence } from './evidence'
import { pageText } from './page-text'

const TIMEOUT_MS = 20 * SECOND
const BODY_BYTES_MAX = 262_144
const HOPS_MAX = 5
const SNIPPET_LENGTH = 300
const SCHEMES = ['https', 'http'] as const

/** Failures of which it is sure that the form had not been sent yet. */
const BEFORE_SENDING: ReadonlySet<unknown> = new Set([
  ...['invalid_url', 'invalid_request', 'forbidden_address', 'dns', 'refused', 'unreachable'],
])

/** What became of a form that was sent once. */
export type FormOutcome =
  | { kind: 'confirmed'; evidence: Evidence }
  | { kind: 'not_sent' | 'unknown_outcome'; message: string }
  | { kind: 'refused' | 'unconfirmed'; message: string; evidence: Evidence }

type Landed = { url: string; answer: OutboundResponse }

/** Posts forms, each exactly once: whatever happens, nothing is sent a second time. */
export function createFormSender({ internet }: { internet: Pick<Internet, 'request'> }) {
  const ask = { timeoutMs: TIMEOUT_MS, responseBytesMax: BODY_BYTES_MAX }

  /** Where a redirect after the POST leads by GET (RFC 9110 §15.4); null for any other answer. */
  function nextOf({ url, answer }: Landed): string | null {
    if (![301, 302, 303].includes(answer.status)) return null
    const location = headerOf(answer.headers, 'location')
    return location && URL.canParse(location, url) ? new URL(location, url).href : null
  }

  /** The page that the sender of a form ends up at, as far as it can be reached. */
  async function follow(first: Landed, userAgent: string, signal: AbortSignal): Promise<Landed> {
    let landed = first
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const url = nextOf(landed)
      if (url === null) return landed
      try {
        const headers = { 'user-agent': userAgent, accept: 'text/html' }
        const request = { ...ask, url, method: 'GET' as const, headers, schemes: SCHEMES, signal }
        landed = { url, answer: await internet.request(request) }
      } catch {
        return landed
      }
    }
    return landed
  }

  /** Sends a form and judges the answer by the words that confirm. Never rejects. */
  return async function sendForm(draft: FormDraft, signal: AbortSignal): Promise<FormOutcome> {
    const { url, method, headers, body, success_text } = draft
    let answer: OutboundResponse
    try {
      answer = await internet.request({ ...ask, url, method, headers, body, signal })
    } catch (error) {
      const reason = error instanceof Error && 'reason' in error ? error.reason : undefined
      const said = error instanceof Error ? error.message : 'The request failed.'
      if (BEFORE_SENDING.has(reason)) return { kind: 'not_sent', message: said }
      const message = `${said} Whether the directory has it is not known: look there before it is sent again.`
      return { kind: 'unknown_outcome', message }
    }
    const landed = await follow({ url, answer }, headers['user-agent'] ?? '', signal)
    return judged(landed, success_text)
  }
}

function judged({ url, answer }: Landed, successText: string): FormOutcome {
  const text = pageText(new TextDecoder().decode(answer.body))
  const evidence: Evidence = {
    ...{ final_url: url, http_status: answer.status, snippet: text.slice(0, SNIPPET_LENGTH) },
    sha256: createHash('sha256').update(answer.body).digest('hex'),
  }
  const isFine = answer.status >= 200 && answer.status < 300
  if (isFine && text.includes(successText.replace(/\s+/g, ' ').trim())) {
    return { kind: 'confirmed', evidence }
  }
  if (answer.status >= 400) {
    return { kind: 'refused', message: `The directory answered ${answer.status}.`, evidence }
  }
  const message = 'The answer does not have the words of a confirmation. Look at what it says.'
  return { kind: 'unconfirmed', message, evidence }
}
