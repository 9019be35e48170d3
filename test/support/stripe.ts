import { createHmac } from 'node:crypto'
import type { Client, TestApp } from './app'

export const SIGNING_SECRET = 'whsec_4b1d0c8e5f6a7b2c3d9e0f1a2b3c4d5e'
const SOURCE = '/api/v1/track/providers/stripe'

/** A `Stripe-Signature` header as Stripe computes it, over the bytes that are sent. */
export function signed(body: string, nowMs: number, secrets: string[] = [SIGNING_SECRET]): string {
  const time = Math.floor(nowMs / 1000)
  const signatures = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${time}.${body}`, 'utf8').digest('hex'),
  )
  return [`t=${time}`, ...signatures.map((hex) => `v1=${hex}`), `v0=${'0'.repeat(64)}`].join()
}

/** What Stripe has around each object. */
export function eventBody(id: string, type: string, object: object): string {
  const envelope = { id, object: 'event', api_version: '2024-06-20', livemode: true }
  return JSON.stringify({ ...envelope, type, data: { object }, pending_webhooks: 1 })
}

export const checkout = (more: object = {}) => ({
  ...{ id: 'cs_live_1', object: 'checkout.session', mode: 'payment', payment_status: 'paid' },
  ...{ amount_total: 4900, currency: 'eur', customer: 'cus_Q1', invoice: null },
  ...{ payment_intent: 'pi_1', subscription: null, client_reference_id: null, metadata: {} },
  ...{ customer_email: null, customer_details: { email: 'ada@example.com', name: 'Ada' } },
  ...more,
})

export const invoice = (more: object = {}) => ({
  ...{ id: 'in_1', object: 'invoice', amount_paid: 4900, currency: 'eur', customer: 'cus_Q1' },
  ...{ customer_email: 'ada@example.com', billing_reason: 'subscription_cycle', metadata: {} },
  ...{ parent: { subscription_details: { subscription: 'sub_1', metadata: {} } } },
  ...more,
})

export const charge = (refunded: number, more: object = {}) => ({
  ...{ id: 'ch_1', object: 'charge', amount: 4900, amount_refunded: refunded, currency: 'eur' },
  ...{ customer: 'cus_Q1', payment_intent: 'pi_1', metadata: {}, refunded: refunded === 4900 },
  ...more,
})

export const refund = (id: string, amount: number, more: object = {}) => ({
  ...{ id, object: 'refund', amount, currency: 'eur', charge: 'ch_1', payment_intent: 'pi_1' },
  ...{ status: 'succeeded', metadata: {} },
  ...more,
})

/** Stripe, as a workspace that has connected it sees it: delivers over real HTTP. */
export async function connectStripe(app: TestApp, client: Client) {
  const { url } = app.runtime.listen()
  await client.send('PUT', SOURCE, {})
  const put = await client.send('PUT', SOURCE, { signingSecret: SIGNING_SECRET })
  const token = String(put.json.data.url).split('/').at(-1)

  async function post(body: string, headers: Record<string, string> = {}, path = token) {
    const answer = await fetch(new URL(`${SOURCE}/${path}`, url), {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        ...headers,
      },
    })
    const text = await answer.text()
    // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
    return { status: answer.status, json: JSON.parse(text) as any }
  }

  return {
    post,
    /** Signs and delivers; answers the outcome. */
    async deliver(id: string, type: string, object: object): Promise<string> {
      const body = eventBody(id, type, object)
      const { status, json } = await post(body, {
        'stripe-signature': signed(body, app.clock.now()),
      })
      return status === 200 ? json.data.outcome : `${status} ${json.message}`
    },
  }
}

export type ConnectedStripe = Awaited<ReturnType<typeof connectStripe>>
