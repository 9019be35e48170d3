import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createAnswerReader } from '../../src/platform/answer-reader'
import { RESPONSE_HEAD_BYTES_MAX } from '../../src/platform/exchange'
import { OutboundError } from '../../src/platform/outbound-error'

const EXPECTED = { isHead: false, bytesMax: 64 }

/** What a reader makes of these bytes, given to it in pieces cut at `cuts`. */
function read(text: string, cuts: readonly number[] = [], expected = EXPECTED) {
  const bytes = Buffer.from(text, 'latin1')
  const reader = createAnswerReader()
  reader.expect(expected)
  const edges = [
    0,
    ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b),
    bytes.length,
  ]
  for (const [nth, from] of edges.slice(0, -1).entries()) {
    const result = reader.push(bytes.subarray(from, edges[nth + 1]))
    if (result) return { result, reusable: reader.isReusable() }
  }
  return { result: undefined, reusable: reader.isReusable(), reader }
}

const told = ({ result, reusable }: ReturnType<typeof read>) =>
  result instanceof OutboundError
    ? result.reason
    : result && {
        status: result.status,
        headers: result.headers.map(([name, value]) => `${name}=${value}`).join('&'),
        body: Buffer.from(result.body).toString('latin1'),
        truncated: result.truncated,
        reusable,
      }

const answer = { truncated: false, reusable: true }

const WHOLE: [name: string, text: string, told: object][] = [
  [
    'a length',
    'HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok',
    { ...answer, status: 201, headers: 'x-a=1&content-length=2', body: 'ok' },
  ],
  [
    'chunks with extensions and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n1\r\n!\r\n0\r\nx: y\r\n\r\n',
    { ...answer, status: 200, headers: 'transfer-encoding=chunked', body: 'ok!' },
  ],
  ['no content', 'HTTP/1.1 204 No\r\n\r\n', { ...answer, status: 204, headers: '', body: '' }],
  [
    'interim answers before it',
    'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    { ...answer, status: 200, headers: 'content-length=0', body: '' },
  ],
  [
    'headers that repeat',
    'HTTP/1.1 200 OK\r\nX-Robots-Tag: a\r\nx-robots-tag: b\r\nContent-Length: 0\r\n\r\n',
    {
      ...answer,
      ...{ status: 200, headers: 'x-robots-tag=a&x-robots-tag=b&content-length=0', body: '' },
    },
  ],
  [
    'a connection that it closes',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx',
    {
      ...{ status: 200, headers: 'connection=close&content-length=1', body: 'x' },
      ...{ truncated: false, reusable: false },
    },
  ],
  [
    'HTTP/1.0, which keeps nothing by itself',
    'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
    {
      ...{ status: 200, headers: 'content-length=1', body: 'x' },
      ...{ truncated: false, reusable: false },
    },
  ],
]

describe('an answer', () => {
  test.each(WHOLE)('with %s is the same in whatever pieces it comes', (_name, text, expected) => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
        expect(told(read(text, cuts)) as object).toEqual(expected)
      }),
    )
  })

  test('to HEAD has no body, whatever length it names', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'
    expect(told(read(text, [], { isHead: true, bytesMax: 64 }))).toMatchObject({ body: '' })
  })

  test('that comes whole at once may be long', () => {
    const body = 'x'.repeat(300_000)
    const text = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const wide = { isHead: false, bytesMax: 1_000_000 }
    expect(told(read(text, [], wide))).toMatchObject({ ...answer, body })
  })

  test('is cut where more than was asked for has come', () => {
    const text = `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(65)}`
    const cut = { body: 'x'.repeat(64), truncated: true, reusable: false }
    expect(told(read(text))).toMatchObject(cut)
  })

  test('is cut however much comes at once', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'
    expect(told(read(head + 'x'.repeat(500_000)))).toMatchObject({ status: 200, truncated: true })
  })

  test('without a length ends with the connection', () => {
    const { result, reader } = read('HTTP/1.1 200 OK\r\n\r\nsome')
    expect(result).toBeUndefined()
    expect(reader?.end()).toMatchObject({ status: 200, truncated: false })
    expect(reader?.isReusable()).toBe(false)
  })

  test.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx'],
    ['chunks without their end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'],
  ])('of which %s has come when the connection ends is none', (_name, text) => {
    const reader = createAnswerReader()
    reader.expect(EXPECTED)
    if (text !== '') expect(reader.push(Buffer.from(text))).toBeUndefined()
    expect(reader.end()).toMatchObject({ reason: 'reset' })
  })

  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'bad_response'],
    ['an upgrade', 'HTTP/1.1 101 Up\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n', 'bad_response'],
    ['a length below zero', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'bad_response'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\n', 'bad_response'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'bad_response',
    ],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`, 'too_large'],
    [
      'a head too long',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(RESPONSE_HEAD_BYTES_MAX)}\r\n\r\n`,
      'too_large',
    ],
    [
      'endless framing',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(70_000)}`,
      'too_large',
    ],
  ])('that is %s is refused', (_name, text, reason) => {
    expect(told(read(text))).toBe(reason as never)
  })

  test('that nobody asked for is refused, and so is one behind another', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    expect(createAnswerReader().push(Buffer.from(text))).toMatchObject({ reason: 'bad_response' })
    expect(told(read(text + text))).toMatchObject({ status: 200, reusable: false })
  })

  test('of any bytes at all never throws', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.boolean(),
        (noise, headed) => {
          const reader = createAnswerReader()
          reader.expect(EXPECTED)
          if (headed) reader.push(Buffer.from('HTTP/1.1 200 OK\r\n'))
          reader.push(Buffer.from(noise))
          expect(reader.end()).toBeDefined()
        },
      ),
    )
  })
})
