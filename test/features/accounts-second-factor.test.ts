import { describe, expect, test } from 'bun:test'
import { TOTP } from 'otpauth'
import { MINUTE, SECOND } from '../../src/core/clock'
import { PASSWORD, signInWorld } from '../support/sign-in-world'

const EMAIL = 'ada@example.com'
const PAIR = { email: EMAIL, password: PASSWORD }
const TWO_FACTOR = '/api/v1/users/me/2fa'

type World = ReturnType<typeof signInWorld>

/** Turns the second factor on, as a person would. */
async function enable(world: World) {
  const bearer = await world.bearerOf()
  const setup = await world.post(`${TWO_FACTOR}/setup`, {}, bearer)
  const totp = new TOTP({ secret: setup.body.data.secret, period: 30 })
  const codeAt = (offsetSeconds = 0) =>
    totp.generate({ timestamp: world.clock.now() + offsetSeconds * SECOND })
  const enabled = await world.post(`${TWO_FACTOR}/enable`, { code: codeAt() }, bearer)
  expect(enabled.status).toBe(200)
  const recoveryCodes: string[] = enabled.body.data.recovery_codes
  return { bearer, codeAt, setup, recoveryCodes }
}

describe('the second factor', () => {
  test('is set up by a URI and its picture, and asked for at both token endpoints', async () => {
    using world = signInWorld()
    await world.addUser()
    const { setup, codeAt, recoveryCodes } = await enable(world)
    expect(setup.body.data.otpauth_uri).toStartWith('otpauth://totp/Linkstead:ada%40example.com?')
    expect(setup.body.data.qr_svg).toStartWith('<svg')
    expect(new Set(recoveryCodes).size).toBe(10)
    for (const path of ['/api/auth/token', '/api/v1/auth/login', '/api/session']) {
      const without = await world.post(path, PAIR)
      expect([without.status, without.body.code]).toEqual([401, 'needs_2fa'])
      const wrongPassword = await world.post(path, { ...PAIR, password: 'not this one' })
      expect(wrongPassword.body.code).toBe('unauthorized')
      world.clock.advance(30 * SECOND)
      const answer = await world.post(path, { ...PAIR, code: codeAt() })
      expect([path, answer.status]).toEqual([path, 200])
    }
    expect((await world.post('/api/auth/token', PAIR)).body.error).toBe('needs_2fa')
  })

  test('a code works once, also the one it was enabled with', async () => {
    using world = signInWorld()
    await world.addUser()
    const { codeAt } = await enable(world)
    const signIn = (code: string) => world.post('/api/auth/token', { ...PAIR, code })
    expect((await signIn(codeAt())).status).toBe(401)
    world.clock.advance(30 * SECOND)
    const code = codeAt()
    expect((await signIn(code)).status).toBe(200)
    const replay = await signIn(code)
    expect([replay.status, replay.body.code]).toEqual([401, 'unauthorized'])
  })

  test('of ten sign-ins at once with one code exactly one succeeds', async () => {
    using world = signInWorld()
    await world.addUser()
    const { codeAt } = await enable(world)
    world.clock.advance(MINUTE)
    const body = { ...PAIR, code: codeAt() }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.post('/api/auth/token', body)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('the code of the step before is accepted, older ones and coming ones are not', async () => {
    using world = signInWorld()
    await world.addUser()
    const { codeAt } = await enable(world)
    world.clock.advance(5 * MINUTE)
    const signIn = async (offset: number) =>
      (await world.post('/api/auth/token', { ...PAIR, code: codeAt(offset) })).status
    expect(await signIn(-60)).toBe(401)
    expect(await signIn(30)).toBe(401)
    expect(await signIn(-30)).toBe(200)
    expect(await signIn(0)).toBe(200)
  })

  test('a recovery code works once in place of a code, in any spelling', async () => {
    using world = signInWorld()
    await world.addUser()
    const { recoveryCodes } = await enable(world)
    const code = (recoveryCodes[0] ?? '').toUpperCase().replaceAll('-', ' ')
    expect((await world.post('/api/auth/token', { ...PAIR, code })).status).toBe(200)
    expect((await world.post('/api/auth/token', { ...PAIR, code })).status).toBe(401)
    const stored = JSON.stringify(world.db.sqlite.query('SELECT * FROM recovery_codes').all())
    for (const plain of recoveryCodes) expect(stored).not.toContain(plain.replaceAll('-', ''))
  })

  test('five wrong codes in five minutes close it for a while, in the database', async () => {
    using world = signInWorld()
    await world.addUser()
    const { codeAt } = await enable(world)
    world.clock.advance(MINUTE)
    for (let i = 0; i < 5; i++) {
      const { status } = await world.post('/api/auth/token', { ...PAIR, code: 'no code' })
      expect(status).toBe(401)
    }
    const closed = await world.post('/api/auth/token', { ...PAIR, code: codeAt() })
    expect(closed.status).toBe(429)
    expect(closed.headers.get('retry-after')).toBe('300')
    world.clock.advance(5 * MINUTE)
    expect((await world.post('/api/auth/token', { ...PAIR, code: codeAt() })).status).toBe(200)
  })

  test('is taken away with password and code only', async () => {
    using world = signInWorld()
    await world.addUser()
    const { bearer, codeAt } = await enable(world)
    world.clock.advance(MINUTE)
    const disable = (body: unknown) => world.post(`${TWO_FACTOR}/disable`, body, bearer)
    expect((await disable({ code: codeAt() })).status).toBe(400)
    expect((await disable({ code: codeAt(), password: 'not this one' })).status).toBe(403)
    expect((await disable({ code: 'no', password: PASSWORD })).status).toBe(400)
    expect((await disable({ code: codeAt(), password: PASSWORD })).status).toBe(200)
    expect((await world.post('/api/auth/token', PAIR)).status).toBe(200)
    expect((await disable({ code: codeAt(), password: PASSWORD })).status).toBe(409)
  })

  test('cannot be set up twice, nor enabled before it is set up or with a wrong code', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const bearer = await world.bearerOf()
    const enableWith = (code: string) => world.post(`${TWO_FACTOR}/enable`, { code }, bearer)
    expect((await enableWith('123456')).status).toBe(409)
    await world.post(`${TWO_FACTOR}/setup`, {}, bearer)
    expect((await enableWith('no code')).status).toBe(400)
    expect(world.users.findById(user.id)?.totpEnabledAt).toBeNull()
    expect((await world.post('/api/auth/token', PAIR)).status).toBe(200)
    await enable(world)
    expect((await world.post(`${TWO_FACTOR}/setup`, {}, bearer)).status).toBe(409)
  })

  test('its secret is sealed, and a key cannot touch it', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { setup } = await enable(world)
    expect(world.users.findById(user.id)?.totpSecretSealed).not.toContain(setup.body.data.secret)
    expect(world.log.join()).not.toContain(setup.body.data.secret)
    expect((await world.post(`${TWO_FACTOR}/setup`, {})).status).toBe(401)
  })

  test('a reset password does not get around it', async () => {
    using world = signInWorld()
    await world.addUser()
    await enable(world)
    await world.post('/api/v1/auth/forgot-password', { email: EMAIL })
    const { token } = world.newestMail(EMAIL)
    const password = 'another long phrase'
    const reset = await world.post('/api/v1/auth/reset-password', { token, password })
    expect(reset.status).toBe(202)
    const answer = await world.post('/api/auth/token', { email: EMAIL, password })
    expect(answer.body.code).toBe('needs_2fa')
  })
})
