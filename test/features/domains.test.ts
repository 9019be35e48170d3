import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Client } from '../support/app'
import {
  clientOf,
  createDomainWorld,
  type DomainWorld,
  SERVER,
  verified,
} from '../support/domain-world'

let world: DomainWorld
let client: Awaited<ReturnType<typeof clientOf>>
beforeEach(async () => {
  world = await createDomainWorld()
  client = await clientOf(world.app)
})
afterEach(() => world[Symbol.asyncDispose]())

const add = async (domain: string, as: Client = client) => as.post('/api/v1/domains', { domain })
const eventsOf = async (type: string) => {
  const { json } = await client.get('/api/v1/events?limit=100')
  return json.data.filter((event: { type: string }) => event.type === type)
}

describe('adding a domain', () => {
  test('answers the exact records: a TXT proof and a CNAME to the server', async () => {
    const { status, json } = await add('go.client.example')
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      ...{ domain: 'go.client.example', apex: false, status: 'pending', health: 'waiting' },
      ...{ verifiedAt: null, rootRedirect: null, notFoundRedirect: null, title: null },
    })
    const [proof, route] = json.data.records
    expect(proof).toMatchObject({
      ...{ purpose: 'ownership', type: 'TXT', name: '_linkstead.go.client.example' },
      ...{ status: 'unchecked', seen: [] },
    })
    expect(proof.value).toMatch(/^linkstead-verify=[\w-]{32}$/)
    expect(proof.message).toContain(proof.value)
    expect(route).toMatchObject({ type: 'CNAME', name: 'go.client.example', value: SERVER.host })
    expect(json.data.records).toHaveLength(2)
  })

  test('asks for addresses where DNS allows no CNAME', async () => {
    const { json } = await add('client.example')
    expect(json.data.apex).toBe(true)
    expect(json.data.records.slice(1)).toMatchObject([
      { type: 'A', name: 'client.example', value: SERVER.v4 },
      { type: 'AAAA', name: 'client.example', value: SERVER.v6 },
    ])
  })

  test('asks for an address that nobody knows yet when DNS does not know the server', async () => {
    delete world.dns.zone[SERVER.host]
    const { json } = await add('client.example')
    expect(json.data.records[1]).toMatchObject({ type: 'A', value: null })
  })

  test('turns an international name into ASCII and drops the trailing dot', async () => {
    expect((await add(' Bücher.Example. ')).json.data.domain).toBe('xn--bcher-kva.example')
  })

  test.each([
    ...['', ' ', 'localhost', 'go', 'com', 'co.uk', 'github.io', 'go.internal', 'x.local'],
    ...[
      '127.0.0.1',
      '0x7f.1',
      '[::1]',
      '2130706433',
      'https://go.client.example',
      'go.client.example/',
    ],
    ...['go.client.example:443', 'me@go.client.example', 'go.client.example?x', 'a b.example'],
    ...['-go.example', 'go-.example', 'g_o.client.example', '*.client.example', 'go..example'],
    ...[
      'go%2eclient.example',
      'go.client.example#',
      `${'a'.repeat(64)}.example`,
      '.client.example',
    ],
    ...[`${'a.'.repeat(125)}example`, 'xn--a.example', SERVER.host, `${SERVER.host}.`],
  ])('refuses %p as invalid_domain', async (domain) => {
    const { status, json } = await add(domain)
    expect([status, json.code, json.field]).toEqual([400, 'invalid_domain', 'domain'])
    expect((await client.get('/api/v1/domains')).json.data).toEqual([])
  })

  test.each([[{}], [{ domain: null }], [{ domain: 7 }], [{ domain: ['go.client.example'] }]])(
    'refuses %p as validation_failed',
    async (body) => {
      const { status, json } = await client.post('/api/v1/domains', body)
      expect([status, json.code, json.field]).toEqual([400, 'validation_failed', 'domain'])
    },
  )

  test('takes a host below that of the server, whose owner has to prove it like any other', async () => {
    expect((await add(`go.${SERVER.host}`)).status).toBe(201)
  })

  test('twice is already_exists', async () => {
    await add('go.client.example')
    const { status, json } = await add('GO.client.example')
    expect([status, json.code, json.field]).toEqual([409, 'already_exists', 'domain'])
  })

  test('is limited by the plan', async () => {
    const free = await clientOf(world.app, 'free')
    const refused = await add('go.client.example', free)
    expect([refused.status, refused.json.code]).toEqual([402, 'limit_reached'])
    expect(refused.json.recommend.name).toBe('Core')
    const core = await clientOf(world.app, 'core')
    for (const n of [1, 2, 3]) expect((await add(`d${n}.client.example`, core)).status).toBe(201)
    expect((await add('d4.client.example', core)).status).toBe(402)
  })

  test('is told to the audit log', async () => {
    const { json } = await add('go.client.example')
    world.app.clock.advance(1_000)
    await client.delete(`/api/v1/domains/${json.data.id}`)
    const { data } = world.app.services.audit.list({ limit: 10, subjectId: json.data.id })
    expect(data.map(({ action }) => action)).toEqual(['domain.deleted', 'domain.created'])
  })
})

