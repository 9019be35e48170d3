import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { CARD, made, TEXT, WIFI } from '../support/typed-links'

const LINKS = '/api/v1/links'

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const linksStored = (): number =>
  app.services.db.sqlite.query<{ n: number }, []>('SELECT count(*) AS n FROM links').get()?.n ?? 0

describe('POST /links with a kind', () => {
  test('the seed’s Wi-Fi link is made: shortUrl is its page, originalUrl is null', async () => {
    const answer = await key.post(LINKS, WIFI)
    expect(answer.status).toBe(201)
    const { data, usage } = answer.json
    expect(data).toMatchObject({
      kind: 'wifi',
      title: 'Guest Wi-Fi',
      originalUrl: null,
      summary: 'Wi-Fi MyNet',
      payload: WIFI.payload,
      shortUrl: `http://localhost:3000/l/${data.slug}`,
      clicks: 0,
    })
    expect(usage.linksUsed).toBe(1)
  })

  test('a card and a text are summed up in one line', async () => {
    expect((await made(key, CARD)).summary).toBe(
      'Ada Lovelace; Countess, of, Enchantress of Number, Analytical Engines, Ltd; London \\ Paris',
    )
    expect((await made(key, TEXT)).summary).toBe('two spaces <b>not bold</b> & "quoted"')
    const long = await made(key, { kind: 'text', payload: { text: '👩‍👩‍👧'.repeat(200) } })
    expect([...long.summary]).toHaveLength(120)
    expect(long.summary.isWellFormed()).toBe(true)
  })

  test('kind url stays the default, with summary and payload null', async () => {
    const data = await made(key, { url: 'https://example.com' })
    expect(data).toMatchObject({ kind: 'url', summary: null, payload: null })
    expect(data.shortUrl).toBe(`http://localhost:3000/${data.slug}`)
  })

  test('the list and the single link show the payload again', async () => {
    const { id } = await made(key, CARD)
    const { json } = await key.get(`${LINKS}/${id}`)
    expect(json.data.payload).toEqual(CARD.payload)
    expect((await key.get(LINKS)).json.data[0].payload).toEqual(CARD.payload)
  })

  test('link.created carries url null', async () => {
    await made(key, WIFI)
    const { json } = await key.get('/api/v1/events')
    const [event] = json.data
    expect(event.type).toBe('link.created')
    expect(event.data).toMatchObject({ url: null, kind: 'wifi' })
    expect(JSON.stringify(event)).not.toContain('secret123')
  })
})

const wifi = (payload: object) => ({ kind: 'wifi', payload: { ...WIFI.payload, ...payload } })
const card = (payload: object) => ({
  kind: 'vcard',
  payload: { firstName: 'Ada', lastName: 'Lovelace', ...payload },
})
const text = (value: unknown) => ({ kind: 'text', payload: { text: value } })

const REFUSED: [string, object, string][] = [
  ['url without a url', {}, 'url'],
  ['url null', { url: null }, 'url'],
  ['url with a payload', { url: 'https://example.com', payload: { text: 'x' } }, 'payload'],
  ['an unknown kind', { kind: 'sms', payload: {} }, 'kind'],
  ['a typed kind without payload', { kind: 'wifi' }, 'payload'],
  ['a payload that is a text', { kind: 'text', payload: 'hello' }, 'payload'],
  ['a payload that is a list', { kind: 'text', payload: ['hello'] }, 'payload'],
  ['a typed kind with a url', { ...WIFI, url: 'https://example.com' }, 'url'],
  ['no ssid', wifi({ ssid: undefined }), 'payload.ssid'],
  ['an empty ssid', wifi({ ssid: '' }), 'payload.ssid'],
  ['an ssid of 33 octets', wifi({ ssid: `${'ä'.repeat(16)}x` }), 'payload.ssid'],
  ['an ssid with a line break', wifi({ ssid: 'My\nNet' }), 'payload.ssid'],
  ['an ssid with a reversing mark', wifi({ ssid: 'My\u202eNet' }), 'payload.ssid'],
  ['an unknown encryption', wifi({ encryption: 'WPA9' }), 'payload.encryption'],
  ['no encryption', wifi({ encryption: undefined }), 'payload.encryption'],
  ['WPA without a password', wifi({ password: undefined }), 'payload.password'],
  ['a WPA password of 7', wifi({ password: '1234567' }), 'payload.password'],
  ['a WPA password of 64 that is no key', wifi({ password: 'x'.repeat(64) }), 'payload.password'],
  ['a WPA password beyond ASCII', wifi({ password: 'pässword123' }), 'payload.password'],
  ['a WEP key of 6', wifi({ encryption: 'WEP', password: '123456' }), 'payload.password'],
  ['a password of an open network', wifi({ encryption: 'nopass' }), 'payload.password'],
  ['hidden as a text', wifi({ hidden: 'yes' }), 'payload.hidden'],
  ['no first name', card({ firstName: undefined }), 'payload.firstName'],
  ['nobody', card({ firstName: '', lastName: ' ' }), 'payload.firstName'],
  ['a long name', card({ lastName: 'x'.repeat(101) }), 'payload.lastName'],
  ['a name with a line break', card({ firstName: 'A\r\nBEGIN:VCARD' }), 'payload.firstName'],
  ['no e-mail address', card({ email: 'ada' }), 'payload.email'],
  ['eleven e-mail addresses', card({ email: new Array(11).fill('a@b.co') }), 'payload.email'],
  ['a telephone number of letters', card({ phone: 'call me' }), 'payload.phone'],
  ['a javascript url', card({ url: 'javascript:alert(1)' }), 'payload.url'],
  ['a long note', card({ note: 'x'.repeat(2001) }), 'payload.note'],
  ['a long address', card({ address: 'x'.repeat(501) }), 'payload.address'],
  ['an empty text', text(''), 'payload.text'],
  ['a text of blanks', text(' \n '), 'payload.text'],
  ['a text of 10 001', text('x'.repeat(10_001)), 'payload.text'],
  ['a text with NUL', text('a\u0000b'), 'payload.text'],
  ['a text with half a character', text('a\ud800b'), 'payload.text'],
  ['a text that is a number', text(7), 'payload.text'],
]

