import { describe, expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../src/core/clock'
import { PASSWORD, signInWorld } from '../support/sign-in-world'

const EMAIL = 'ada@example.com'
const PAIR = { email: EMAIL, password: PASSWORD }

describe('POST /api/auth/token', () => {
  test('answers the token and the user, and the token opens the profile', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { status, body } = await world.post('/api/auth/token', PAIR)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['token', 'user'])
    expect(body.user).toEqual({ id: user.id, email: EMAIL, name: 'Ada', role: 'USER' })
    const profile = await world.get('/api/v1/users/me', { authorization: `Bearer ${body.token}` })
    expect(profile.status).toBe(200)
    expect(profile.body.data.email).toBe(EMAIL)
    expect(world.actions()).toContain('session.started')
  })

  test('takes the e-mail in any case', async () => {
    using world = signInWorld()
    await world.addUser()
    const { status } = await world.post('/api/auth/token', { ...PAIR, email: ' ADA@Example.com ' })
    expect(status).toBe(200)
  })

  test.each([
    [{ email: EMAIL }, 'password'],
    [{ password: PASSWORD }, 'email'],
    [{ email: '', password: PASSWORD }, 'email'],
    [{ email: EMAIL, password: 12345678 }, 'password'],
    [{ email: EMAIL, password: 'x'.repeat(1025) }, 'password'],
  ])('answers 400 to a missing or impossible field, case %#', async (body, field) => {
    using world = signInWorld()
    const answer = await world.post('/api/auth/token', body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'validation_failed', field })
  })

  test('an unknown e-mail and a wrong password get the same answer', async () => {
    using world = signInWorld()
    await world.addUser()
    const wrong = await world.post('/api/auth/token', { ...PAIR, password: 'not this one' })
    const unknown = await world.post('/api/auth/token', { ...PAIR, email: 'no@example.com' })
    expect(wrong.status).toBe(401)
    const { requestId: _a, ...left } = wrong.body
    const { requestId: _b, ...right } = unknown.body
    expect(left).toEqual(right)
    expect(left).toMatchObject({ status: 401, error: 'unauthorized' })
  })

  test('a blocked account is told so only with the right password', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    world.db.write((tx) => world.users.setBlocked(tx, user.id, world.clock.now()))
    const right = await world.post('/api/auth/token', PAIR)
    expect([right.status, right.body.error]).toEqual([403, 'account_blocked'])
    const wrong = await world.post('/api/auth/token', { ...PAIR, password: 'not this one' })
    expect(wrong.status).toBe(401)
  })

  test('the eleventh try for one e-mail is 429 with Retry-After, also with the right password', async () => {
    using world = signInWorld({ rateLimits: true })
    await world.addUser()
    for (let i = 0; i < 10; i++) {
      const { status } = await world.post('/api/auth/token', { ...PAIR, password: 'wrong one' })
      expect(status).toBe(401)
    }
    const { status, headers, body } = await world.post('/api/auth/token', PAIR)
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(String(body.retryAfter)).toBe(headers.get('retry-after') ?? '')
    expect((await world.post('/api/auth/token', {})).status).toBe(400)
  })

  test('the thirty-first try from one address is 429 whatever the e-mail', async () => {
    using world = signInWorld({ rateLimits: true })
    for (let i = 0; i < 30; i++) {
      const { status } = await world.post('/api/auth/token', {
        ...PAIR,
        email: `u${i}@example.com`,
      })
      expect(status).toBe(401)
    }
    const { status } = await world.post('/api/auth/token', { ...PAIR, email: 'u31@example.com' })
    expect(status).toBe(429)
  })

  test('the token ends after 30 days', async () => {
    using world = signInWorld()
    await world.addUser()
    const bearer = await world.bearerOf()
    world.clock.advance(30 * DAY - MINUTE)
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(200)
    world.clock.advance(2 * MINUTE)
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(401)
  })

  test('a token that was altered, signed with "none" or made for another purpose is refused', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { authorization } = await world.bearerOf()
    const [head = '', payload = '', signature = ''] = authorization.slice(7).split('.')
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    const claims = { userId: user.id, sessionId: 'ses_unknown' }
    const stranger = await world.tokens.sign(claims, world.clock.now() + DAY)
    for (const token of [
      `${head}.${payload.slice(0, -2)}xx.${signature}`,
      `${none}.${payload}.`,
      stranger,
      'nonsense',
    ]) {
      const answer = await world.get('/api/v1/users/me', { authorization: `Bearer ${token}` })
      expect([token, answer.status]).toEqual([token, 401])
    }
  })

  test('a hash made with other parameters is renewed by the sign-in', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const old = await Bun.password.hash(PASSWORD, {
      algorithm: 'argon2id',
      memoryCost: 32,
      timeCost: 1,
    })
    world.db.write((tx) => world.users.update(tx, user.id, { passwordHash: old }))
    expect((await world.post('/api/auth/token', PAIR)).status).toBe(200)
    expect(world.users.findById(user.id)?.passwordHash).toStartWith('$argon2id$v=19$m=64,t=1,p=1$')
    expect((await world.post('/api/auth/token', PAIR)).status).toBe(200)
  })
})

