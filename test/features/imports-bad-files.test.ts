import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { type Form, formOf, plan, send } from '../support/imports'

let app: TestApp
let client: Client
beforeAll(async () => {
  app = await createTestApp()
  client = app.as((await app.seed.tenant()).key())
})
afterAll(() => app[Symbol.asyncDispose]())

/** Reads the plan of a file and forgets it again: only ten may wait. */
async function read(file: string | Uint8Array, fields: Form = {}) {
  const planned = await plan(app, client, file, fields)
  if (planned.data.status === 'ready') await client.delete(`/api/v1/imports/${planned.id}`)
  return planned
}

const utf16 = (text: string, isBig: boolean): Uint8Array => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return isBig ? bytes.swap16() : bytes
}

const TITLE = 'Größe “1” – 5 €'
const FILE = `url;title\r\nhttps://example.com/;${TITLE}\r\n`
/** Windows-1252 has the signs of the title at these places. */
const WINDOWS: Record<string, number> = {
  ö: 0xf6,
  ß: 0xdf,
  '“': 0x93,
  '”': 0x94,
  '–': 0x96,
  '€': 0x80,
}
const windows1252 = Uint8Array.from(FILE, (sign) => WINDOWS[sign] ?? sign.charCodeAt(0))

describe('the encodings', () => {
  test.each([
    ['utf-8', Buffer.from(FILE)],
    ['utf-8', Buffer.from(`\ufeff${FILE}`)],
    ['utf-16le', utf16(FILE, false)],
    ['utf-16be', utf16(FILE, true)],
    ['utf-16le', utf16(FILE, false).subarray(2)],
    ['windows-1252', windows1252],
  ])('%s', async (encoding, bytes) => {
    const { data, rows } = await read(bytes)
    expect(data).toMatchObject({ status: 'ready', encoding, counts: { total: 1, create: 1 } })
    expect(rows[0].title).toBe(TITLE)
  })
})

describe('CSV as it comes', () => {
  const rowsOf = async (file: string) => (await read(file)).rows

  test('line ends, quotes, separators and blank lines of every kind', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const rows = await rowsOf(['url,title', 'https://a.example/,"a ""b"", c"', '', ''].join(end))
      expect(rows.map(({ title }) => title)).toEqual(['a "b", c'])
    }
    for (const sign of [',', ';', '\t', '|']) {
      const rows = await rowsOf(`title${sign}url\n"x${sign}y"${sign}https://a.example/\n`)
      expect(rows.map(({ url }) => url)).toEqual(['https://a.example/'])
    }
    const lines = await rowsOf(
      'url,title\n"https://a.example/","two\nlines"\nhttps://b.example/,5" disk\n',
    )
    expect(lines.map(({ title, line }) => [title, line])).toEqual([
      ['two lines', 3],
      ['5" disk', 4],
    ])
  })

  test('a formula is text, with or without its apostrophe', async () => {
    const rows = await rowsOf(
      `url,title\nhttps://a.example/,'=HYPERLINK(1)\nhttps://a.example/,=1\n`,
    )
    expect(rows.map(({ title }) => title)).toEqual(['=HYPERLINK(1)', '=1'])
  })

  test('a row that is too long is a problem of its own, one too short lacks what it lacks', async () => {
    const rows = await rowsOf(
      'slug,url\nrag-a,https://a.example/,more\nrag-b\nrag-c,https://a.example/,\n',
    )
    expect(rows.map(({ status, error }) => [status, error?.field ?? error?.code])).toEqual([
      ['error', 'validation_failed'],
      ['error', 'url'],
      ['create', undefined],
    ])
    expect(rows[0].error.message).toBe('The row has 3 cells, the first line 2.')
  })

  test('bad values name their field, and the rest of the file is planned', async () => {
    const rows = await rowsOf(
      [
        'url,expiresAt,created,tags,title',
        'javascript:alert(1),,,,',
        'https://u:p@a.example/,,,,',
        'https://a.example/,03/04/2024,,,',
        'https://a.example/,,03/04/2024,,',
        `https://a.example/,,,,${'x'.repeat(300)}`,
        'https://a.example/,,,,a\u202eb',
        'http://localhost:3000/promo,,,,',
      ].join('\n'),
    )
    expect(
      rows.map(({ status, error, warnings }) => [status, error?.field ?? warnings[0]]),
    ).toEqual([
      ...[
        ['error', 'url'],
        ['error', 'url'],
        ['error', 'expiresAt'],
      ],
      ...[
        ['create', 'created_at_unreadable'],
        ['create', 'title_shortened'],
        ['create', 'characters_removed'],
        ['error', 'url'],
      ],
    ])
  })
})

