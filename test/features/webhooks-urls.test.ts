import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '../../src/platform/logger'
import { createTestApp } from '../support/app'

/** Every form of a private or otherwise refused destination (reference: reliability §4). */
const REFUSED = [
  ...['http://example.com/', 'ftp://example.com/', 'javascript:alert(1)', 'file:///etc/passwd'],
  ...[
    'https://localhost/',
    'https://localhost./',
    'https://a.localhost/',
    'https://printer.local/',
  ],
  ...['https://10.0.0.1/', 'https://192.168.1.1/', 'https://172.16.0.1/', 'https://100.64.0.1/'],
  ...['https://169.254.169.254/latest/meta-data', 'https://0.0.0.0/', 'https://0/'],
  ...['https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f000001/'],
  ...[
    'https://017700000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://１２７.0.0.1/',
  ],
  ...['https://[::1]/', 'https://[::]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:a00:1]/'],
  ...['https://[::127.0.0.1]/', 'https://[64:ff9b::7f00:1]/', 'https://[64:ff9b:1::a00:1]/'],
  ...['https://[2002:7f00:1::]/', 'https://[2001::1]/', 'https://[fe80::1]/', 'https://[fc00::1]/'],
  ...['https://[fec0::1]/', 'https://[ff02::1]/', 'https://[2001:db8::1]/', 'https://[5f00::1]/'],
  ...['https://user:pass@example.com/', 'https://user@example.com/', 'https://example.com:22/'],
  ...['https://example.com:25/', 'https://example.com:6379/', 'https://example.com:11211/'],
  ...['https://intranet/', 'https://metadata.google.internal/', 'https://private.example/'],
  ...[
    'https://mixed.example/',
    'https://mapped.example/',
    `https://example.com/${'x'.repeat(2048)}`,
  ],
  ...[
    'https://exa\u202emple.com/',
    'https://example.com/\u0000',
    ' https://example.com/',
    '',
    5,
    {},
  ],
]

const DNS: Record<string, string[]> = {
  'private.example': ['10.1.2.3'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mapped.example': ['::ffff:10.0.0.1'],
}

test('every private form is refused when it is registered and when it is changed', async () => {
  const resolve = async (host: string) => DNS[host] ?? ['93.184.216.34']
  await using app = await createTestApp({ env: { OUTBOUND_ALLOW: '' }, overrides: { resolve } })
  const client = app.as(app.seed.owner().key())
  const events = ['link.created']
  const url = 'https://hooks.example.com/'
  const made = await client.post('/api/v1/webhooks', { url, events })
  expect(made.status).toBe(201)
  const path = `/api/v1/webhooks/${made.json.data.id}`
  for (const bad of REFUSED) {
    for (const answer of [
      await client.post('/api/v1/webhooks', { url: bad, events }),
      await client.patch(path, { url: bad, description: 'never' }),
    ]) {
      expect([bad, answer.status, answer.json.field]).toEqual([bad, 400, 'url'])
    }
  }
  const { json } = await client.get('/api/v1/webhooks')
  expect(json.data).toHaveLength(1)
  expect(json.data[0]).toMatchObject({ url, description: null })
}, 120_000)

test('the feed of events, read while more happen, shows each once and in order', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const happen = () => client.post('/api/v1/links', { url: 'https://example.com' })
  for (let count = 0; count < 7; count++) await happen()
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const from = cursor === '' ? '' : `&cursor=${cursor}`
    const { json } = await client.get(`/api/v1/events?limit=2${from}`)
    seen.push(...json.data.map((event: { sequence: number }) => event.sequence))
    cursor = json.meta.nextCursor
    if (seen.length < 7) await happen()
  }
  expect(seen).toEqual(seen.map((_, index) => index + 1))
  expect(seen.length).toBeGreaterThan(7)
})

test('the secret is in no answer but the first, in no log line and in no row', async () => {
  const lines: string[] = []
  const logger = createLogger('debug', (line) => lines.push(line))
  await using app = await createTestApp({ overrides: { logger } })
  const client = app.as(app.seed.owner().key())
  const url = 'http://127.0.0.1:1025/'
  const made = await client.post('/api/v1/webhooks', { url, events: ['link.created'] })
  const { id, secret } = made.json.data
  expect(secret).toStartWith('whsec_')
  await client.post(`/api/v1/webhooks/${id}/test`)
  await app.drain()
  const missing = await client.post(`/api/v1/webhooks/${secret}/test`)
  expect(missing.text).not.toContain(secret.slice(6))
  app.services.logger.info('A line about the endpoint.', { secret, url })
  const list = await client.get(`/api/v1/webhooks/${id}/deliveries`)
  const delivery = list.json.data[0].id
  for (const path of [
    '/api/v1/webhooks',
    `/api/v1/webhooks/${id}`,
    `/api/v1/webhooks/${id}/deliveries`,
    `/api/v1/deliveries/${delivery}`,
    '/api/v1/events',
  ]) {
    const { status, text } = await client.get(path)
    expect(status).toBe(200)
    expect(text).not.toContain(secret.slice(6))
  }
  const copy = join(app.dataDir, 'copy.db')
  app.services.db.sqlite.run('VACUUM INTO ?', [copy])
  expect(readFileSync(copy).includes(secret.slice(6))).toBe(false)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.join('\n')).not.toContain(secret.slice(6))
})