describe('what is not valid is 400 with its field, and nothing is stored:', () => {
  for (const [what, body, field] of REFUSED) {
    test(what, async () => {
      const answer = await key.post(LINKS, body)
      expect(answer.status).toBe(400)
      expect(answer.json.field).toBe(field)
      expect(answer.json.details[0].field).toBe(field)
      expect(linksStored()).toBe(0)
    })
  }

  test('every failing field is told at once', async () => {
    const { json } = await key.post(LINKS, wifi({ ssid: '', encryption: 'x' }))
    const fields = json.details.map((issue: { field: string }) => issue.field)
    expect(fields).toEqual(['payload.ssid', 'payload.encryption'])
  })
})

test('the limits themselves are accepted', async () => {
  await made(key, wifi({ ssid: 'ä'.repeat(16), password: 'x'.repeat(63) }))
  await made(key, wifi({ password: '0123456789abcdefABCDEF'.padEnd(64, '0') }))
  await made(key, wifi({ encryption: 'WEP', password: '12345' }))
  await made(key, wifi({ encryption: 'WEP', password: 'abcdef0123' }))
  await made(key, wifi({ encryption: 'nopass', password: null, hidden: true }))
  await made(key, card({ lastName: '' }))
  await made(key, text('x'.repeat(10_000)))
})

describe('PATCH /links/{id} of a typed link', () => {
  test('replaces the payload, keeps history and tells link.updated', async () => {
    const { id } = await made(key, WIFI)
    const payload = { ...WIFI.payload, password: 'other-secret' }
    const answer = await key.patch(`${LINKS}/${id}`, { payload, kind: 'wifi' })
    expect(answer.status).toBe(200)
    expect(answer.json.data.payload).toEqual(payload)
    const [change] = (await key.get(`${LINKS}/${id}/history`)).json.data
    expect(change.changes).toEqual({ payload: { before: WIFI.payload, after: payload } })
    expect((await key.get('/api/v1/events')).json.data.at(-1).type).toBe('link.updated')
  })

  test('the same payload changes nothing', async () => {
    const { id } = await made(key, WIFI)
    await key.patch(`${LINKS}/${id}`, { payload: WIFI.payload })
    expect((await key.get(`${LINKS}/${id}/history`)).json.data).toEqual([])
  })

  const CHANGES: [string, object, object, string][] = [
    ['a kind cannot change', WIFI, { kind: 'text', payload: { text: 'x' } }, 'kind'],
    ['a typed link has no url', WIFI, { url: 'https://example.com' }, 'url'],
    ['a payload of another kind', WIFI, { payload: { text: 'x' } }, 'payload.ssid'],
    [
      'a payload on kind url',
      { url: 'https://example.com' },
      { payload: { text: 'x' } },
      'payload',
    ],
    ['no payload at all', WIFI, { payload: null }, 'payload'],
  ]
  for (const [what, link, change, field] of CHANGES) {
    test(`${what}: 400, unchanged`, async () => {
      const before = await made(key, link)
      const answer = await key.patch(`${LINKS}/${before.id}`, change)
      expect([answer.status, answer.json.field]).toEqual([400, field])
      expect((await key.get(`${LINKS}/${before.id}`)).json.data).toMatchObject(before)
    })
  }
})

describe('on a plan without typed_links', () => {
  test('a typed link is 403 with the plan to move to, after 400 and before 409 and 402', async () => {
    const tenant = await app.seed.tenant({ plan: 'free' })
    const free = app.as(tenant.key())
    const answer = await free.post(LINKS, WIFI)
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({
      code: 'plan_feature_required',
      error: 'plan_feature_required',
      feature: 'typed_links',
      recommend: { name: 'Core' },
    })
    expect((await free.post(LINKS, { kind: 'wifi', payload: {} })).status).toBe(400)
    await made(key, { url: 'https://example.com', slug: 'taken' })
    expect((await free.post(LINKS, { ...WIFI, slug: 'taken' })).status).toBe(403)
    for (let n = 0; n < 5; n++) await made(free, { url: 'https://example.com' })
    expect((await free.post(LINKS, WIFI)).status).toBe(403)
    expect((await free.post(LINKS, { url: 'https://example.com' })).status).toBe(402)
  })

  test('links made before keep working, their payload cannot be changed, their title can', async () => {
    const tenant = await app.seed.tenant()
    const client = app.as(tenant.key())
    const { id, slug } = await made(client, WIFI)
    const { db, billing, directory } = app.services
    const group = directory.billingGroupOf(tenant.workspaceId) ?? ''
    db.write((tx) => billing.changePlan(tx, group, 'free'))
    expect((await app.as().get(`/l/${slug}`)).status).toBe(200)
    const payload = { ...WIFI.payload, password: 'other-secret' }
    expect((await client.patch(`${LINKS}/${id}`, { payload })).status).toBe(403)
    expect((await client.patch(`${LINKS}/${id}`, { title: 'Lobby' })).status).toBe(200)
  })
})
