import { describe, expect, test } from 'bun:test'
import { parse } from 'csv-parse/sync'
import { REASONS, wordsOf } from '../../src/features/backlinks/wording'
import { nextTurn } from '../../src/platform/loops'
import { createTestApp, type TestApp } from '../support/app'
import { answer, fixtureWeb, page } from '../support/fixture-web'
import { rawServer } from '../support/raw-server'

const PATH = '/tools/backlink-check'
const LINK = '<a href="https://example.com/">Exämple &amp; friends</a>'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const testApp = (env: Record<string, string> = {}): Promise<TestApp> =>
  createTestApp({ env, overrides: { resolve: async () => ['127.0.0.1'] } })

const send = (app: TestApp, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  app.as().post(PATH, new URLSearchParams(fields).toString(), { ...FORM, ...headers })

/** Text between tags, as a reader has it. */
const seen = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

const csvOf = (html: string): Record<string, string>[] => {
  const [, csv = ''] = /href="data:text\/csv;charset=utf-8,([^"]*)"/.exec(html) ?? []
  return parse(decodeURIComponent(csv), { columns: true })
}

describe('the page of the backlink check', () => {
  test('is a form that needs no script, under the policy of every page', async () => {
    await using app = await testApp()
    const { status, headers, text } = await app.as().get(PATH)
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy')
    expect(policy).toBe((await app.as().get('/')).headers.get('content-security-policy'))
    expect(policy).toContain("script-src 'self'")
    expect(text).toContain(`<form id="check" method="post" action="${PATH}#results-title">`)
    for (const id of ['domain', 'urls']) {
      expect(text).toContain(`<label for="${id}">`)
      expect(text).toContain(`aria-describedby="${id}-hint"`)
    }
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script>|\{\{/)
    expect((await app.as().get('/')).text).toContain(`href="${PATH}"`)
  })

  test('answers each page with its verdict in words, and all of them as a file', async () => {
    using web = await fixtureWeb({
      'a.example.net/1': page(`We know ${LINK} well.`),
      'a.example.net/2': page('<a rel="ugc" href="https://example.com/">x</a>'),
      'a.example.net/3': page('<p>example.com is named</p>'),
    })
    await using app = await testApp()
    const places = ['a.example.net/1', 'a.example.net/2', 'a.example.net/3', 'a.example.net/4']
    const urls = [...places.map(web.urlOf), 'javascript:alert(1)']
    const { status, text } = await send(app, { domain: 'example.com', urls: urls.join('\r\n') })
    expect(status).toBe(200)
    const words = seen(text)
    for (const said of [
      '5 pages checked: 1 live; 1 live, not followed; 1 no link; 1 page gone; 1 not known.',
      'A listing of shops that we know and like. We know Exämple &amp; friends well.',
      'Marked as written by a user of the site (rel: ugc)',
      'The domain is named on the page, but not linked.',
      'This is no address of a web page',
      'Leads to https://example.com/',
    ]) {
      expect(words).toContain(said)
    }
    expect(text).not.toContain('href="javascript:')
    expect(text).toContain('value="example.com"')
    const lines = csvOf(text)
    expect(lines.map(({ source_url }) => source_url)).toEqual(urls)
    expect(lines.map(({ rel }) => rel)).toEqual(['', 'ugc', '', '', ''])
    expect(text).toContain('download="backlinks.csv"')
  })

  test('what strangers write stays text', async () => {
    const evil = '"><script>alert(1)</script>'
    using web = await fixtureWeb({
      'a.example.net/1': page(
        `<a href="https://example.com/?${evil.replaceAll('"', '&quot;')}">&lt;script&gt;x&lt;/script&gt;</a>`,
      ),
    })
    await using app = await testApp()
    const urls = `${web.urlOf('a.example.net/1')}\n${evil}`
    const { text } = await send(app, { domain: 'example.com', urls })
    expect(text).not.toMatch(/<script>/)
    expect(text).toContain('&lt;script&gt;x&lt;/script&gt;')
    const refused = await send(app, { domain: evil, urls: '</textarea><script>' })
    expect(refused.status).toBe(400)
    expect(refused.text).not.toMatch(/<script>/)
  })

  const refusals: [string, Record<string, string>, string, string][] = [
    ['no domain', { domain: ' ', urls: 'https://a.net/' }, 'domain', 'Give the domain'],
    ['a domain that is none', { domain: 'localhost', urls: 'x.net' }, 'domain', 'not a public'],
    ['no pages', { domain: 'example.com', urls: ' \n ' }, 'urls', 'at least one page'],
    [
      '26 pages',
      {
        domain: 'example.com',
        urls: Array.from({ length: 26 }, (_, id) => `a${id}.net`).join('\n'),
      },
      'urls',
      'These are 26 pages',
    ],
    [
      'an endless address',
      { domain: 'example.com', urls: `https://a.net/${'a'.repeat(2_048)}` },
      'urls',
      'at most 2048 characters',
    ],
  ]
  test.each(refusals)('%s is told beside its field', async (_title, fields, field, sentence) => {
    await using app = await testApp()
    const { status, text } = await send(app, fields)
    expect(status).toBe(400)
    const [control = ''] = new RegExp(`<[^>]* id="${field}"[^>]*>`).exec(text) ?? []
    expect(control).toContain(`aria-invalid="true" autofocus`)
    expect(control).toContain(`aria-describedby="${field}-hint ${field}-error"`)
    const [, error = ''] = new RegExp(`role="alert" id="${field}-error">([^<]*)`).exec(text) ?? []
    expect(error).toContain(sentence)
  })

  test('takes a form alone, of a size that 25 addresses can have', async () => {
    await using app = await testApp()
    expect((await app.as().post(PATH, { domain: 'example.com' })).status).toBe(415)
    expect((await send(app, { urls: 'a'.repeat(200_000) })).status).toBe(413)
    expect((await app.as().send('DELETE', PATH)).status).toBe(405)
  })

  test('shares the ten calls a minute with the API', async () => {
    await using app = await testApp({ RATE_LIMITS: 'on' })
    const fields = { domain: 'example.com', urls: 'x:y' }
    for (let asked = 0; asked < 5; asked++) {
      expect((await send(app, fields)).status).toBe(200)
      const body = { domain: 'example.com', urls: ['x:y'] }
      expect((await app.as().post('/api/v1/directories/check-backlinks', body)).status).toBe(200)
    }
    const { status, headers, text } = await send(app, fields)
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(text).toMatch(/role="status">Too many requests\. Try again in \d+ seconds\./)
    expect(text).toContain('value="example.com"')
  })
})

describe('for its script', () => {
  const STREAM = { accept: 'application/x-ndjson' }

  test('results come one by one, each when it is there, and the outcome last', async () => {
    using hanging = await rawServer((socket) => setTimeout(() => socket.destroy(), 300))
    using web = await fixtureWeb({ 'a.example.net/1': page(LINK), 'a.example.net/2': answer(410) })
    await using app = await testApp()
    const urls = [
      `http://slow.example.net:${hanging.port}/x`,
      ...['a.example.net/1', 'a.example.net/2'].map(web.urlOf),
    ]
    const { status, headers, text } = await send(
      app,
      { domain: 'example.com', urls: urls.join('\n') },
      STREAM,
    )
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/x-ndjson')
    const [first, ...rest] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const last = rest.pop()
    expect(first.domain).toBe('example.com')
    expect(first.results.map((one: { address: { text: string } }) => one.address.text)).toEqual(
      urls,
    )
    expect(rest.map(({ index }) => index).toSorted()).toEqual([0, 1, 2])
    expect(rest.at(-1).index).toBe(0)
    const verdicts = Object.fromEntries(
      rest.map(({ index, result }) => [index, result.verdict.name]),
    )
    expect(verdicts).toEqual({ 0: 'unknown', 1: 'live', 2: 'page_gone' })
    expect(last.outcome.summary).toBe('3 pages checked: 1 live; 1 page gone; 1 not known.')
    expect(last.outcome.href).toStartWith('data:text/csv')
  })

  test('refusals have the envelope of the API', async () => {
    await using app = await testApp()
    const { status, text } = await send(app, { domain: 'x', urls: 'https://a.net/' }, STREAM)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ code: 'invalid_domain', field: 'domain' })
  })

  test('who leaves early leaves nothing behind', async () => {
    using hanging = await rawServer((socket) => setTimeout(() => socket.destroy(), 100))
    await using app = await testApp()
    const request = () =>
      new Request(`http://localhost:3000${PATH}`, {
        method: 'POST',
        headers: { ...FORM, ...STREAM },
        body: new URLSearchParams({
          domain: 'example.com',
          urls: `http://slow.example.net:${hanging.port}/x`,
        }),
      })
    const peer = { requestIP: () => ({ address: '203.0.113.9' }) }
    for (let left = 0; left < 4; left++) {
      const response = await app.runtime.handler(request(), peer)
      expect(response.status).toBe(200)
      await response.body?.cancel()
    }
    await hanging.allClosed()
    const fields = { domain: 'example.com', urls: 'x:y' }
    let next = await send(app, fields)
    // What was begun settles in turns of its own.
    while (next.status === 429) {
      await nextTurn()
      next = await send(app, fields)
    }
    expect(next.status).toBe(200)
  })
})

test('every reason has words for people', () => {
  expect(REASONS.length).toBeGreaterThan(40)
  for (const reason of REASONS) expect(wordsOf(reason)).toMatch(/^[A-Z].*\.$/)
})
