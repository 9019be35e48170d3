import { AppError, ERROR_STATUS, type ErrorCode, type FieldIssue } from '../core/errors'
import type { Logger } from '../platform/logger'
import { contextOf, type RequestContext } from './request-context'

/** How the member `error` of the envelope looks; a property of the route group (contract §1). */
export type ErrorForm = 'code' | 'sentence' | 'object'

export type ErrorGroups = readonly { prefix: string; form: ErrorForm }[]

/** Standard Schema issues as Elysia hands them over. */
type ValidationFailure = {
  type: string
  all: readonly { path?: string; message?: string; summary?: string }[]
}

const isValidationFailure = (error: unknown): error is Error & ValidationFailure =>
  error instanceof Error && 'all' in error && Array.isArray(error.all) && 'type' in error

/** Any thrown thing as an {@link AppError}: what is not meant for the caller becomes `internal`. */
export function normaliseError(error: unknown, elysiaCode: string | number): AppError {
  if (error instanceof AppError) return error
  if (elysiaCode === 'NOT_FOUND') {
    return new AppError('not_found', 'There is nothing at this address. See /docs for the API.')
  }
  if (elysiaCode === 'PARSE') {
    return new AppError('validation_failed', 'The body is not valid JSON.', { cause: error })
  }
  if (isValidationFailure(error)) {
    if (error.type === 'response') return internal(error)
    return validationError(error)
  }
  return internal(error)
}

function internal(cause: unknown): AppError {
  return new AppError('internal', 'Something went wrong on our side. It has been logged.', {
    cause,
  })
}

const validationError = (failure: ValidationFailure): AppError =>
  notValid(
    failure.all.map((issue) => ({
      field: (issue.path ?? '').replace(/^\//, '').replaceAll('/', '.'),
      message: issue.message ?? issue.summary ?? 'Invalid value.',
    })),
  )

/** `validation_failed` for what a schema finds wrong, in the order in which it does. */
export function notValid(details: readonly FieldIssue[]): AppError {
  const first = details[0]
  const where = first?.field ? `"${first.field}": ` : ''
  const sentence = first ? `${where}${first.message}` : 'The request is not valid.'
  return new AppError('validation_failed', sentence.endsWith('.') ? sentence : `${sentence}.`, {
    field: first?.field,
    details,
  })
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  validation_failed: 'The request is not valid',
  unauthorized: 'Not signed in',
  limit_reached: 'Plan limit reached',
  rate_limited: 'Too many requests',
}

export type ErrorEncoderDeps = { logger: Logger; groups: ErrorGroups }

/** The one place where an error becomes an answer. */
export function createErrorEncoder({ logger, groups }: ErrorEncoderDeps) {
  const formOf = (path: string): ErrorForm => {
    const group = groups.find(
      ({ prefix }) => path === prefix || path.startsWith(`${prefix}/`) || path === `${prefix}.csv`,
    )
    return group?.form ?? 'code'
  }

  /** Answers `request` with the envelope of `error`; logs what is our own fault. */
  return function encode(request: Request, error: AppError): Response {
    const context = contextOf(request)
    const { id, path } = context
    logFault(logger, context, error)
    const wantsProblem = request.headers.get('accept')?.includes('application/problem+json')
    const headers = new Headers({
      'Content-Type': wantsProblem ? 'application/problem+json' : 'application/json',
    })
    const { retryAfterSeconds, allow } = error.options
    if (retryAfterSeconds !== undefined) headers.set('Retry-After', String(retryAfterSeconds))
    if (allow) headers.set('Allow', allow.join(', '))
    // RFC 9110 §15.5.2: a 401 names a way in.
    if (error.status === ERROR_STATUS.unauthorized) headers.set('WWW-Authenticate', 'Bearer')
    const envelope = toEnvelope(error, id, formOf(path))
    const body = wantsProblem
      ? {
          type: 'about:blank',
          title: TITLES[error.code] ?? error.code.replaceAll('_', ' '),
          detail: error.message,
          instance: path,
          ...envelope,
        }
      : envelope
    return new Response(JSON.stringify(body), { status: error.status, headers })
  }
}

/** Logs what is our own fault. */
export function logFault(logger: Logger, { id, path }: RequestContext, error: AppError): void {
  if (error.status < 500) return
  logger.error(error.message, { requestId: id, path, code: error.code, cause: error.cause })
}

/** The envelope of contract §1; `error` in the form of its route group. */
export function toEnvelope(
  error: AppError,
  requestId: string,
  form: ErrorForm = 'code',
): Record<string, unknown> {
  const { field, details, recommend, feature, retryAfterSeconds } = error.options
  const forms: Record<ErrorForm, unknown> = {
    code: error.code,
    sentence: error.message,
    object: { code: error.code, field: field ?? null, details: error.message },
  }
  return {
    status: ERROR_STATUS[error.code],
    code: error.code,
    error: forms[form],
    message: error.message,
    field: field ?? null,
    details: details ?? null,
    requestId,
    ...(recommend !== undefined ? { recommend } : {}),
    ...(feature !== undefined ? { feature } : {}),
    ...(retryAfterSeconds !== undefined ? { retryAfter: retryAfterSeconds } : {}),
  }
}
