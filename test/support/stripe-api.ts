import { createHmac } from 'node:crypto'
import type { TestApp } from './app'

export const STRIPE_KEY = 'sk_test_51LinksteadTests'
export const STRIPE_WEBHOOK_SECRET = 'whsec_4b1d0c8e5f6a7b2c3d9e0f1a2b3c4d5e'
export const STRIPE_WEBHOOK = '/api/v1/billing/providers/stripe'

export type AskedSession = { form: Record<string, string>; headers: Headers }

/**
 * A server that answers as api.stripe.com does (docs.stripe.com/api/checkout/sessions/create): forms
 * in brackets, Bearer keys, its error envelope, and one answer for each Idempotency-Key.
 */
export function startStripe() {
  const asked: AskedSession[] = []
  const answers = new Map<string, { form: string; answer: object }>()
  let failing: { status: number; body: string } | null = null
  const refusal = (status: number, type: string, message: string) =>
    Response.json({ error: { type, message, doc_url: 'https://stripe.com/docs' } }, { status })

  async function create(request: Request): Promise<Response> {
    const text = await request.text()
    const form = Object.fromEntries(new URLSearchParams(text))
    asked.push({ form, headers: request.headers })
    if (failing) return new Response(failing.body, { status: failing.status })
    if (request.headers.get('authorization') !== `Bearer ${STRIPE_KEY}`) {
      return refusal(401, 'invalid_request_error', 'Invalid API Key provided')
    }
    const key = request.headers.get('idempotency-key') ?? crypto.randomUUID()
    const known = answers.get(key)
    if (known && known.form !== text) {
      return refusal(400, 'idempotency_error', 'Keys for idempotent requests can only be used with')
    }
    const id = `cs_test_${answers.size + 1}`
    const answer = known?.answer ?? {
      ...{ id, object: 'checkout.session', mode: form.mode, status: 'open' },
      ...{ url: `https://checkout.stripe.com/c/pay/${id}`, payment_status: 'unpaid' },
      ...{ client_reference_id: form.client_reference_id, currency: 'usd', customer: null },
      amount_total: Number(form['line_items[0][price_data][unit_amount]']),
      expires_at: 1_775_000_000,
    }
    answers.set(key, { form: text, answer })
    return Response.json(answer)
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url)
      if (request.method === 'POST' && pathname === '/v1/checkout/sessions') return create(request)
      return refusal(404, 'invalid_request_error', `Unrecognized request URL (${pathname})`)
    },
  })
  return {
    url: server.url.origin,
    asked,
    fail(status: number, body: string): void {
      failing = { status, body }
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true)
    },
  }
}

/** A paid session of an invoice, as Stripe puts it into its events. */
export const paidSession = (invoiceId: string, amount: number, more: object = {}) => ({
  ...{ id: 'cs_test_1', object: 'checkout.session', mode: 'payment', status: 'complete' },
  ...{ payment_status: 'paid', client_reference_id: invoiceId, amount_total: amount },
  ...{ currency: 'usd', payment_intent: 'pi_3P1', customer: null, metadata: {} },
  ...more,
})

/** Delivers an event, signed as Stripe signs. */
export function deliver(
  app: TestApp,
  event: { id: string; type: string; object: object },
  { secret = STRIPE_WEBHOOK_SECRET, at = app.clock.now() } = {},
) {
  const { id, type, object } = event
  const envelope = { id, object: 'event', api_version: '2024-06-20', livemode: false, type }
  const body = JSON.stringify({ ...envelope, data: { object } })
  const time = Math.floor(at / 1000)
  const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  const headers = { 'stripe-signature': `t=${time},v1=${v1}` }
  return app.as().post(STRIPE_WEBHOOK, body, { ...headers, 'content-type': 'application/json' })
}
