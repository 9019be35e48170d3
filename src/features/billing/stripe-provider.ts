import { z } from 'zod'
import { type Clock, SECOND, startOfUtcDay, toIso } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import { fromStripeAmount, toStripeAmount } from '../../core/stripe-amount'
import { isSignedByStripe } from '../../core/stripe-signature'
import type { Internet } from '../../platform/internet'
import type { Logger } from '../../platform/logger'
import { invoiceNumber } from './invoice-number'
import type { BillingProvider, Checkout, Told } from './provider'
import type { InvoiceRow } from './table'

export type StripeProviderDeps = {
  /** The way to hosts that the operator configured. */
  trusted: Pick<Internet, 'request'>
  clock: Clock
  logger: Logger
  secretKey: string
  webhookSecret: string
  /** Origin, without a trailing slash. */
  baseUrl: string
}

/** The shapes below are of this version (docs.stripe.com/api/versioning). */
const API_VERSION = '2024-06-20'
const TIMEOUT_MS = 15 * SECOND
const ANSWER_BYTES_MAX = 262_144

const Created = z.object({ id: z.string(), url: z.string().nullable(), expires_at: z.int() })
const Failed = z.object({ error: z.object({ message: z.string().optional() }) })

const Envelope = z.object({
  id: z.string().min(1).max(255),
  type: z.string(),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
})

const Session = z.object({
  id: z.string().min(1).max(255),
  client_reference_id: z.string().nullish(),
  payment_status: z.string(),
  payment_intent: z.union([z.string(), z.object({ id: z.string() })]).nullish(),
  amount_total: z.int().min(0).nullish(),
  currency: z.string().nullish(),
})

/** Both tell of a paid session, the second where the money takes days. They come in any order. */
const PAID_EVENTS: ReadonlySet<string> = new Set([
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
])

/** Stripe Checkout: a page for each invoice, and signed word of what was paid. */
export function createStripeProvider(deps: StripeProviderDeps): BillingProvider {
  const { trusted, clock, logger, secretKey, webhookSecret, baseUrl } = deps

  async function post(path: string, form: URLSearchParams, idempotencyKey: string) {
    const { status, body } = await trusted
      .request({
        url: `${baseUrl}${path}`,
        method: 'POST',
        schemes: ['https', 'http'],
        headers: {
          authorization: `Bearer ${secretKey}`,
          'content-type': 'application/x-www-form-urlencoded',
          'idempotency-key': idempotencyKey,
          'stripe-version': API_VERSION,
        },
        body: form.toString(),
        ...{ timeoutMs: TIMEOUT_MS, responseBytesMax: ANSWER_BYTES_MAX },
      })
      .catch((cause: unknown) => {
        throw unreachable(cause)
      })
    const answer = parseJson(body)
    if (status === 200) return answer
    const said = Failed.safeParse(answer).data?.error.message
    logger.error('Stripe refused a checkout.', { status, said })
    throw unreachable(said)
  }

  return {
    name: 'stripe',

    async checkout(invoice: InvoiceRow, backTo: string): Promise<Checkout> {
      // A session lives for a day, and so does the key by which a second call gets the same one.
      const day = toIso(startOfUtcDay(clock.now())).slice(0, 10)
      const form = checkoutForm(invoice, backTo)
      const answer = await post('/v1/checkout/sessions', form, `${invoice.id} ${day}`)
      const created = Created.safeParse(answer)
      if (!created.success) throw unreachable(created.error)
      const { url, expires_at } = created.data
      if (url === null) {
        throw new AppError(
          'conflict',
          `Invoice ${invoiceNumber(invoice)} is being paid. It is settled as soon as Stripe says so.`,
        )
      }
      return { url, expiresAt: expires_at * SECOND }
    },

    read({ signature, body }): Told {
      const nowMs = clock.now()
      if (!isSignedByStripe(signature ?? '', { body, secret: webhookSecret, nowMs })) {
        throw invalid(
          'Stripe-Signature',
          'The signature is not of this body, not by STRIPE_WEBHOOK_SECRET, or older than 5 minutes.',
        )
      }
      const event = shaped(Envelope, parseJson(body))
      if (!PAID_EVENTS.has(event.type)) return { ignored: 'Events of this type are not needed.' }
      const session = shaped(Session, event.data.object)
      const { id, client_reference_id, payment_status, payment_intent, amount_total } = session
      if (payment_status !== 'paid') return { ignored: 'It is not paid yet.' }
      if (!client_reference_id?.startsWith('bill_')) return { ignored: 'It is of no invoice.' }
      const currency = (session.currency ?? '').toUpperCase()
      const payment = {
        ...{ paymentId: id, eventId: event.id, invoiceId: client_reference_id, currency },
        amountMinor: fromStripeAmount(amount_total ?? 0, currency),
        reference: typeof payment_intent === 'string' ? payment_intent : (payment_intent?.id ?? id),
      }
      return { payment }
    },
  }
}

/** One line, so that the page shows what the invoice asks for and nothing is added up anew. */
function checkoutForm(invoice: InvoiceRow, backTo: string): URLSearchParams {
  const { id, totalMinor, currency, recipientEmail } = invoice
  return new URLSearchParams({
    mode: 'payment',
    client_reference_id: id,
    success_url: `${backTo}?paid=${id}`,
    cancel_url: backTo,
    ...(recipientEmail === '' ? {} : { customer_email: recipientEmail }),
    'metadata[invoice_id]': id,
    'payment_intent_data[metadata][invoice_id]': id,
    'line_items[0][quantity]': '1',
    'line_items[0][price_data][currency]': currency.toLowerCase(),
    'line_items[0][price_data][unit_amount]': String(toStripeAmount(totalMinor, currency)),
    'line_items[0][price_data][product_data][name]': `Invoice ${invoiceNumber(invoice)}`,
  })
}

const unreachable = (cause: unknown): AppError =>
  new AppError('unavailable', 'Stripe could not make a page to pay at. Try again in a minute.', {
    ...{ retryAfterSeconds: 60, cause },
  })

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

/** Throws `validation_failed` for another shape than the documented one. */
function shaped<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw invalid(field, `This is not what Stripe documents: "${field}" is not as it should be.`)
}
