import { describe, expect, test } from 'bun:test'
import { answerTo, engineWorld, GROUNDING_HOST } from '../support/engine-world'

const json = (body: object) => Response.json(body)

/** A grounded answer over these links, each cited. */
const grounded = (chunks: { uri?: string; title?: string }[], more: object = {}) =>
  json({
    candidates: [
      {
        ...{ content: { role: 'model', parts: [{ text: 'Acme.' }] }, finishReason: 'STOP' },
        groundingMetadata: {
          webSearchQueries: ['best crm'],
          groundingChunks: chunks.map((web) => ({ web })),
          groundingSupports: [{ groundingChunkIndices: chunks.map((_, index) => index) }],
          ...more,
        },
      },
    ],
    ...{ modelVersion: 'gemini-3.8-flash', usageMetadata: { promptTokenCount: 9 } },
  })

describe('Gemini', () => {
  /** Google's redirector: `/grounding-api-redirect/<where to>`. */
  function redirector(locations: Record<string, string | 'hang'>) {
    const seen: string[] = []
    const server = Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 0 },
      fetch({ method, url }) {
        const name = new URL(url).pathname.split('/').at(-1) ?? ''
        seen.push(`${method} ${name}`)
        const location = locations[name]
        return location === undefined
          ? new Response('gone', { status: 404 })
          : new Response(null, { status: 302, headers: { location } })
      },
    })
    const link = (name: string) =>
      `http://${GROUNDING_HOST}:${server.port}/grounding-api-redirect/${name}`
    return { seen, link, [Symbol.dispose]: () => void server.stop(true) }
  }

  test('gives links of its own, which are resolved without being followed', async () => {
    using google = redirector({
      a: 'https://www.acme.example/crm?gclid=1',
      b: 'https://reviews.example/',
    })
    const answer = await answerTo(
      'gemini',
      grounded([
        { uri: google.link('a'), title: 'acme.example' },
        { uri: google.link('b'), title: 'Reviews' },
        { uri: google.link('a'), title: 'acme.example' },
        { uri: 'https://plain.example/page', title: 'Plain' },
      ]),
    )
    expect(answer.cited).toEqual([
      {
        ...{ url: 'https://www.acme.example/crm?gclid=1', title: 'acme.example' },
        ...{ host: 'acme.example', key: 'acme.example/crm' },
      },
      {
        ...{ url: 'https://reviews.example/', title: 'Reviews' },
        ...{ host: 'reviews.example', key: 'reviews.example' },
      },
      {
        ...{ url: 'https://plain.example/page', title: 'Plain' },
        ...{ host: 'plain.example', key: 'plain.example/page' },
      },
    ])
    expect(google.seen.toSorted()).toEqual(['HEAD a', 'HEAD b'])
  })

  test('gives links that lead nowhere: the title may be a domain, else nobody knows', async () => {
    using google = redirector({ loop: 'ftp://files.example/', bad: '::' })
    const names = ['gone', 'loop', 'bad']
    const { retrieved } = await answerTo(
      'gemini',
      grounded([
        ...names.map((name) => ({ uri: google.link(name), title: 'What is a CRM?' })),
        { uri: google.link('domain'), title: 'www.Acme.example' },
        { uri: google.link('untitled') },
      ]),
    )
    expect(retrieved?.map(({ host, key }) => [host, key])).toEqual([
      ...names.map(() => [null, null]),
      ['acme.example', null],
      [null, null],
    ])
    expect(retrieved?.[3]?.url).toBe(google.link('domain'))
  })

  test('is not believed where a link may lead: a private address is never called', async () => {
    let calls = 0
    using inside = Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1' },
      fetch() {
        calls += 1
        return new Response(null, { status: 302, headers: { location: 'https://x.example/' } })
      },
    })
    await using world = engineWorld(() =>
      grounded([
        { uri: `http://127.0.0.1:${inside.port}/grounding-api-redirect/a` },
        { uri: `http://${GROUNDING_HOST}.evil.example:${inside.port}/grounding-api-redirect/a` },
        { uri: `http://${GROUNDING_HOST}:${inside.port}/elsewhere` },
      ]),
    )
    const { retrieved } = await world.ask('gemini')
    expect(retrieved).toHaveLength(3)
    expect(calls).toBe(0)
  })

  test('of many links resolves forty', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `n${index}`)
    using google = redirector(Object.fromEntries(names.map((n) => [n, `https://${n}.example/`])))
    const { retrieved } = await answerTo(
      'gemini',
      grounded(names.map((name) => ({ uri: google.link(name), title: `${name}.example` }))),
    )
    expect(google.seen).toHaveLength(40)
    expect(retrieved).toHaveLength(60)
    expect(retrieved?.every(({ host }, index) => host === `n${index}.example`)).toBe(true)
  })

  test('that found pages and does not say which it used leaves that unknown', async () => {
    const reply = grounded([{ uri: 'https://a.example/' }], { groundingSupports: undefined })
    const { cited, retrieved } = await answerTo('gemini', reply)
    expect(cited).toBeNull()
    expect(retrieved?.map(({ url }) => url)).toEqual(['https://a.example/'])
  })

  test('keeps what its terms ask to show, within bounds', async () => {
    const entry = (renderedContent: string) => ({ searchEntryPoint: { renderedContent } })
    const small = await answerTo('gemini', grounded([], entry('<div>best crm</div>')))
    expect(small.metadata).toEqual({ search_entry_point: '<div>best crm</div>' })
    const large = await answerTo('gemini', grounded([], entry('x'.repeat(20_000))))
    expect(large.metadata).toBeNull()
  })

  test.each([
    ['SAFETY', 'refused'],
    ['PROHIBITED_CONTENT', 'refused'],
    ['MAX_TOKENS', 'truncated'],
    ['OTHER', 'truncated'],
  ])('that finished with %s is %s', async (finishReason, status) => {
    const content = { role: 'model', parts: [{ text: 'Ac' }] }
    const answer = await answerTo('gemini', json({ candidates: [{ content, finishReason }] }))
    expect(answer).toMatchObject({ status, stopReason: finishReason })
  })

  test('that refuses the question itself refuses', async () => {
    const answer = await answerTo('gemini', json({ promptFeedback: { blockReason: 'SAFETY' } }))
    expect(answer).toMatchObject({ status: 'refused', text: '', stopReason: 'SAFETY' })
  })

  test('that would go on is not asked again', async () => {
    await using world = engineWorld(() =>
      json({
        candidates: [
          {
            content: { role: 'model', parts: [{ text: 'The first part' }] },
            ...{ finishReason: 'CONTINUATION', continuationToken: 'token' },
          },
        ],
      }),
    )
    expect(await world.ask('gemini')).toMatchObject({ status: 'truncated', text: 'The first part' })
    expect(world.server.asked).toHaveLength(1)
  })
})