describe('metadata', () => {
  test.each([
    [{ rootRedirect: 'https://client.example/' }],
    [{ notFoundRedirect: 'https://client.example/404' }],
    [{ title: 'Client' }],
    [{ title: null }],
  ])('%p needs the feature domain_metadata', async (body) => {
    const core = await clientOf(world.app, 'core')
    const refused = await core.post('/api/v1/domains', { domain: 'go.client.example', ...body })
    expect(refused.status).toBe(403)
    expect(refused.json).toMatchObject({
      ...{ code: 'plan_feature_required', feature: 'domain_metadata' },
      recommend: { name: 'Pro' },
    })
    const { json } = await add('go.client.example', core)
    const path = `/api/v1/domains/${json.data.id}`
    expect((await core.patch(path, body)).json.code).toBe('plan_feature_required')
    expect((await core.patch(path, {})).status).toBe(200)
  })

  test('is kept as given and can be taken back', async () => {
    const { json } = await add('go.client.example')
    const path = `/api/v1/domains/${json.data.id}`
    const body = { rootRedirect: 'https://client.example/', title: 'Client' }
    expect((await client.patch(path, body)).json.data).toMatchObject(body)
    const after = await client.patch(path, { rootRedirect: null })
    expect(after.json.data).toMatchObject({ rootRedirect: null, title: 'Client' })
  })

  test.each([
    ...['', 'client.example', 'javascript:alert(1)', 'https://me:pw@client.example/', '/path'],
    ...['https://go.client.example/', 'http://GO.client.example:8080/x', `${SERVER.url}/promo`],
  ])('refuses to lead to %p', async (target) => {
    const { json } = await add('go.client.example')
    const path = `/api/v1/domains/${json.data.id}`
    for (const field of ['rootRedirect', 'notFoundRedirect']) {
      const refused = await client.patch(path, { [field]: target })
      expect([refused.status, refused.json.code, refused.json.field]).toEqual([
        ...[400, 'invalid_url', field],
      ])
    }
    expect((await client.get(path)).json.data.rootRedirect).toBeNull()
  })

  test('never leads to another domain of the server, so that nobody goes in circles', async () => {
    await verified(world, client, 'one.client.example')
    const { json } = await add('two.client.example')
    const body = { notFoundRedirect: 'https://one.client.example/x' }
    expect((await client.patch(`/api/v1/domains/${json.data.id}`, body)).status).toBe(400)
  })
})

