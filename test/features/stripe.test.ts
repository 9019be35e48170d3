import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'
import {
  type ConnectedStripe,
  checkout,
  connectStripe,
  eventBody,
  SIGNING_SECRET,
  signed,
} from '../support/stripe'

const SOURCE = '/api/v1/track/providers/stripe'
const COMPLETED = 'checkout.session.completed'

let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1' } })
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(() => app[Symbol.asyncDispose]())

const put = (body?: object, by = client) => by.send('PUT', SOURCE, body)
const countSales = (): number =>
  app.services.db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM conversions').get()
    ?.n ?? -1

describe('the set-up', () => {
  test('answers the address first, and keeps the signing secret that Stripe shows for it', async () => {
    expect((await client.get(SOURCE)).status).toBe(404)
    const first = await put()
    expect(first.status).toBe(200)
    expect(first.json.data).toMatchObject({
      ...{ provider: 'stripe', hasSigningSecret: false, signingSecretEnd: null, lastEventAt: null },
      url: expect.stringMatching(
        /^http:\/\/localhost:3000\/api\/v1\/track\/providers\/stripe\/.{43}$/,
      ),
    })
    expect(first.json.data.events).toContain('charge.refunded')
    const { url } = first.json.data
    const second = await put({ signingSecret: ` ${SIGNING_SECRET} ` })
    expect(second.json.data).toMatchObject({
      url,
      hasSigningSecret: true,
      signingSecretEnd: '4d5e',
    })
    expect(second.text).not.toContain(SIGNING_SECRET)
    expect((await put({})).json.data).toMatchObject({ url, hasSigningSecret: true })
    expect((await client.get(SOURCE)).json).toEqual((await put({})).json)
  })

  test('keeps neither token nor secret in the clear', async () => {
    await put()
    const { url } = (await put({ signingSecret: SIGNING_SECRET })).json.data
    const files = readdirSync(app.dataDir, { withFileTypes: true })
    for (const { name } of files.filter((entry) => entry.isFile())) {
      const bytes = readFileSync(join(app.dataDir, name))
      expect([name, bytes.includes(SIGNING_SECRET)]).toEqual([name, false])
      expect([name, bytes.includes(url.split('/').at(-1))]).toEqual([name, false])
    }
  })

  test.each([
    [{ signingSecret: 'sk_live_1234567890abcdef' }],
    [{ signingSecret: 'whsec_' }],
    [{ signingSecret: 7 }],
    [{ signingSecret: null }],
  ])('refuses %j and changes nothing', async (body) => {
    const { status, json } = await put(body)
    expect([status, json.field]).toEqual([400, 'signingSecret'])
    expect((await client.get(SOURCE)).status).toBe(404)
  })

  test('is for admins with the scope, on a plan with conversions', async () => {
    const scoped = app.as(tenant.key('conversions:read', 'links'))
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await scoped.send(method, SOURCE)).status).toBe(403)
    }
    const free = await app.seed.tenant({ plan: 'free' })
    const refused = await put({}, app.as(free.key()))
    expect([refused.status, refused.json.code]).toEqual([403, 'plan_feature_required'])
  })

  test('ends with DELETE, and its address with it', async () => {
    const stripe = await connectStripe(app, client)
    expect((await client.delete(SOURCE)).json).toEqual({ data: { id: 'stripe', deleted: true } })
    expect((await client.get(SOURCE)).status).toBe(404)
    expect((await client.delete(SOURCE)).status).toBe(404)
    expect(await stripe.deliver('evt_1', COMPLETED, checkout())).toStartWith('404')
    const { url } = (await put()).json.data
    expect((await put()).json.data.url).toBe(url)
    const actions = app.services.db.sqlite
      .query<{ action: string }, []>("SELECT action FROM audit_log WHERE action LIKE 'stripe.%'")
      .all()
      .map(({ action }) => action)
    expect(actions).toEqual([
      ...['stripe.connected', 'stripe.updated', 'stripe.disconnected', 'stripe.connected'],
    ])
  })
})

