import { describe, expect, test } from 'bun:test'
import crypto from 'node:crypto'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { DAY, HOUR } from '../../src/core/clock'
import { type Received, startReceiver } from '../support/receiver'
import { register, type WebhooksServer, webhooksServer } from '../support/webhooks-server'

const DAY_MS = DAY

/** Which of these secrets verify a delivery, by each of the four schemes. */
function verifiedBy(received: Received | undefined, secrets: Record<string, string>) {
  const { headers = {}, body = '', raw = Buffer.alloc(0) } = received ?? {}
  const texts = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)]))
  const names = (verifies: (secret: string) => boolean) =>
    Object.entries(secrets).flatMap(([name, secret]) => (verifies(secret) ? [name] : []))
  const accepts = (verify: () => unknown): boolean => {
    try {
      verify()
      return true
    } catch {
      return false
    }
  }
  const hex = (secret: string, text: string | Buffer) =>
    crypto.createHmac('sha256', secret).update(text).digest('hex')
  const t = texts['webhook-timestamp']
  return {
    standard: names((s) => accepts(() => new StandardWebhook(s).verify(body, texts))),
    svix: names((s) => accepts(() => new SvixWebhook(s).verify(body, texts))),
    linkJet: names((s) => texts['linkjet-signature'] === `t=${t},v1=${hex(s, `${t}.${body}`)}`),
    linkTj: names((s) => texts['x-linktj-signature'] === hex(s, raw)),
  }
}

/** Signatures are judged by the verifiers' own clock. */
function synchronise({ clock }: WebhooksServer): void {
  clock.set(new Date(performance.timeOrigin + performance.now()).toISOString())
}

const all = (...names: string[]) => ({
  standard: names,
  svix: names,
  linkJet: names,
  linkTj: names,
})

describe('rotating the secret', () => {
  test('signs with both, hex with the old one, until the old one is retired', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    synchronise(server)
    const { id, secret: old } = await register(server, { url: receiver.url })
    const { status, json } = await server.send('POST', `/webhooks/${id}/rotate-secret`)
    expect(status).toBe(200)
    const { secret: fresh, oldSecretValidUntil } = json.data
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(fresh).not.toBe(old)
    expect(Date.parse(oldSecretValidUntil)).toBe(server.clock.now() + DAY_MS)
    const secrets = { old, fresh }
    server.happen()
    await server.deliver()
    expect(verifiedBy(receiver.received[0], secrets)).toEqual({
      ...{ standard: ['old', 'fresh'], svix: ['old', 'fresh'] },
      ...{ linkJet: ['old'], linkTj: ['old'] },
    })

    const retired = await server.send('POST', `/webhooks/${id}/retire-secret`)
    expect([retired.status, retired.json.data.id]).toEqual([200, id])
    expect(retired.json.data.secret).toBeUndefined()
    server.happen()
    await server.deliver()
    expect(verifiedBy(receiver.received[1], secrets)).toEqual(all('fresh'))
    const actions = server.audited.map(({ action }) => action)
    expect(actions.slice(1)).toEqual(['webhook.secret_rotated', 'webhook.secret_retired'])
    expect(JSON.stringify(server.audited)).not.toContain('whsec_')
    expect(server.count('webhook_secrets')).toBe(1)
  })

  test('lets the old one end by itself after 24 hours', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    synchronise(server)
    const now = server.clock.now()
    server.clock.set(new Date(now - DAY_MS).toISOString())
    const { id, secret: old } = await register(server, { url: receiver.url })
    const { json } = await server.send('POST', `/webhooks/${id}/rotate-secret`)
    server.clock.set(new Date(now).toISOString())
    server.happen()
    await server.deliver()
    expect(verifiedBy(receiver.received[0], { old, fresh: json.data.secret })).toEqual(all('fresh'))
  })

  test('is refused while three are valid; retiring makes room, and retiring none is fine', async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    const rotate = () => server.send('POST', `/webhooks/${id}/rotate-secret`)
    const retire = () => server.send('POST', `/webhooks/${id}/retire-secret`)
    expect((await retire()).status).toBe(200)
    expect([(await rotate()).status, (await rotate()).status]).toEqual([200, 200])
    const third = await rotate()
    expect([third.status, third.json.code]).toEqual([409, 'conflict'])
    expect(server.count('webhook_secrets')).toBe(3)
    await retire()
    expect(server.count('webhook_secrets')).toBe(1)
    expect((await rotate()).status).toBe(200)
    server.clock.advance(24 * HOUR)
    expect([(await rotate()).status, server.count('webhook_secrets')]).toEqual([200, 2])
  })

  test('with an Idempotency-Key happens once and answers the same secret', async () => {
    using server = webhooksServer()
    const { id } = await register(server)
    const once = { 'idempotency-key': 'k1' }
    const first = await server.send('POST', `/webhooks/${id}/rotate-secret`, undefined, once)
    const second = await server.send('POST', `/webhooks/${id}/rotate-secret`, undefined, once)
    expect(second.json).toEqual(first.json)
    expect(server.count('webhook_secrets')).toBe(2)
  })

  test('under load leaves no delivery that neither secret verifies', async () => {
    using server = webhooksServer()
    await using receiver = await startReceiver()
    synchronise(server)
    const { id, secret: old } = await register(server, { url: receiver.url })
    for (let i = 0; i < 400; i++) server.happen()
    const running = server.deliver()
    await receiver.arrived(30)
    const { json } = await server.send('POST', `/webhooks/${id}/rotate-secret`)
    // In the midst of what was claimed at once.
    await receiver.arrived(80)
    await server.send('POST', `/webhooks/${id}/retire-secret`)
    const retiredAt = receiver.received.length
    await running
    const secrets = { old, fresh: json.data.secret }
    const verified = receiver.received.map((one) => verifiedBy(one, secrets))
    expect(
      verified.filter(({ standard, linkTj }) => standard.length * linkTj.length === 0),
    ).toEqual([])
    // At most what was in flight when the old one was retired.
    const late = verified.slice(retiredAt + 5)
    expect(late.length).toBeGreaterThan(20)
    expect(late.filter(({ standard }) => standard.includes('old'))).toEqual([])
    expect(server.deliveries().every(({ status }) => status === 'delivered')).toBe(true)
  })
})