describe('verifying', () => {
  test('makes a domain serve and tells domain.verified once', async () => {
    const domain = await verified(world, client, 'go.client.example')
    expect(domain).toMatchObject({ status: 'verified', health: 'healthy' })
    expect(domain.verifiedAt).not.toBeNull()
    expect(domain.records.map((r: { status: string }) => r.status)).toEqual(['ok', 'ok'])
    await client.post(`/api/v1/domains/${domain.id}/verify`)
    const told = await eventsOf('domain.verified')
    expect(told).toHaveLength(1)
    expect(told[0].data).toMatchObject({ id: domain.id, domain: 'go.client.example' })
  })

  test('needs the proof alone, so that links can be made before DNS moves', async () => {
    const { json } = await add('go.client.example')
    const [proof] = json.data.records
    world.dns.zone['_linkstead.go.client.example'] = { TXT: ['other', proof.value] }
    world.dns.zone['go.client.example'] = { CNAME: 'cname.bitly.example' }
    const { data } = (await client.post(`/api/v1/domains/${json.data.id}/verify`)).json
    expect(data).toMatchObject({ status: 'verified', health: 'waiting' })
    expect(data.records[1]).toMatchObject({ status: 'wrong', seen: ['cname.bitly.example'] })
    expect(data.records[1].message).toContain('Set a CNAME record of go.client.example to')
  })

  const seenFor = async (domain: string) => {
    const { json } = await add(domain)
    const answer = await client.post(`/api/v1/domains/${json.data.id}/verify`)
    expect([answer.status, answer.json.data.status]).toEqual([200, 'pending'])
    return answer.json.data.records
  }

  test('says of each record that it is missing', async () => {
    const [proof, route] = await seenFor('go.client.example')
    expect(proof).toMatchObject({ status: 'missing', seen: [] })
    expect(proof.message).toContain('has no TXT record. Add a TXT record named _linkstead.go.')
    expect(route).toMatchObject({ status: 'missing', seen: [] })
    expect(route.message).toContain(`Set a CNAME record of go.client.example to ${SERVER.host}`)
  })

  test('says what stands in place of a record', async () => {
    world.dns.zone['_linkstead.go.client.example'] = { TXT: ['linkstead-verify=of-another'] }
    world.dns.zone['go.client.example'] = { A: ['192.0.2.1'] }
    const [proof, route] = await seenFor('go.client.example')
    expect(proof).toMatchObject({ status: 'wrong', seen: ['linkstead-verify=of-another'] })
    expect(proof.message).toContain('"linkstead-verify=of-another" instead')
    expect(route).toMatchObject({ status: 'wrong', seen: ['192.0.2.1'] })
    expect(route.message).toContain('points to "192.0.2.1" instead')
  })

  test('says that DNS failed, which is not the same as a record that is missing', async () => {
    world.dns.zone['_linkstead.go.client.example'] = { code: 2 }
    world.dns.zone['go.client.example'] = { code: 2 }
    const records = await seenFor('go.client.example')
    expect(records.map((r: { status: string }) => r.status)).toEqual(['unknown', 'unknown'])
    expect(records[0].message).toContain('DNS did not answer')
  })

  test('shows an alias that leads in circles or nowhere', async () => {
    world.dns.zone['go.client.example'] = { CNAME: 'a.example' }
    world.dns.zone['a.example'] = { CNAME: 'go.client.example' }
    const [, route] = await seenFor('go.client.example')
    expect(route).toMatchObject({ status: 'wrong', seen: ['a.example'] })
  })

  test('follows a chain of aliases to the server', async () => {
    world.dns.zone['go.client.example'] = { CNAME: 'edge.client.example' }
    world.dns.zone['edge.client.example'] = { CNAME: SERVER.host }
    const [, route] = await seenFor('go.client.example')
    expect(route).toMatchObject({ status: 'ok', seen: ['edge.client.example', SERVER.host] })
  })

  test('accepts the addresses of the server in place of an alias', async () => {
    world.dns.zone['go.client.example'] = { A: [SERVER.v4] }
    const [, route] = await seenFor('go.client.example')
    expect(route.status).toBe('ok')
  })

  test('finds a stale address beside the right one, where some visitors get lost', async () => {
    world.dns.zone['client.example'] = { A: [SERVER.v4], AAAA: ['2001:db8::dead'] }
    const [, a, aaaa] = await seenFor('client.example')
    expect(a).toMatchObject({ status: 'wrong', seen: [SERVER.v4] })
    expect(a.message).toContain('also points to "2001:db8::dead". Remove these records')
    expect(aaaa).toMatchObject({ status: 'wrong', seen: ['2001:db8::dead'] })
  })

  test('accepts one family alone at the domain itself', async () => {
    world.dns.zone['client.example'] = { A: [SERVER.v4] }
    const [, a, aaaa] = await seenFor('client.example')
    expect([a.status, aaaa.status]).toEqual(['ok', 'ok'])
  })

  test('is not forbidden by a squatter: the first that proves it has it alone', async () => {
    const squatter = await clientOf(world.app)
    const squat = await add('go.client.example', squatter)
    expect(squat.status).toBe(201)
    await verified(world, client, 'go.client.example')
    const late = await squatter.post(`/api/v1/domains/${squat.json.data.id}/verify`)
    expect(late.json.data.status).toBe('pending')
    const proof = squat.json.data.records[0].value
    world.dns.zone['_linkstead.go.client.example']?.TXT?.push(proof)
    const refused = await squatter.post(`/api/v1/domains/${squat.json.data.id}/verify`)
    expect([refused.status, refused.json.code]).toEqual([409, 'already_exists'])
    expect(refused.text).not.toContain(client.tenant.workspaceId)
    const third = await clientOf(world.app)
    expect((await add('go.client.example', third)).json.code).toBe('already_exists')
  })

  test('gives each workspace its own proof', async () => {
    const other = await clientOf(world.app)
    const mine = (await add('go.client.example')).json.data.records[0].value
    const theirs = (await add('go.client.example', other)).json.data.records[0].value
    expect(mine).not.toBe(theirs)
    expect((await add('b.client.example')).json.data.records[0].value).toBe(mine)
  })
})

