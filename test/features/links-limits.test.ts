import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { BROWSER, CARD, made } from '../support/typed-links'

const TARGET = 'https://example.com/offer'
const BOT = { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' }
const PREVIEW = { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }

let app: TestApp
let key: Client
beforeEach(async () => {
  app = await createTestApp()
  key = app.as(app.seed.owner().key())
})
afterEach(() => app[Symbol.asyncDispose]())

const limited = (clickLimit: number, more: object = {}) =>
  made(key, { url: TARGET, clickLimit, ...more })
const visit = (path: string, headers: Record<string, string> = {}) =>
  app.as(BROWSER).get(path, headers)
const statusOf = async (path: string, headers?: Record<string, string>) =>
  (await visit(path, headers)).status
const statusesOf = (path: string, visits: number) =>
  Promise.all(Array.from({ length: visits }, () => statusOf(path)))

async function dataOf(id: string) {
  await app.drain()
  return (await key.get(`/api/v1/links/${id}`)).json.data
}

async function limitEvents(): Promise<object[]> {
  await app.drain()
  const { json } = await key.get('/api/v1/events?limit=100')
  const events = json.data.filter(({ type }: { type: string }) => type === 'link.limit_reached')
  return events.map(({ data }: { data: object }) => data)
}

describe('a click limit', () => {
  test('answers exactly so many people, however they come, then 410', async () => {
    const { id, slug } = await limited(3)
    const statuses = await statusesOf(`/${slug}`, 10)
    expect(statuses.toSorted()).toEqual([302, 302, 302, ...Array(7).fill(410)])
    expect(await statusOf(`/${slug}`)).toBe(410)
    expect(await dataOf(id)).toMatchObject({
      ...{ clicks: 3, clickLimit: 3, limitReached: true, clicksRemaining: 0 },
    })
  })

  test('sends those who come too late to expiredUrl', async () => {
    const { slug } = await limited(1, { expiredUrl: 'https://example.com/over' })
    await visit(`/${slug}`)
    const late = await visit(`/${slug}`)
    expect(late.status).toBe(302)
    expect(late.headers.get('location')).toBe('https://example.com/over')
  })

  test('is not used up by bots, previews, prefetches and HEAD, which follow while it is open', async () => {
    const { id, slug } = await limited(2)
    const others = async () => {
      expect(await statusOf(`/${slug}`, BOT)).toBe(302)
      expect(await statusOf(`/${slug}`, PREVIEW)).toBe(302)
      expect(await statusOf(`/${slug}`, { 'sec-purpose': 'prefetch' })).toBe(302)
      expect((await app.as(BROWSER).send('HEAD', `/${slug}`)).status).toBe(302)
    }
    await others()
    expect(await statusOf(`/${slug}`)).toBe(302)
    await others()
    expect(await statusOf(`/${slug}`)).toBe(302)
    for (const late of [BOT, PREVIEW, {}]) expect(await statusOf(`/${slug}`, late)).toBe(410)
    expect((await dataOf(id)).clicks).toBe(2)
    const verdicts = app.services.db.sqlite
      .query<{ verdict: number }, []>('SELECT verdict FROM clicks ORDER BY id')
      .all()
    expect(verdicts.map(({ verdict }) => verdict)).toEqual([2, 3, 4, 2, 0, 2, 3, 4, 2, 1])
  })

  test('counts what the visit was taken for, also where a long name ends beyond what is stored', async () => {
    const { id, slug } = await limited(1)
    const longBot = { 'user-agent': `${BROWSER['user-agent']} ${'x'.repeat(600)} Googlebot/2.1` }
    for (let visits = 0; visits < 3; visits++) {
      expect(await statusOf(`/${slug}`, longBot)).toBe(302)
    }
    expect((await dataOf(id)).clicks).toBe(0)
    expect(await statusOf(`/${slug}`)).toBe(302)
    expect((await dataOf(id)).clicks).toBe(1)
  })

  test('counts clicks from before there was a limit, stored or still in the spool', async () => {
    const { id, slug } = await made(key, { url: TARGET })
    await statusesOf(`/${slug}`, 3)
    await app.drain()
    await statusesOf(`/${slug}`, 2)
    await visit(`/${slug}`, BOT)
    await key.patch(`/api/v1/links/${id}`, { clickLimit: 7 })
    expect((await statusesOf(`/${slug}`, 5)).filter((status) => status === 302)).toHaveLength(2)
    expect((await dataOf(id)).clicks).toBe(7)
  })

  test('raised, lowered, taken away and rolled back it holds at once', async () => {
    const { id, slug } = await limited(2)
    const path = `/api/v1/links/${id}`
    const open = async (visits: number) =>
      (await statusesOf(`/${slug}`, visits)).filter((status) => status === 302).length
    expect(await open(4)).toBe(2)
    await key.patch(path, { clickLimit: 5 })
    expect(await open(1)).toBe(1)
    await key.patch(path, { clickLimit: 3 })
    expect(await open(3)).toBe(0)
    await key.patch(path, { clickLimit: null })
    expect(await open(4)).toBe(4)
    await key.patch(path, { clickLimit: 8 })
    expect(await open(4)).toBe(1)
    await key.post(`${path}/rollback`, { version: 1 })
    expect((await key.get(path)).json.data.clickLimit).toBe(2)
    expect(await open(2)).toBe(0)
    expect((await dataOf(id)).clicks).toBe(8)
  })

  test('a visit that storage refuses gives its click back', async () => {
    const { slug } = await limited(2)
    expect(await statusOf(`/${slug}`)).toBe(302)
    const { recorder, meter } = app.services.clicks
    recorder.close()
    expect(await statusesOf(`/${slug}`, 3)).toEqual([503, 503, 503])
    const no = app.services.hotLinks.find('', slug)?.no ?? 0
    expect(meter.clicksOf(no)).toBe(1)
  })

  test('survives a restart with clicks stored and clicks in the spool', async () => {
    const { slug } = await limited(6)
    await statusesOf(`/${slug}`, 2)
    await app.drain()
    await statusesOf(`/${slug}`, 3)
    await using again = await createTestApp({ from: app.dataDir })
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await again.as(BROWSER).get(`/${slug}`)).status),
    )
    expect(statuses.toSorted()).toEqual([302, 410, 410, 410])
  })

  test('stands before the password, and the form uses nothing up', async () => {
    const { id, slug } = await limited(1, { password: 'x' })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const sent = await app.as(BROWSER).post(`/${slug}`, 'password=x', form)
    expect(sent.status).toBe(303)
    const cookie = sent.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect(await statusOf(`/${slug}`)).toBe(401)
    expect(await statusOf(`/${slug}`, { cookie })).toBe(302)
    expect(await statusOf(`/${slug}`)).toBe(410)
    expect((await app.as(BROWSER).post(`/${slug}`, 'password=x', form)).status).toBe(410)
    expect((await dataOf(id)).clicks).toBe(1)
  })

  test('of a card: who saw the page may save the contact, others are sent to the page', async () => {
    const { id, slug } = await made(key, { ...CARD, clickLimit: 1 })
    const direct = await visit(`/l/${slug}.vcf`)
    expect(direct.headers.get('location')).toBe(`/l/${slug}`)
    const page = await visit(`/l/${slug}`)
    expect(page.status).toBe(200)
    const [pass = ''] = page.headers.getSetCookie()
    expect(pass).toContain(`Path=/l/${slug}.vcf;`)
    const cookie = pass.split(';')[0] ?? ''
    expect((await visit(`/l/${slug}.vcf`, { cookie })).text).toContain('BEGIN:VCARD')
    expect(await statusOf(`/l/${slug}`)).toBe(410)
    expect(await statusOf(`/${slug}`)).toBe(410)
    expect((await visit(`/l/${slug}.vcf`)).headers.get('location')).toBe(`/l/${slug}`)
    expect((await dataOf(id)).clicks).toBe(1)
  })
})