describe('a delivery', () => {
  let stripe: ConnectedStripe
  beforeEach(async () => {
    stripe = await connectStripe(app, client)
  })
  const body = eventBody('evt_1', COMPLETED, checkout())
  const good = () => ({ 'stripe-signature': signed(body, app.clock.now()) })

  test('with a good signature is acknowledged, once and again', async () => {
    const first = await stripe.post(body, good())
    expect(first).toEqual({ status: 200, json: { data: { outcome: 'recorded', reason: null } } })
    const again = await stripe.post(body, good())
    expect(again).toEqual({ status: 200, json: { data: { outcome: 'duplicate', reason: null } } })
    expect(countSales()).toBe(1)
    const { lastEventAt } = (await client.get(SOURCE)).json.data
    expect(lastEventAt).toBe(new Date(app.clock.now()).toISOString())
  })

  test('at an unknown address is 404, whatever its signature', async () => {
    for (const headers of [{}, good(), { 'stripe-signature': 'x' }]) {
      const { status, json } = await stripe.post(body, headers, 'x'.repeat(43))
      expect([status, json.code]).toEqual([404, 'not_found'])
    }
    expect(countSales()).toBe(0)
  })

  test('with a bad signature is 400 and nothing is recorded', async () => {
    const at = app.clock.now()
    for (const signature of [
      signed(body, at, ['whsec_of_another_endpoint_of_stripe']),
      signed(`${body} `, at),
      signed(body, at - 301_000),
      signed(body, at + 301_000),
      '',
    ]) {
      const { status, json } = await stripe.post(body, { 'stripe-signature': signature })
      expect([status, json.field]).toEqual([400, 'Stripe-Signature'])
    }
    expect((await stripe.post(body)).status).toBe(400)
    expect(countSales()).toBe(0)
  })

  test('before the signing secret is set is 400 and says so', async () => {
    const other = app.as((await app.seed.tenant()).key())
    const token = (await put({}, other)).json.data.url.split('/').at(-1)
    const { status, json } = await stripe.post(body, good(), token)
    expect(status).toBe(400)
    expect(json.message).toContain('signing secret')
  })

  test('that is signed but no event is 400, of another type ignored', async () => {
    for (const text of ['{}', '{"id":"evt_1"}', '{"id":"","type":"x","data":{"object":{}}}']) {
      const headers = { 'stripe-signature': signed(text, app.clock.now()) }
      expect((await stripe.post(text, headers)).status).toBe(400)
    }
    expect(await stripe.deliver('evt_2', COMPLETED, { id: 7 })).toStartWith('400')
    expect(await stripe.deliver('evt_3', 'customer.created', { id: 'cus_1' })).toBe('ignored')
    expect(countSales()).toBe(0)
  })

  test('is judged by its bytes, not by the JSON they mean', async () => {
    const spaced = JSON.stringify(JSON.parse(body), null, 2)
    expect((await stripe.post(spaced, good())).status).toBe(400)
    const headers = { 'stripe-signature': signed(spaced, app.clock.now()) }
    expect((await stripe.post(spaced, headers)).status).toBe(200)
  })

  test('needs JSON of at most 1 MiB', async () => {
    const huge = `{"id":"${'x'.repeat(1_048_576)}"}`
    expect((await stripe.post(huge, good())).status).toBe(413)
    expect((await stripe.post('{', good())).status).toBe(400)
    expect((await stripe.post(body, { ...good(), 'content-type': 'text/plain' })).status).toBe(415)
  })

  test('is refused for a plan without conversions, and for a deleted workspace', async () => {
    const { billing, directory, db } = app.services
    const groupId = directory.billingGroupOf(tenant.workspaceId) ?? ''
    db.write((tx) => void billing.changePlan(tx, groupId, 'free'))
    expect(await stripe.deliver('evt_1', COMPLETED, checkout())).toStartWith('403')
    db.write((tx) => void billing.changePlan(tx, groupId, 'agency'))
    expect(await stripe.deliver('evt_1', COMPLETED, checkout())).toBe('recorded')
    db.sqlite.run('UPDATE workspaces SET deleted_at = 1 WHERE id = ?', [tenant.workspaceId])
    expect(await stripe.deliver('evt_2', COMPLETED, checkout())).toStartWith('404')
  })
})