describe('a file that cannot be read', () => {
  test.each([
    ['', 'empty'],
    [Buffer.from('PK\u0003\u0004 and more'), 'Excel'],
    [Buffer.from([0x1f, 0x8b, 8, 0]), 'gzip'],
    [Buffer.from([1, 2, 0, 3, 0, 0, 0, 9]), 'no text'],
  ])('is refused at once: %p', async (file, word) => {
    const { status, json } = await send(client, file)
    expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'file'])
    expect(json.message).toContain(word)
  })

  test.each([
    ['csv', 'url,title\nhttps://a.example/,"never closed\nhttps://b.example/\n', 'quotation mark'],
    ['csv', '  \n\n', 'empty'],
    ['csv', 'url,url\nhttps://a.example/,https://b.example/\n', 'two columns'],
    ['csv', 'a,b\n1,2\n', 'It has: a, b'],
    ['sink', '{"links":[{"url":"https://a.example/"}', 'not good JSON'],
    ['dub', '[{"url":"https://a.example/"},}', 'not good JSON'],
    [
      'yourls',
      "INSERT INTO `yourls_url` VALUES ('a','https://a.example/','x",
      'within a statement',
    ],
    ['bitly', '{"links":[{"href":"x"}]}', 'from bitly'],
  ])('fails the import with a sentence: %s %p', async (source, file, words) => {
    const { data } = await read(file, { source })
    expect(data).toMatchObject({ status: 'failed', error: { code: 'validation_failed' } })
    expect(data.error.message).toContain(words)
    const refused = await client.post(`/api/v1/imports/${data.id}/apply`)
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
  })
})

describe('a form', () => {
  test('that is none, has no file, or says what is not allowed is refused', async () => {
    const path = '/api/v1/imports'
    const json = await client.post(path, { source: 'csv' })
    expect([json.status, json.json.code]).toEqual([415, 'unsupported_media_type'])
    const { body, headers } = await formOf('url\n', { source: 'csv' })
    const cut = await client.post(path, body.slice(0, body.length - 30), headers)
    expect([cut.status, cut.json.code]).toEqual([400, 'validation_failed'])
    const type = { 'content-type': 'multipart/form-data; boundary=' }
    expect((await client.post(path, body, type)).status).toBe(400)
    for (const [fields, field] of [
      [{ source: 'excel' }, 'source'],
      [{ onCollision: 'explode' }, 'onCollision'],
      [{ mapping: '{"nope":"x"}' }, 'mapping'],
      [{ mapping: 'url=Website' }, 'mapping'],
      [{ workspace_id: 'ws_x' }, 'workspace_id'],
    ] as const) {
      const answer = await send(client, 'url\n', fields)
      expect([answer.status, answer.json.field]).toEqual([400, field])
    }
  })

  test('with a file of more than 50 MiB is 413, and nothing is kept', async () => {
    const before = readdirSync(join(app.dataDir, 'imports')).length
    const big = Buffer.alloc(50 * 1024 * 1024 + 1, 'x')
    const { status, json } = await send(client, big)
    expect([status, json.code, json.field]).toEqual([413, 'payload_too_large', 'file'])
    expect(readdirSync(join(app.dataDir, 'imports')).length).toBe(before)
  })

  test('is not looked at before it is known who sends it', async () => {
    const { body, headers } = await formOf('url\n', { source: 'csv' })
    expect((await app.as().post('/api/v1/imports', body, headers)).status).toBe(401)
  })

  test('is refused when ten plans of the workspace wait', async () => {
    const other = app.as((await app.seed.tenant()).key())
    const answers: number[] = []
    for (let nth = 0; nth < 11; nth++) answers.push((await send(other, 'url\n')).status)
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 202), 409])
  })
})