describe('GET /domains/check', () => {
  const check = async (domain: string, as: Client = client) =>
    as.get(`/api/v1/domains/check?domain=${encodeURIComponent(domain)}`)

  test('says whether a domain can be added, with the records that it will need', async () => {
    const { data } = (await check('Go.Client.Example')).json
    expect(data).toMatchObject({ domain: 'go.client.example', apex: false, available: true })
    const made = (await add('go.client.example')).json.data
    expect(data.records).toEqual(made.records)
    expect((await check('go.client.example')).json.data.available).toBe(false)
  })

  test('says that a domain is in use, not whose it is', async () => {
    await verified(world, client, 'go.client.example')
    const other = await clientOf(world.app)
    const { json, text } = await check('go.client.example', other)
    expect(json.data.available).toBe(false)
    expect(text).not.toContain(client.tenant.workspaceId)
  })

  test('refuses what is no domain', async () => {
    expect((await check('localhost')).json.code).toBe('invalid_domain')
    expect((await client.get('/api/v1/domains/check')).status).toBe(400)
  })
})

describe('reading and deleting', () => {
  test('the list is paged, newest first, with the records of each', async () => {
    for (const n of [1, 2, 3]) {
      await add(`d${n}.client.example`)
      world.app.clock.advance(1_000)
    }
    const first = await client.get('/api/v1/domains?limit=2')
    expect(first.json.meta).toMatchObject({ total: 3, limit: 2 })
    expect(first.json.data.map((d: { domain: string }) => d.domain)).toEqual([
      ...['d3.client.example', 'd2.client.example'],
    ])
    const next = await client.get(`/api/v1/domains?limit=2&cursor=${first.json.meta.nextCursor}`)
    expect(next.json.data).toHaveLength(1)
    expect(next.json.data[0].records).toHaveLength(2)
    expect((await client.get('/api/v1/domains?limit=0')).status).toBe(400)
    expect((await client.get('/api/v1/domains?cursor=x')).status).toBe(400)
  })

  test('a domain with live links cannot be deleted, and the refusal counts them', async () => {
    const { id } = await verified(world, client, 'go.client.example')
    const link = { url: 'https://example.com/', domain: 'go.client.example' }
    const made = await client.post('/api/v1/links', link)
    await client.post('/api/v1/links', link)
    const refused = await client.delete(`/api/v1/domains/${id}`)
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict'])
    expect(refused.json.message).toContain('still serves 2 links')
    await client.delete(`/api/v1/links/${made.json.data.id}`)
    expect((await client.delete(`/api/v1/domains/${id}`)).json.message).toContain('1 link.')
    expect((await world.visit('http://go.client.example/')).status).toBe(404)
  })

  test('a deleted domain is free for others, whose slugs nobody else has used up', async () => {
    const { id } = await verified(world, client, 'go.client.example')
    const link = { url: 'https://example.com/', domain: id, slug: 'promo' }
    const made = await client.post('/api/v1/links', link)
    await client.delete(`/api/v1/links/${made.json.data.id}`)
    const gone = await client.delete(`/api/v1/domains/${id}`)
    expect(gone.json).toEqual({ data: { id, deleted: true } })
    expect((await client.get(`/api/v1/domains/${id}`)).status).toBe(404)
    const other = await clientOf(world.app)
    await verified(world, other, 'go.client.example')
    const again = await other.post('/api/v1/links', { ...link, domain: 'go.client.example' })
    expect(again.status).toBe(201)
  })

  test('reading needs domains:read, changing domains:write', async () => {
    const { json } = await add('go.client.example')
    const path = `/api/v1/domains/${json.data.id}`
    const reader = world.app.as(client.tenant.key('domains:read'))
    expect((await reader.get(path)).status).toBe(200)
    expect((await reader.post(`${path}/verify`)).status).toBe(403)
    expect((await reader.delete(path)).status).toBe(403)
  })
})
