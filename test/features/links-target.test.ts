import { describe, expect, test } from 'bun:test'
import { parseLinkTarget } from '../../src/features/links/target'
import { createTestApp } from '../support/app'

const LOCAL = 'http://localhost:3000'

const OWN: [publicUrl: string, target: string][] = [
  ...[
    'http://localhost:3000/x',
    'http://LOCALHOST:3000/x',
    'http://localhost.:3000/x',
    'http://localhost..:3000/x',
    'http://a.localhost:3000/x',
    'http://127.0.0.1:3000/x',
    'http://127.0.0.2:3000/x',
    'http://127.1:3000/x',
    'http://0x7f000001:3000/x',
    'http://2130706433:3000/x',
    'http://017700000001:3000/x',
    'http://0:3000/x',
    'http://[::1]:3000/x',
    'http://[::]:3000/x',
    'http://[0:0:0:0:0:0:0:1]:3000/x',
    'http://[::ffff:127.0.0.1]:3000/x',
    'https://localhost:3000/x',
    'http://localhost:3000//x',
    'http://localhost:3000/x/',
    'http://localhost:3000\\x',
    'http://localhost:3000/%78',
    'http://localhost:3000/api/../x',
    'http://localhost:3000/%2e/x?y#z',
    'http://localhost:3000/l/x',
    'http://localhost:3000/%6c/x',
    'http://ｌocalhost:3000/x',
  ].map((target): [string, string] => [LOCAL, target]),
  ['https://go.example.com', 'https://go.example.com/x'],
  ['https://go.example.com', 'http://go.example.com/x'],
  ['https://go.example.com', 'https://GO.Example.com.:443/x'],
  ['https://203.0.113.5', 'https://[::ffff:203.0.113.5]/x'],
  ['https://bücher.example', 'https://xn--bcher-kva.example/x'],
]

describe('a target is refused', () => {
  for (const [publicUrl, target] of OWN) {
    test(`as one of the server's own: ${target} at ${publicUrl}`, () => {
      expect(() => parseLinkTarget(target, publicUrl)).toThrow('another short link')
    })
  }

  for (const target of [
    ...['javascript:alert(1)', 'JaVaScript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x'],
    ...['file:///etc/passwd', 'blob:https://example.com/x', 'ftp://example.com/', '//example.com'],
    ...[
      'https://',
      'http://[::1',
      'https://user:secret@example.com/',
      'https://exa\u202emple.com/',
    ],
    ...['https://example.com/\u0000', 'https://example.com/\r\nX: y', 'https://example.com/\ud800'],
  ]) {
    test(`as no http(s) URL: ${JSON.stringify(target)}`, () => {
      expect(() => parseLinkTarget(target, LOCAL)).toThrow()
    })
  }
})

test('pages of this server, other ports and other hosts are targets like any other', () => {
  for (const target of [
    ...['http://localhost:3000/', 'http://localhost:3000/docs', 'http://localhost:3001/x'],
    ...['https://example.com/x', 'http://notlocalhost:3000/x', 'http://localhost:3000/a/b'],
  ]) {
    expect(parseLinkTarget(target, LOCAL).href).toBe(target)
  }
})

test('a title may be in any language, and never hold what turns or cuts its text', async () => {
  await using app = await createTestApp()
  const client = app.as(app.seed.owner().key())
  const create = (title: string) =>
    client.post('/api/v1/links', { url: 'https://example.com', title })
  for (const title of ['می‌خواهم', '👨‍👩‍👧 family', 'क्‍ष', 'Ünïcödé', '😀'.repeat(100)]) {
    const { status, json } = await create(title)
    expect(status).toBe(201)
    expect(json.data.title).toBe(title)
  }
  const before = (await client.get('/api/v1/links')).json.total
  for (const title of ['a\u0000b', 'a\nb', 'a\u202eb', 'a\u200bb', '\ud800', 'x'.repeat(201)]) {
    const { status, json } = await create(title)
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'title'])
  }
  expect((await client.get('/api/v1/links')).json.total).toBe(before)
})
