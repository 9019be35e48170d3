import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { OutboundResponse } from '../../platform/exchange'
import type { Internet } from '../../platform/internet'

/** A searching model takes its time; beyond this nobody waits. */
export const ANSWER_TIMEOUT_MS = 180_000

/** Longest body of an answer that is read. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024

/** What a model of the AI SDK sends its requests with. */
export type Send = typeof globalThis.fetch

export type SendingDeps = {
  /** The way to hosts that the operator configured. */
  trusted: Pick<Internet, 'request'>
  /** {@link ANSWER_TIMEOUT_MS} by default. */
  answerTimeoutMs?: number | undefined
}

/** The answer as it came, or the error that came instead: an `OutboundError`, or one of the SDK. */
export type Sent = { response: OutboundResponse } | { error: unknown }

/** Ends the SDK's part once the answer is ours. */
class HandedOver extends Error {}

/**
 * Lets a model of the AI SDK write one request, sends it, and hands over the answer unread.
 *
 * The SDK knows how each provider wants to be asked. It is kept from reading, because it merges
 * what was cited with what was found, refuses an answer that has been paid for when it holds an
 * unknown part, and goes on asking by itself where an answer is continued. Never rejects.
 */
export async function sendOnce(
  { trusted, answerTimeoutMs = ANSWER_TIMEOUT_MS }: SendingDeps,
  modelWith: (send: Send) => Promise<LanguageModelV4>,
  options: LanguageModelV4CallOptions,
): Promise<Sent> {
  let sent: Sent | undefined
  const send = async (url: string | URL | Request, init?: RequestInit): Promise<never> => {
    try {
      const response = await trusted.request({
        ...{ url: String(url), method: 'POST', schemes: ['https', 'http'] },
        headers: Object.fromEntries(new Headers(init?.headers)),
        body: String(init?.body),
        ...{ timeoutMs: answerTimeoutMs, responseBytesMax: ANSWER_BYTES_MAX },
        signal: options.abortSignal,
      })
      sent = { response }
    } catch (error) {
      sent = { error }
    }
    throw new HandedOver()
  }
  try {
    const model = await modelWith(Object.assign(send, { preconnect: () => {} }))
    await model.doGenerate(options)
  } catch (error) {
    sent ??= { error }
  }
  return sent ?? { error: new Error('The model sent no request.') }
}
