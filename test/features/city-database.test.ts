import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { createLogger } from '../../src/platform/logger'
import { createTestApp } from '../support/app'
import { BROWSER } from '../support/conversion-tenant'
import { mmdbOf } from '../support/mmdb'
import { temporaryDirectory } from '../support/temporary-directory'

const place = (country: string, region: string, city: string) => ({
  country: { iso_code: country, names: { en: country } },
  subdivisions: [{ iso_code: region, names: { en: `${region} in full` } }],
  city: { geoname_id: 5, names: { de: 'Anders', en: city } },
})
const LONG = 'Ы'.repeat(200)

const CITIES = mmdbOf({
  '198.51.100.0/25': place('DE', 'BY', 'München'),
  '198.51.100.128/25': place('AT', 'W', 'Wien'),
  '2001:db8:1::/48': place('US', 'CA', 'San José'),
  '203.0.113.0/24': { country: { iso_code: 'FR' } },
  '192.0.2.0/24': place('KG', 'GB', LONG),
})

const VISITORS = [
  ...['198.51.100.1', '198.51.100.2', '198.51.100.200', '2001:db8:1::7', '203.0.113.5'],
  ...['10.0.0.1', '192.0.2.1'],
]

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the test is about.
const counted = (rows: any[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ name, clicks }) => [name, clicks]))

test('a city database tells region and city of a click in panels, filters and exports', async () => {
  using directory = temporaryDirectory()
  writeFileSync(directory.file('cities.mmdb'), CITIES)
  const env = { GEOIP_DB: directory.file('cities.mmdb'), TRUST_PROXY: '203.0.113.9/32' }
  await using app = await createTestApp({ env })
  const key = app.as((await app.seed.tenant()).key())
  const made = (await key.post('/api/v1/links', { url: 'https://example.com' })).json.data
  for (const address of VISITORS) {
    const headers = { 'user-agent': BROWSER, 'x-forwarded-for': address }
    expect((await app.as().get(`/${made.slug}`, headers)).status).toBe(302)
  }
  await app.drain()

  const get = async (path: string) => (await key.get(`/api/v1${path}`)).json.data
  for (const path of ['/analytics/geo_panel', '/analytics/report', `/links/${made.id}/detail`]) {
    const { countries, regions, cities } = await get(path)
    const known = { DE: 2, AT: 1, US: 1, FR: 1, KG: 1, Unknown: 1 }
    expect([path, counted(countries)]).toEqual([path, known])
    expect([path, counted(regions)]).toEqual([
      path,
      { 'DE-BY': 2, 'AT-W': 1, 'US-CA': 1, 'KG-GB': 1 },
    ])
    const longest = cities.find(({ name }: { name: string }) => name.startsWith('Ы'))?.name
    expect(LONG).toStartWith(longest)
    expect([path, counted(cities)]).toEqual([
      path,
      { München: 2, Wien: 1, 'San José': 1, [longest]: 1 },
    ])
  }
  const german = await get('/analytics/geo_panel?country=DE')
  expect(counted(german.cities)).toEqual({ München: 2 })

  const lines = (await key.get('/api/v1/clicks/export?format=ndjson')).text.trimEnd().split('\n')
  const places = lines
    .map((line) => JSON.parse(line))
    .map(({ country, region, city }) => `${country} ${region} ${city?.slice(0, 8)}`)
  expect(places).toEqual([
    ...['DE DE-BY München', 'DE DE-BY München', 'AT AT-W Wien', 'US US-CA San José'],
    ...['FR null undefined', 'null null undefined', `KG KG-GB ${LONG.slice(0, 8)}`],
  ])
  const csv = (await key.get(`/api/v1/links/${made.id}/events/export`)).text
  expect(csv).toContain(',AT,AT-W,Wien,')
})

test('a city database that is missing or broken is told at start, and links go on working', async () => {
  using directory = temporaryDirectory()
  const flipped = Buffer.from(CITIES)
  flipped.fill(0xff, 0, 400)
  const files: Record<string, Uint8Array | null> = {
    'missing.mmdb': null,
    'empty.mmdb': new Uint8Array(),
    'page.mmdb': new TextEncoder().encode('<!doctype html><title>Sign in</title>'),
    'cut-off.mmdb': CITIES.subarray(0, CITIES.length / 2),
    'damaged.mmdb': flipped,
  }
  for (const [name, bytes] of Object.entries(files)) {
    const path = directory.file(name)
    if (bytes) writeFileSync(path, bytes)
    const told: string[] = []
    const logger = createLogger('error', (line) => told.push(JSON.parse(line).message))
    const env = { GEOIP_DB: path, TRUST_PROXY: '203.0.113.9/32' }
    await using app = await createTestApp({ env, overrides: { logger } })
    expect(told).toEqual([expect.stringContaining(`GEOIP_DB: ${path} is not a readable MMDB file`)])
    const key = app.as((await app.seed.tenant()).key())
    const { slug } = (await key.post('/api/v1/links', { url: 'https://example.com' })).json.data
    const headers = { 'user-agent': BROWSER, 'x-forwarded-for': '8.8.8.8' }
    expect((await app.as().get(`/${slug}`, headers)).status).toBe(302)
    await app.drain()
    const { countries, cities } = (await key.get('/api/v1/analytics/geo_panel')).json.data
    expect([name, counted(countries), cities]).toEqual([name, { US: 1 }, []])
  }
}, 60_000)
