import { HOUR } from '../../core/clock'
import { headerOf } from '../../core/header'
import type { OutboundResponse } from '../../platform/exchange'
import type { EngineFailure, FailureKind } from './answer'

const MESSAGE = {
  rate_limited: 'The engine asks for fewer questions.',
  quota_exhausted: 'The account with the engine has no credit left: top it up with the provider.',
  overloaded: 'The engine is overloaded.',
  unauthorized: 'The engine refused the key: check the key and what it may do.',
  rejected: 'The engine refused the request: check the configured model and base URL.',
  server_error: 'The engine failed.',
  unreachable: 'The engine could not be reached.',
  timeout: 'The engine did not answer in time.',
  too_large: 'The engine answered more than is accepted.',
  malformed: 'The engine answered something that is no answer.',
  canceled: 'The question was withdrawn.',
} as const satisfies Record<FailureKind, string>

const RETRYABLE: ReadonlySet<FailureKind> = new Set([
  ...(['rate_limited', 'overloaded', 'server_error', 'unreachable'] as const),
  ...(['timeout', 'malformed', 'canceled'] as const),
])

/** Without an answer nobody knows whether the work was done. */
const UNKNOWN_OUTCOME: ReadonlySet<FailureKind> = new Set([
  ...(['server_error', 'timeout', 'too_large', 'malformed', 'canceled'] as const),
])

const RETRY_AFTER_MAX_MS = 24 * HOUR

/** A failure of that kind, with what is known beside it. */
export function failureOf(
  kind: FailureKind,
  known: Partial<Pick<EngineFailure, 'httpStatus' | 'retryAfterMs' | 'mayHaveCost'>> = {},
): EngineFailure {
  const { httpStatus = null, retryAfterMs = null } = known
  return {
    ...{ kind, message: MESSAGE[kind], httpStatus, retryAfterMs },
    isRetryable: RETRYABLE.has(kind),
    mayHaveCost: known.mayHaveCost ?? UNKNOWN_OUTCOME.has(kind),
  }
}

/** Why the request itself failed. Nothing was asked where no connection was made. */
export function failureOfError(error: unknown): EngineFailure {
  const isOutbound = error instanceof Error && error.name === 'OutboundError' && 'reason' in error
  const reason = isOutbound ? String(error.reason) : 'unsendable'
  switch (reason) {
    case 'timeout':
      return failureOf('timeout')
    case 'aborted':
      return failureOf('canceled')
    case 'reset':
      return failureOf('unreachable', { mayHaveCost: true })
    case 'bad_response':
      return failureOf('malformed')
    case 'too_large':
      return failureOf('too_large')
    case 'dns':
    case 'refused':
    case 'unreachable':
    case 'tls':
      return failureOf('unreachable')
    default:
      return failureOf('rejected')
  }
}

/** The words by which providers name what went wrong, in a body or an error inside a 200. */
const KIND_OF_WORD: Readonly<Record<string, FailureKind>> = {
  insufficient_quota: 'quota_exhausted',
  billing_error: 'quota_exhausted',
  rate_limit_exceeded: 'rate_limited',
  rate_limit_error: 'rate_limited',
  RESOURCE_EXHAUSTED: 'rate_limited',
  overloaded_error: 'overloaded',
  UNAVAILABLE: 'overloaded',
  authentication_error: 'unauthorized',
  permission_error: 'unauthorized',
  invalid_api_key: 'unauthorized',
  API_KEY_INVALID: 'unauthorized',
  UNAUTHENTICATED: 'unauthorized',
  PERMISSION_DENIED: 'unauthorized',
  invalid_request_error: 'rejected',
  invalid_request: 'rejected',
  invalid_prompt: 'rejected',
  not_found_error: 'rejected',
  server_error: 'server_error',
  api_error: 'server_error',
  timeout_error: 'server_error',
  INTERNAL: 'server_error',
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 402) return 'quota_exhausted'
  if (status === 429) return 'rate_limited'
  // 529 is Anthropic's for all of its customers together.
  if (status === 503 || status === 529) return 'overloaded'
  if (status >= 500 || status === 408) return 'server_error'
  return status >= 400 ? 'rejected' : 'malformed'
}

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** Every word of an error that could name its kind, the most exact first. */
function wordsOf(error: Json): string[] {
  const details = Array.isArray(error.details) ? error.details.filter(isObject) : []
  const words = [...details.map(({ reason }) => reason), error.code, error.type, error.status]
  return words.filter((word) => typeof word === 'string')
}

/** Google says in the body how long to wait: `{"@type": "…RetryInfo", "retryDelay": "12.5s"}`. */
function retryDelayMs(error: Json): number | null {
  const details = Array.isArray(error.details) ? error.details.filter(isObject) : []
  for (const { retryDelay } of details) {
    const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(String(retryDelay)) ?? []
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000)
  }
  return null
}

/** `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), or OpenAI's in milliseconds. */
function retryAfterMs(headers: OutboundResponse['headers'], nowMs: number): number | null {
  const textOf = (wanted: string) => headerOf(headers, wanted)?.trim()
  const exact = textOf('retry-after-ms')
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact)) return Math.ceil(Number(exact))
  const text = textOf('retry-after')
  if (text === undefined) return null
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000)
  const at = text.endsWith('GMT') ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}

/** Why an answer of the provider is none, by its error object, its status and its headers. */
export function failureOfReply(
  { status, headers }: Pick<OutboundResponse, 'status' | 'headers'>,
  body: unknown,
  nowMs: number,
): EngineFailure {
  const error = isObject(body) && isObject(body.error) ? body.error : {}
  const word = wordsOf(error).find((name) => Object.hasOwn(KIND_OF_WORD, name))
  const named = word === undefined ? undefined : KIND_OF_WORD[word]
  // Perplexity puts an HTTP status into an error inside a 200.
  const told = status < 300 && typeof error.code === 'number' ? error.code : status
  const kind = outOfCredit(error) ? 'quota_exhausted' : (named ?? kindOfStatus(told))
  const wait = retryAfterMs(headers, nowMs) ?? retryDelayMs(error)
  return failureOf(kind, {
    httpStatus: status,
    retryAfterMs: wait === null ? null : Math.min(wait, RETRY_AFTER_MAX_MS),
  })
}

/** Anthropic says so in the sentence of a 400 alone. */
const outOfCredit = ({ type, message }: Json): boolean =>
  type === 'invalid_request_error' && /credit balance is too low/i.test(String(message))
