import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Client } from '../support/app'
import { BROWSER } from '../support/conversion-tenant'
import {
  clientOf,
  createDomainWorld,
  type DomainWorld,
  SERVER,
  verified,
} from '../support/domain-world'

const HOSTS = ['go.agency.example', 'try.agency.example'] as const
const [GO, TRY] = HOSTS

type Made = { id: string; slug: string; host: string }

let world: DomainWorld
let client: Client
let foreign: Client
const made: Record<string, Made> = {}

/** Visits a link some times; the first visitor becomes a customer with a lead. */
async function follow({ host, slug }: Made, times: number): Promise<void> {
  for (let nth = 0; nth < times; nth++) {
    const headers = { 'user-agent': `${BROWSER} Visitor/${host}${nth}` }
    const { headers: answered } = await world.visit(`https://${host}/${slug}`, { headers })
    const clickId = new URL(answered.get('location') ?? '').searchParams.get('ls_id')
    if (nth > 0) continue
    const lead = { customerExternalId: `${host}/${slug}`, eventName: 'Sign up', clickId }
    expect((await client.post('/api/v1/track/leads', lead)).status).toBe(201)
  }
}

beforeAll(async () => {
  world = await createDomainWorld()
  client = await clientOf(world.app)
  foreign = await clientOf(world.app)
  for (const domain of HOSTS) await verified(world, client, domain)
  await verified(world, foreign, 'go.foreign.example')
  const links: [string, Client, string, string | undefined][] = [
    ['main', client, 'promo', undefined],
    ['go', client, 'promo', GO],
    ['try', client, 'promo', TRY],
    ['only', client, 'only-here', TRY],
    ['theirs', foreign, 'theirs', undefined],
    ['theirPromo', foreign, 'promo', 'go.foreign.example'],
  ]
  for (const [name, of, slug, domain] of links) {
    const link = { url: 'https://shop.example/', slug, domain, trackConversions: true }
    const { json, status } = await of.post('/api/v1/links', link)
    expect(status).toBe(201)
    made[name] = { id: json.data.id, slug, host: domain ?? SERVER.host }
  }
  for (const [times, name] of ['main', 'go', 'try', 'only'].entries()) {
    await follow(made[name] as Made, times + 1)
  }
  await world.app.drain()
})
afterAll(() => world[Symbol.asyncDispose]())

const idOf = (name: string): string => made[name]?.id ?? ''

/** Clicks that differ by link, so that they tell which was meant: 1, 2, 3 and 4. */
const cases: [query: () => string, clicks: number][] = [
  [() => 'linkId=promo', 1],
  [() => `linkId=${idOf('go')}`, 2],
  [() => 'linkId=only-here', 4],
  [() => `linkId=${GO}/promo`, 2],
  [() => `linkId=${TRY.toUpperCase()}/promo`, 3],
  [() => `linkId=${SERVER.host}/promo`, 1],
  [() => `linkId=${GO}/promo,${TRY}/only-here`, 6],
  [() => `linkId=promo&domain=${GO}`, 2],
  [() => `linkId=promo&domain=${SERVER.host}`, 1],
  [() => `linkId=promo&domain=${GO},${TRY}`, 5],
  [() => `linkId=promo,only-here&domain=${TRY}`, 7],
  [() => `linkId=${idOf('go')}&domain=${TRY}`, 0],
  [() => `linkId=-${GO}/promo`, 8],
  [() => `linkId=-promo&domain=${TRY}`, 4],
  [() => `linkId=promo&domain=-${GO}`, 1],
]

test('analytics and conversions mean the same link by id, slug and host/slug', async () => {
  for (const [query, clicks] of cases) {
    for (const path of ['analytics/overview', 'conversions/summary']) {
      const { json, status } = await client.get(`/api/v1/${path}?${query()}`)
      const told = [path, query(), status, json.data?.clicks]
      expect(told).toEqual([path, query(), 200, clicks])
    }
    const panel = await client.get(`/api/v1/analytics/traffic_panel?${query()}`)
    const names = panel.json.data.links.map(({ id }: { id: string }) => id)
    const leads = panel.json.data.links.map((row: { leads: number }) => row.leads)
    expect(leads).toEqual(names.map(() => 1))
    expect(panel.json.data.totals.clicks).toBe(clicks)
  }
})

test('detail, conversions and export of a link take the domain beside its slug', async () => {
  for (const [path, clicks, name] of [
    ['promo', 1, 'main'],
    [`promo?domain=${GO}`, 2, 'go'],
    [`promo?domain=${TRY}`, 3, 'try'],
    ['only-here', 4, 'only'],
  ] as const) {
    const [slug, query = ''] = path.split('?')
    const detail = (await client.get(`/api/v1/links/${slug}/detail?${query}`)).json.data
    expect(detail).toMatchObject({ id: idOf(name), clicks, leads: 1 })
    const lines = await client.get(`/api/v1/links/${slug}/events/export?format=ndjson&${query}`)
    expect(lines.text.trimEnd().split('\n')).toHaveLength(clicks)
    const { json } = await client.get(`/api/v1/links/${slug}/conversions?${query}`)
    expect(json.data.map(({ link }: { link: { id: string } }) => link.id)).toEqual([idOf(name)])
  }
})

test("another workspace's link is never meant, whatever it is called by", async () => {
  const names = ['theirs', 'go.foreign.example/promo', `${SERVER.host}/theirs`, `${GO}/theirs`]
  for (const name of [idOf('theirs'), idOf('theirPromo'), ...names]) {
    for (const path of ['analytics/overview', 'analytics/geo_panel', 'conversions/summary']) {
      for (const query of [`linkId=${name}`, `linkId=promo,${name}`, `linkId=-${name}`]) {
        const { status } = await client.get(`/api/v1/${path}?${query}`)
        expect([path, query, status]).toEqual([path, query, 404])
      }
    }
  }
  for (const path of ['detail', 'events/export', 'conversions']) {
    for (const name of ['theirs', idOf('theirs'), 'promo?domain=go.foreign.example']) {
      const [slug, query = ''] = name.split('?')
      const { status } = await client.get(`/api/v1/links/${slug}/${path}?${query}`)
      expect([path, name, status]).toEqual([path, name, 404])
    }
  }
  const narrowed = 'linkId=promo&domain=go.foreign.example'
  expect((await client.get(`/api/v1/analytics/overview?${narrowed}`)).status).toBe(404)
  const overview = await foreign.get('/api/v1/analytics/overview?linkId=promo')
  expect(overview.json.data).toMatchObject({ clicks: 0, leads: 0 })
})

test('panels and exports show the address that a link is given out by, of typed links too', async () => {
  for (const domain of [undefined, GO]) {
    const note = { kind: 'text', payload: { text: 'Doors open at seven.' }, slug: 'note', domain }
    const { id, shortUrl } = (await client.post('/api/v1/links', note)).json.data
    expect(shortUrl).toEndWith('/l/note')
    await world.visit(`https://${domain ?? SERVER.host}/l/note`, {
      headers: { 'user-agent': `${BROWSER} Visitor/note` },
    })
    await world.app.drain()
    const { json } = await client.get(`/api/v1/analytics/traffic_panel?linkId=${id}`)
    expect(json.data.links).toMatchObject([{ id, shortUrl, clicks: 1 }])
    const { text } = await client.get(`/api/v1/links/${id}/events/export?format=ndjson`)
    expect(JSON.parse(text)).toMatchObject({ linkId: id, shortUrl })
  }
})