describe('link.limit_reached', () => {
  test('is told once, with the click that reached it', async () => {
    const { id, slug } = await limited(3)
    await statusesOf(`/${slug}`, 2)
    expect(await limitEvents()).toEqual([])
    await statusesOf(`/${slug}`, 5)
    expect(await limitEvents()).toEqual([{ id, slug, clickLimit: 3, clicks: 3 }])
    await statusesOf(`/${slug}`, 5)
    expect(await limitEvents()).toHaveLength(1)
  })

  test('again once when the limit was raised and reached again, and not while it stays used up', async () => {
    const { id, slug } = await limited(2)
    const path = `/api/v1/links/${id}`
    await statusesOf(`/${slug}`, 2)
    expect(await limitEvents()).toHaveLength(1)
    await key.patch(path, { clickLimit: 1 })
    await key.patch(path, { title: 'Offer' })
    expect(await limitEvents()).toHaveLength(1)
    await key.patch(path, { clickLimit: 3 })
    expect(await limitEvents()).toHaveLength(1)
    await statusesOf(`/${slug}`, 2)
    const told = await limitEvents()
    expect(told).toHaveLength(2)
    expect(told).toContainEqual({ id, slug, clickLimit: 3, clicks: 3 })
  })

  test('is told when a limit is set to what a link has already', async () => {
    const { id, slug } = await made(key, { url: TARGET })
    await statusesOf(`/${slug}`, 4)
    await app.drain()
    await key.patch(`/api/v1/links/${id}`, { clickLimit: 3 })
    expect(await limitEvents()).toEqual([{ id, slug, clickLimit: 3, clicks: 4 }])
  })

  test('is told with the last click in the spool when the limit was set just before', async () => {
    const { id, slug } = await made(key, { url: TARGET })
    await statusesOf(`/${slug}`, 4)
    await key.patch(`/api/v1/links/${id}`, { clickLimit: 3 })
    expect(await limitEvents()).toEqual([{ id, slug, clickLimit: 3, clicks: 4 }])
  })
})