describe('refresh tokens', () => {
  test('login answers a pair; refresh exchanges it; the spent one revokes the family', async () => {
    using world = signInWorld()
    await world.addUser()
    const login = await world.post('/api/v1/auth/login', PAIR)
    expect(login.status).toBe(200)
    expect(login.body).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
    const first = String(login.body.refresh_token)
    const next = await world.post('/api/v1/auth/refresh', { refresh_token: first })
    expect(next.status).toBe(200)
    expect(next.body.refresh_token).not.toBe(login.body.refresh_token)
    const bearer = { authorization: `Bearer ${next.body.access_token}` }
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(200)

    const reused = await world.post('/api/v1/auth/refresh', { refresh_token: first })
    expect(reused.status).toBe(401)
    expect(reused.body.error).toMatchObject({ code: 'unauthorized' })
    const successor = { refresh_token: String(next.body.refresh_token) }
    expect((await world.post('/api/v1/auth/refresh', successor)).status).toBe(401)
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(401)
    expect(world.actions()).toContain('session.refresh_token_reused')
  })

  test('of 50 refreshes at once with one token exactly one succeeds', async () => {
    using world = signInWorld()
    await world.addUser()
    const { body } = await world.post('/api/v1/auth/login', PAIR)
    const token = { refresh_token: String(body.refresh_token) }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => world.post('/api/v1/auth/refresh', token)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(49)
  })

  test('an access token ends after 15 minutes, a family after 30 days', async () => {
    using world = signInWorld()
    await world.addUser()
    const { body } = await world.post('/api/v1/auth/login', PAIR)
    world.clock.advance(16 * MINUTE)
    const bearer = { authorization: `Bearer ${body.access_token}` }
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(401)
    world.clock.advance(30 * DAY)
    const token = { refresh_token: String(body.refresh_token) }
    expect((await world.post('/api/v1/auth/refresh', token)).status).toBe(401)
  })

  test('logout answers 204 with the access token, and the family is gone', async () => {
    using world = signInWorld()
    await world.addUser()
    const { body } = await world.post('/api/v1/auth/login', PAIR)
    const bearer = { authorization: `Bearer ${body.access_token}` }
    const answer = await world.call('POST', '/api/v1/auth/logout', undefined, bearer)
    expect([answer.status, answer.body]).toEqual([204, {}])
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(401)
    const token = { refresh_token: String(body.refresh_token) }
    expect((await world.post('/api/v1/auth/refresh', token)).status).toBe(401)
  })

  test('logout takes the refresh token alone, again and again; nothing at all is 401', async () => {
    using world = signInWorld()
    await world.addUser()
    const { body } = await world.post('/api/v1/auth/login', PAIR)
    const token = { refresh_token: String(body.refresh_token) }
    expect((await world.post('/api/v1/auth/logout', token)).status).toBe(204)
    expect((await world.post('/api/v1/auth/logout', token)).status).toBe(204)
    expect((await world.post('/api/v1/auth/refresh', token)).status).toBe(401)
    expect((await world.post('/api/v1/auth/logout', {})).status).toBe(401)
  })

  test('a missing refresh token is 400, an unknown one 401', async () => {
    using world = signInWorld()
    expect((await world.post('/api/v1/auth/refresh', {})).status).toBe(400)
    expect((await world.post('/api/v1/auth/refresh', { refresh_token: 'x' })).status).toBe(401)
  })

  test('a blocked account cannot refresh, and every credential says why', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { body } = await world.post('/api/v1/auth/login', PAIR)
    const bearer = await world.bearerOf()
    const { safe } = await world.cookieOf()
    world.db.write((tx) => {
      world.users.setBlocked(tx, user.id, world.clock.now())
      world.sessions.revokeAll(tx, user.id)
    })
    const token = { refresh_token: String(body.refresh_token) }
    const answers = [
      await world.post('/api/v1/auth/refresh', token),
      await world.get('/api/v1/users/me', bearer),
      await world.get('/api/v1/users/me', safe),
    ]
    for (const answer of answers) {
      expect([answer.status, answer.body.code]).toEqual([403, 'account_blocked'])
    }
    world.db.write((tx) => world.users.setBlocked(tx, user.id, null))
    expect((await world.get('/api/v1/users/me', bearer)).status).toBe(401)
  })
})
