import { describe, expect, test } from 'bun:test'
import { DAY, MINUTE, SECOND } from '../../src/core/clock'
import { signInWorld } from '../support/sign-in-world'

const PROFILE = '/api/v1/users/me'

describe('the dashboard session', () => {
  test('sets a cookie that scripts cannot read, and tells user and CSRF token', async () => {
    using world = signInWorld()
    await world.addUser()
    const signIn = { email: 'ada@example.com', password: 'a fine long phrase' }
    const { status, headers, body } = await world.post('/api/session', signIn)
    expect(status).toBe(200)
    const cookie = headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(
      /^linkstead_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=/,
    )
    expect(cookie).not.toContain('Secure')
    const again = await world.get('/api/session', { cookie: cookie.split(';')[0] })
    expect(again.body).toEqual(body)
    expect(body.user.email).toBe('ada@example.com')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test('under https the cookie is Secure and bound to the host', async () => {
    using world = signInWorld({ publicUrl: 'https://links.example.com' })
    await world.addUser()
    const { safe } = await world.cookieOf()
    expect(safe.cookie).toStartWith('__Host-linkstead_session=')
    const { headers } = await world.post('/api/session', {
      email: 'ada@example.com',
      password: 'a fine long phrase',
    })
    expect(headers.get('set-cookie')).toEndWith('; Secure')
    expect((await world.get('/api/session', safe)).status).toBe(200)
  })

  test('only the hash of the cookie is stored', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { safe } = await world.cookieOf()
    const secret = safe.cookie.split('=')[1] ?? ''
    const [row] = world.sessions.list(user.id)
    expect(row?.secretHash).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  test('an unsafe method without or with a foreign CSRF token is 403 and changes nothing', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    await world.addUser('eve@example.com')
    const { safe, unsafe } = await world.cookieOf()
    const foreign = await world.cookieOf('eve@example.com')
    for (const headers of [safe, { ...safe, 'x-csrf-token': foreign.unsafe['x-csrf-token'] }]) {
      const answer = await world.call('PATCH', PROFILE, { name: 'Eve' }, headers)
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
    }
    expect(world.users.findById(user.id)?.name).toBe('Ada')
    expect((await world.call('PATCH', PROFILE, { name: 'Ada L.' }, unsafe)).status).toBe(200)
    expect(world.users.findById(user.id)?.name).toBe('Ada L.')
  })

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('another origin is 403 even with the CSRF token: %j', async (headers) => {
    using world = signInWorld()
    await world.addUser()
    const { unsafe } = await world.cookieOf()
    const change = { name: 'Eve' }
    const answer = await world.call('PATCH', PROFILE, change, { ...unsafe, ...headers })
    expect(answer.status).toBe(403)
    const signIn = { email: 'ada@example.com', password: 'a fine long phrase' }
    expect((await world.post('/api/session', signIn, headers)).status).toBe(403)
  })

  test('its own origin passes', async () => {
    using world = signInWorld()
    await world.addUser()
    const { unsafe } = await world.cookieOf()
    const own = { ...unsafe, origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }
    expect((await world.call('PATCH', PROFILE, { name: 'Ada L.' }, own)).status).toBe(200)
  })

  test('a header credential makes the cookie count for nothing', async () => {
    using world = signInWorld()
    await world.addUser()
    const { safe } = await world.cookieOf()
    const bearer = await world.bearerOf()
    const change = { name: 'Ada L.' }
    expect((await world.call('PATCH', PROFILE, change, { ...safe, ...bearer })).status).toBe(200)
    const bad = { ...safe, authorization: 'Bearer nonsense' }
    expect((await world.get(PROFILE, bad)).status).toBe(401)
    expect((await world.get(PROFILE, { ...safe, 'x-api-key': 'ls_sk_nothing' })).status).toBe(401)
    expect((await world.get(PROFILE, { ...safe, authorization: 'Basic eDp5' })).status).toBe(401)
  })

  test('a JWT does not open what only the dashboard may', async () => {
    using world = signInWorld()
    await world.addUser()
    const bearer = await world.bearerOf()
    expect((await world.get('/api/session', bearer)).status).toBe(403)
    expect((await world.get('/api/session')).status).toBe(401)
  })

  test('sign out ends this session only and takes the cookie back', async () => {
    using world = signInWorld()
    await world.addUser()
    const here = await world.cookieOf()
    const there = await world.cookieOf()
    const answer = await world.call('DELETE', '/api/session', undefined, here.unsafe)
    expect(answer.status).toBe(200)
    expect(answer.body.data.deleted).toBe(true)
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await world.get('/api/session', here.safe)).status).toBe(401)
    expect((await world.get('/api/session', there.safe)).status).toBe(200)
  })

  test('sign out everywhere ends cookies, tokens and refresh families, of this user alone', async () => {
    using world = signInWorld()
    await world.addUser()
    await world.addUser('eve@example.com')
    const eve = await world.bearerOf('eve@example.com')
    const { safe, unsafe } = await world.cookieOf()
    const bearer = await world.bearerOf()
    const pair = { email: 'ada@example.com', password: 'a fine long phrase' }
    const { body } = await world.post('/api/v1/auth/login', pair)
    const list = await world.get('/api/session/all', safe)
    expect(list.body.data.map(({ kind }: { kind: string }) => kind).sort()).toEqual([
      'cookie',
      'refresh',
      'token',
    ])
    expect(list.body.data.filter(({ current }: { current: boolean }) => current)).toHaveLength(1)
    const answer = await world.call('DELETE', '/api/session/all', undefined, unsafe)
    expect(answer.body.data.revoked).toBe(3)
    expect((await world.get('/api/session', safe)).status).toBe(401)
    expect((await world.get(PROFILE, bearer)).status).toBe(401)
    const token = { refresh_token: String(body.refresh_token) }
    expect((await world.post('/api/v1/auth/refresh', token)).status).toBe(401)
    expect((await world.get(PROFILE, eve)).status).toBe(200)
  })

  test('its last use is noted at most once a minute, and a week without use ends it', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { safe } = await world.cookieOf()
    const begun = world.clock.now()
    const seen = () => world.sessions.list(user.id)[0]?.lastSeenAt
    world.clock.advance(59 * SECOND)
    await world.get('/api/session', safe)
    expect(seen()).toBe(begun)
    world.clock.advance(2 * SECOND)
    await world.get('/api/session', safe)
    expect(seen()).toBe(begun + 61 * SECOND)
    world.clock.advance(7 * DAY - MINUTE)
    expect((await world.get('/api/session', safe)).status).toBe(200)
    world.clock.advance(7 * DAY + MINUTE)
    expect((await world.get('/api/session', safe)).status).toBe(401)
  })

  test('retention forgets what ended long ago and keeps what lives', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    await world.bearerOf()
    world.clock.advance(61 * DAY)
    const bearer = await world.bearerOf()
    world.retention.run(new AbortController().signal)
    const rows = world.db.sqlite.query('SELECT id FROM sessions').all()
    expect(rows).toHaveLength(1)
    expect(world.sessions.list(user.id)).toHaveLength(1)
    expect((await world.get(PROFILE, bearer)).status).toBe(200)
  })
})
