import { DestinationError } from './destination'
import { DnsError } from './dns'

/** Why a request to another host has no answer, for logs, metrics and decisions. */
export type OutboundReason =
  | 'invalid_url'
  | 'invalid_request'
  | 'forbidden_address'
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'reset'
  | 'bad_response'
  | 'too_large'
  | 'aborted'

// Blocked, closed, unreachable and silent read the same, so that nobody scans ports through us.
const NOT_REACHED = 'The host could not be reached.'

const PUBLIC_MESSAGE = {
  invalid_url: 'The URL is not one that may be requested.',
  invalid_request: 'The request holds a header that may not be sent.',
  forbidden_address: NOT_REACHED,
  dns: 'The host name does not resolve.',
  refused: NOT_REACHED,
  unreachable: NOT_REACHED,
  timeout: NOT_REACHED,
  tls: 'The host has no valid TLS certificate for its name.',
  reset: 'The host closed the connection before it had answered.',
  bad_response: 'The host did not answer in HTTP.',
  too_large: 'The host sent more header data than is accepted.',
  aborted: 'The request was cancelled.',
} as const satisfies Record<OutboundReason, string>

/**
 * A request without an answer. `message` is fit for the public and never holds an address;
 * `reason` is for our own decisions, and what happened travels in `cause`, which is only logged.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundReason

  constructor(reason: OutboundReason, cause?: unknown) {
    super(PUBLIC_MESSAGE[reason], { cause })
    this.reason = reason
  }
}

const REASON_OF_CODE: Readonly<Record<string, OutboundReason>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  EPROTO: 'tls',
  Malformed_HTTP_Response: 'bad_response',
  InvalidContentLength: 'bad_response',
  UnrequestedUpgrade: 'bad_response',
  ResponseHeadersTooLarge: 'too_large',
  HPE_HEADER_OVERFLOW: 'too_large',
  HPE_INVALID_EOF_STATE: 'reset',
  ERR_INVALID_CHAR: 'invalid_request',
  ERR_INVALID_HTTP_TOKEN: 'invalid_request',
  ERR_UNESCAPED_CHARACTERS: 'invalid_url',
}

function reasonOf(error: unknown): OutboundReason {
  if (error instanceof DnsError) return 'dns'
  if (error instanceof DestinationError) return error.reason
  // Several addresses were tried: the last failure speaks for all.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors.at(-1))
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = REASON_OF_CODE[code]
  if (known !== undefined) return known
  if (code.startsWith('HPE_')) return 'bad_response'
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA/.test(code)) return 'tls'
  return 'reset'
}

/** Any failure of name, policy, socket, TLS or HTTP as an {@link OutboundError}. */
export function toOutboundError(error: unknown): OutboundError {
  return error instanceof OutboundError ? error : new OutboundError(reasonOf(error), error)
}
