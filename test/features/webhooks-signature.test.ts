import { describe, expect, test } from 'bun:test'
import crypto from 'node:crypto'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { addSecret } from '../../src/features/webhooks/secrets'
import { newSigningSecret, signatureHeaders } from '../../src/features/webhooks/signature'
import { deliveryWorld } from '../support/webhooks'

const body = Buffer.from('{"type":"link.created","data":{"title":"Grüße 🚀 \u2028"}}')

// Both verifiers read the machine's clock, so that signatures made now are what they can judge.
const atMs = performance.timeOrigin + performance.now()

const sign = (secrets: string[], at = atMs) =>
  signatureHeaders({ eventId: 'evt_1', type: 'link.created', body, atMs: at, secrets })

/** The snippet on the page of seed 000. */
function verifyLinkJetWebhook(
  rawBody: string,
  headers: Record<string, string>,
  secret: string,
): boolean {
  const signature = headers['LinkJet-Signature'] || headers['linkjet-signature'] || ''
  const parts = Object.fromEntries(signature.split(',').map((part) => part.split('=')))
  const timestamp = parts.t
  const expected = crypto
    .createHmac('sha256', secret)
    .update(`${timestamp}.${rawBody}`)
    .digest('hex')
  const actualBuffer = Buffer.from(parts.v1 || '', 'hex')
  const expectedBuffer = Buffer.from(expected, 'hex')
  return (
    actualBuffer.length === expectedBuffer.length &&
    crypto.timingSafeEqual(actualBuffer, expectedBuffer)
  )
}

describe('signatures', () => {
  test('a secret is whsec_ and base64 of 32 bytes', () => {
    const secret = newSigningSecret()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(newSigningSecret()).not.toBe(secret)
  })

  test('standardwebhooks and svix accept them and refuse a changed body', () => {
    const secret = newSigningSecret()
    for (const Verifier of [StandardWebhook, SvixWebhook]) {
      const verifier = new Verifier(secret)
      expect(() => verifier.verify(body.toString(), sign([secret]))).not.toThrow()
      expect(() => verifier.verify(`${body.toString()} `, sign([secret]))).toThrow()
      expect(() => verifier.verify(body.toString(), sign([newSigningSecret()]))).toThrow()
      expect(() => verifier.verify(body.toString(), sign([secret], atMs - 600_000))).toThrow()
    }
  })

  test('the snippet of the projects page accepts LinkJet-Signature', () => {
    const secret = newSigningSecret()
    expect(verifyLinkJetWebhook(body.toString(), sign([secret]), secret)).toBe(true)
    expect(verifyLinkJetWebhook(body.toString(), sign([secret]), newSigningSecret())).toBe(false)
    expect(verifyLinkJetWebhook(`${body.toString()}x`, sign([secret]), secret)).toBe(false)
  })

  test('X-LinkTJ-Signature is the HMAC of the raw body under the whole secret', () => {
    const secret = newSigningSecret()
    const headers = sign([secret])
    const expected = crypto.createHmac('sha256', secret).update(body).digest('hex')
    expect(headers['X-LinkTJ-Signature']).toBe(expected)
    expect(headers['X-LinkTJ-Event']).toBe('link.created')
  })

  test('while two secrets live both verify, and the hex headers stay with the older', () => {
    const [newer, older] = [newSigningSecret(), newSigningSecret()]
    const headers = sign([newer, older])
    for (const secret of [newer, older]) {
      expect(() => new StandardWebhook(secret).verify(body.toString(), headers)).not.toThrow()
      expect(() => new SvixWebhook(secret).verify(body.toString(), headers)).not.toThrow()
    }
    expect(verifyLinkJetWebhook(body.toString(), headers, older)).toBe(true)
    expect(verifyLinkJetWebhook(body.toString(), headers, newer)).toBe(false)
  })

  test('the secret is stored sealed and bound to its endpoint', () => {
    using world = deliveryWorld()
    const secret = world.subscribe('whe_1', 'http://127.0.0.1:1/')
    world.endpoint('whe_2', ['link.created'])
    addSecret(world.db.read, world.vault, 'whe_2', 0)
    const query = world.db.sqlite.query<{ sealed: string }, []>(
      'SELECT sealed FROM webhook_secrets',
    )
    const [first, second] = query.all()
    expect(JSON.stringify([first, second])).not.toContain(secret.slice(6, 30))
    expect(() => world.vault.open(first?.sealed ?? '', 'webhook-secret whe_2 1')).toThrow()
    expect(world.vault.open(first?.sealed ?? '', 'webhook-secret whe_1 1')).toBe(secret)
  })
})
