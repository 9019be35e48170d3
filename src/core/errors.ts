/** Every way in which a request can be refused, and its HTTP status. A new code needs a status. */
export const ERROR_STATUS = {
  validation_failed: 400,
  invalid_url: 400,
  invalid_slug: 400,
  invalid_domain: 400,
  invalid_site_url: 400,
  invalid_token: 400,
  unauthorized: 401,
  needs_2fa: 401,
  limit_reached: 402,
  forbidden: 403,
  plan_feature_required: 403,
  account_blocked: 403,
  not_found: 404,
  method_not_allowed: 405,
  slug_taken: 409,
  already_exists: 409,
  conflict: 409,
  in_progress: 409,
  idempotency_mismatch: 409,
  gone: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof ERROR_STATUS

export type FieldIssue = { field: string; message: string }

/** The plan to move to, as the seeds show it. */
export type Recommendation = { name: string; priceMonthly: number; linkLimit: number | null }

export type AppErrorOptions = {
  /** The first failing path of the input, in dots: `events.0`. */
  field?: string | undefined
  details?: readonly FieldIssue[] | undefined
  /** The cheapest plan that would allow it; null on the top plan. Only with 402 and plan features. */
  recommend?: Recommendation | null | undefined
  feature?: string | undefined
  /** Whole seconds, at least 1. */
  retryAfterSeconds?: number | undefined
  /** Methods that the path does answer. Only with `method_not_allowed`. */
  allow?: readonly string[] | undefined
  cause?: unknown
}

/**
 * A refusal that may be shown to the caller: a code of {@link ERROR_STATUS} and a sentence for
 * people that says what to do. What happened inside travels in `cause` and is only logged.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly options: AppErrorOptions

  constructor(code: ErrorCode, publicMessage: string, options: AppErrorOptions = {}) {
    super(publicMessage, { cause: options.cause })
    this.code = code
    this.options = options
  }

  get status(): number {
    return ERROR_STATUS[this.code]
  }
}

/** A fault of the operator's set-up: the process ends with this sentence, which says what to do. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError'
}

/** `not_found` for a noun that names what was looked for. */
export function notFound(noun: string): AppError {
  const where = noun === 'workspace' ? '' : ' in this workspace'
  return new AppError('not_found', `There is no such ${noun}${where}.`)
}

/** A 400 for one field, with a code more exact than `validation_failed` where there is one. */
export function invalid(
  field: string,
  message: string,
  code: ErrorCode = 'validation_failed',
): AppError {
  return new AppError(code, message, { field, details: [{ field, message }] })
}
