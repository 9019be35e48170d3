import type { Clock } from '../../core/clock'
import { headerOf } from '../../core/header'
import type { Internet } from '../../platform/internet'
import type { Vault } from '../../platform/vault'
import type { Claimed } from './leases'
import { openSecret } from './secrets'
import { type Signable, signatureHeaders } from './signature'

/** Bytes of an answer that are kept: its headers and the beginning of its body. */
export const RESPONSE_HEAD_BYTES_MAX = 4096

/** For everything together: DNS, connection, request and answer (contract §7). */
export const ATTEMPT_TIMEOUT_MS = 5_000

/** How one HTTP try went. */
export type Attempt = {
  claimed: Claimed
  startedAt: number
  durationMs: number
  statusCode: number | null
  /** Why there was no answer, fit for the public; null when there was one. */
  failure: string | null
  responseHead: string | null
  retryAfter: string | undefined
}

/** Any 2xx acknowledges (contract §7). */
export const isAcknowledged = ({ statusCode }: Attempt): boolean =>
  statusCode !== null && statusCode >= 200 && statusCode <= 299

export type AttemptDeps = {
  clock: Clock
  vault: Vault
  internet: Pick<Internet, 'request'>
  timeoutMs: number
}

/** Sends a delivery once. Never rejects: a failure is a result, too. */
export function createAttempt({ clock, vault, internet, timeoutMs }: AttemptDeps) {
  // One claim's deliveries share their list of secrets, which is opened once for all of them.
  const opened = new WeakMap<Claimed['secrets'], string[]>()

  return async (claimed: Claimed): Promise<Attempt> => {
    const startedAt = clock.now()
    const since = () => Math.max(0, clock.now() - startedAt)
    try {
      const answer = await internet.request({
        url: claimed.url,
        method: 'POST',
        headers: requestHeaders({ ...claimed, atMs: startedAt, secrets: secretsOf(claimed) }),
        body: claimed.body,
        timeoutMs,
        responseBytesMax: RESPONSE_HEAD_BYTES_MAX,
        keepAlive: claimed.inBulk,
      })
      return {
        claimed,
        startedAt,
        durationMs: since(),
        statusCode: answer.status,
        failure: null,
        responseHead: responseHeadOf(answer.headers, answer.body),
        retryAfter: headerOf(answer.headers, 'retry-after'),
      }
    } catch (error) {
      const nothing = { statusCode: null, responseHead: null, retryAfter: undefined }
      return { claimed, startedAt, durationMs: since(), failure: failureOf(error), ...nothing }
    }
  }

  function secretsOf({ endpointId, secrets }: Claimed): string[] {
    try {
      const texts =
        opened.get(secrets) ?? secrets.map((secret) => openSecret(vault, endpointId, secret))
      opened.set(secrets, texts)
      return texts
    } catch (cause) {
      throw new SecretError('The signing secret cannot be read. Rotate it.', { cause })
    }
  }
}

class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** Only what is written for the public; anything else stays inside. */
function failureOf(error: unknown): string {
  const fitForPublic =
    error instanceof SecretError || (error instanceof Error && error.name === 'OutboundError')
  return fitForPublic ? error.message : 'The request could not be made.'
}

/** Every header of a delivery that is ours to choose. */
export function requestHeaders(signable: Signable): Record<string, string> {
  return { ...PLAIN_HEADERS, ...signatureHeaders(signable) }
}

const PLAIN_HEADERS = {
  'Content-Type': 'application/json',
  'User-Agent': 'Linkstead-Webhooks/1',
} as const

/** The headers of an attempt as they may be shown: signatures are not repeated. */
export function shownHeaders(eventId: string, type: string, atMs: number): Record<string, string> {
  return {
    ...PLAIN_HEADERS,
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': '[hidden]',
    'LinkJet-Signature': '[hidden]',
    'X-LinkTJ-Event': type,
    'X-LinkTJ-Signature': '[hidden]',
  }
}

// A receiver's cookies and challenges are its own secrets.
const UNKEPT_HEADERS = new Set(['set-cookie', 'set-cookie2', 'www-authenticate'])

const decoder = new TextDecoder()

/** Headers, an empty line and the start of the body as text, at most 4 KiB of UTF-8. */
export function responseHeadOf(
  headers: readonly (readonly [name: string, value: string])[],
  body: Uint8Array,
): string {
  const lines = headers
    .filter(([name]) => !UNKEPT_HEADERS.has(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`)
  const said = `${lines.join('\n')}\n\n${decoder.decode(body)}`
  const text = said.replaceAll('\0', ' ')
  // No character takes more than three bytes in UTF-8 (a pair of two takes four).
  if (text.length * 3 <= RESPONSE_HEAD_BYTES_MAX) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= RESPONSE_HEAD_BYTES_MAX) return bytes.toString('utf8')
  // Streaming leaves out a character that the cut has split, where decoding would replace it.
  return new TextDecoder().decode(bytes.subarray(0, RESPONSE_HEAD_BYTES_MAX), { stream: true })
}
