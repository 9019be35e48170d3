import { afterEach, beforeEach, expect, test } from 'bun:test'
import { HOUR, MINUTE } from '../../src/core/clock'
import {
  clientOf,
  createDomainWorld,
  type DomainWorld,
  SERVER,
  verified,
} from '../support/domain-world'

const HOST = 'go.client.example'

let world: DomainWorld
let client: Awaited<ReturnType<typeof clientOf>>
let path: string
beforeEach(async () => {
  world = await createDomainWorld()
  client = await clientOf(world.app)
  path = `/api/v1/domains/${(await verified(world, client, HOST)).id}`
})
afterEach(() => world[Symbol.asyncDispose]())

/** Lets the longest time pass that a domain waits for its next look, jitter included. */
async function look(): Promise<void> {
  world.app.clock.advance(1.2 * HOUR)
  await world.app.services.loops.run('domains.recheck')
}
const domain = async () => (await client.get(path)).json.data
const told = async () => {
  const { json } = await client.get('/api/v1/events?limit=100')
  return json.data.filter((event: { type: string }) => event.type === 'domain.unhealthy')
}

test('a domain that points here stays healthy and is looked at about once an hour', async () => {
  await look()
  const { checkedAt } = await domain()
  world.app.clock.advance(0.7 * HOUR)
  await world.app.services.loops.run('domains.recheck')
  expect((await domain()).checkedAt).toBe(checkedAt)
  world.app.clock.advance(0.5 * HOUR)
  await world.app.services.loops.run('domains.recheck')
  expect((await domain()).checkedAt).not.toBe(checkedAt)
  expect(await domain()).toMatchObject({ health: 'healthy', unhealthySince: null })
})

test.each([
  ['NXDOMAIN', undefined],
  ['SERVFAIL', { code: 2 }],
  ['another address', { A: ['192.0.2.1'] }],
  ['another alias', { CNAME: 'other.example' }],
])('%s twice in a row is domain.unhealthy, once', async (_name, entry) => {
  if (entry) world.dns.zone[HOST] = entry
  else delete world.dns.zone[HOST]
  await look()
  expect(await domain()).toMatchObject({ health: 'healthy' })
  expect(await told()).toHaveLength(0)
  // A doubt is settled sooner than an hour later.
  world.app.clock.advance(12 * MINUTE)
  await world.app.services.loops.run('domains.recheck')
  expect(await domain()).toMatchObject({ health: 'unhealthy', status: 'verified' })
  for (let n = 0; n < 3; n++) await look()
  const events = await told()
  expect(events).toHaveLength(1)
  expect(events[0].data.domain).toBe(HOST)
  expect(events[0].data.message).not.toBe('')
  expect(events[0].data.records[0]).toMatchObject({ type: 'CNAME', value: SERVER.host })
})

test('an unhealthy domain keeps serving, and its recovery is noted', async () => {
  await client.post('/api/v1/links', { url: 'https://example.com/', slug: 'promo', domain: HOST })
  delete world.dns.zone[HOST]
  await look()
  await look()
  expect((await domain()).unhealthySince).not.toBeNull()
  expect((await world.visit(`http://${HOST}/promo`)).status).toBe(302)
  expect(
    (await world.visit(`http://127.0.0.1:3000/internal/tls-check?domain=${HOST}`)).status,
  ).toBe(200)
  world.dns.zone[HOST] = { CNAME: SERVER.host }
  await look()
  const after = await domain()
  expect(after).toMatchObject({ health: 'healthy', unhealthySince: null })
  expect(after.recoveredAt).not.toBeNull()
  const { data } = world.app.services.audit.list({ limit: 10, subjectId: after.id })
  expect(data.map(({ action }) => action).slice(0, 2)).toEqual([
    ...['domain.recovered', 'domain.unhealthy'],
  ])
  delete world.dns.zone[HOST]
  await look()
  await look()
  expect(await told()).toHaveLength(2)
})

test('one failure between successes is a hiccup that nobody hears of', async () => {
  for (let n = 0; n < 3; n++) {
    world.dns.zone[HOST] = { code: 2 }
    await look()
    world.dns.zone[HOST] = { CNAME: SERVER.host }
    await look()
  }
  expect(await told()).toHaveLength(0)
})

test('looks that people ask for count no failures, yet note a recovery', async () => {
  delete world.dns.zone[HOST]
  for (let n = 0; n < 3; n++) await client.post(`${path}/verify`)
  expect(await told()).toHaveLength(0)
  await look()
  await look()
  world.dns.zone[HOST] = { CNAME: SERVER.host }
  expect((await client.post(`${path}/verify`)).json.data.health).toBe('healthy')
})

test('when even the name of the server has no answer, no domain is blamed', async () => {
  world.dns.zone[SERVER.host] = { code: 2 }
  world.dns.zone[HOST] = { code: 2 }
  for (let n = 0; n < 3; n++) await look()
  expect(await domain()).toMatchObject({ health: 'healthy' })
  expect(await told()).toHaveLength(0)
})

test('a verified domain that has not moved here yet is awaited without alarm', async () => {
  const { json } = await client.post('/api/v1/domains', { domain: 'new.client.example' })
  const [proof] = json.data.records
  world.dns.zone[proof.name] = { TXT: [proof.value] }
  await client.post(`/api/v1/domains/${json.data.id}/verify`)
  for (let n = 0; n < 3; n++) await look()
  expect(await told()).toHaveLength(0)
  world.dns.zone['new.client.example'] = { CNAME: SERVER.host }
  await look()
  const after = await client.get(`/api/v1/domains/${json.data.id}`)
  expect(after.json.data).toMatchObject({ health: 'healthy', recoveredAt: null })
})

test('a domain keeps its place when its proof is taken away', async () => {
  delete world.dns.zone[`_linkstead.${HOST}`]
  await look()
  await look()
  const after = await domain()
  expect(after).toMatchObject({ status: 'verified', health: 'healthy' })
  expect(after.records[0].status).toBe('missing')
})

test('claims without proof are not looked at', async () => {
  await client.post('/api/v1/domains', { domain: 'claimed.client.example' })
  await look()
  expect(world.dns.asked.filter((question) => question.includes('claimed'))).toEqual([])
})
