import { describe, expect, test } from 'bun:test'
import { DAY, HOUR } from '../../src/core/clock'
import { PASSWORD, signInWorld } from '../support/sign-in-world'

const EMAIL = 'ada@example.com'
const REGISTER = '/api/v1/auth/register'
const VERIFY = '/api/v1/auth/verify-email'
const FORGOT = '/api/v1/auth/forgot-password'
const RESET = '/api/v1/auth/reset-password'
const SET_UP = '/api/v1/auth/setup'
const PROFILE = '/api/v1/users/me'
const send = async () => {}

describe('sign-up without mails', () => {
  test('answers 201 with the user, who has a workspace and can sign in at once', async () => {
    using world = signInWorld()
    const answer = await world.post(REGISTER, { email: 'ADA@example.com', password: PASSWORD })
    expect(answer.status).toBe(201)
    expect(answer.body.user).toMatchObject({ email: EMAIL, name: 'ada', role: 'USER' })
    expect(world.workspaces).toMatchObject([{ userId: answer.body.user.id, superadmin: false }])
    const token = await world.post('/api/auth/token', { email: EMAIL, password: PASSWORD })
    expect(token.status).toBe(200)
    expect(world.actions()).toContain('user.registered')
  })

  test('a taken e-mail is 409 already_exists, in the form of its paths', async () => {
    using world = signInWorld()
    await world.addUser()
    const { status, body } = await world.post(REGISTER, { email: EMAIL, password: PASSWORD })
    expect(status).toBe(409)
    expect(body.error).toMatchObject({ code: 'already_exists', field: 'email' })
    expect(world.workspaces).toHaveLength(1)
  })

  test('of five sign-ups at once with one address exactly one succeeds', async () => {
    using world = signInWorld()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.post(REGISTER, { email: EMAIL, password: PASSWORD })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
    expect(world.workspaces).toHaveLength(1)
  })

  test.each([
    ['closed', undefined, 403, 'forbidden'],
    ['closed', 'good invitation', 403, 'forbidden'],
    ['invite', undefined, 403, 'forbidden'],
    ['invite', 'bad invitation', 400, 'invalid_token'],
    ['open', 'bad invitation', 400, 'invalid_token'],
  ] as const)('SIGNUP=%s with invitation %p is %i %s', async (signup, invite, status, code) => {
    using world = signInWorld({ signup })
    const answer = await world.post(REGISTER, { email: EMAIL, password: PASSWORD, invite })
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(world.users.findByEmail(EMAIL)).toBeUndefined()
  })

  test('an invitation lets in and is handed on', async () => {
    using world = signInWorld({ signup: 'invite' })
    const body = { email: 'guest@example.com', password: PASSWORD, invite: 'good invitation' }
    expect((await world.post(REGISTER, body)).status).toBe(201)
    expect(world.accepted).toEqual([{ token: 'good invitation', email: 'guest@example.com' }])
  })

  test.each([
    ['email', { email: 'not an address' }],
    ['email', { email: `${'a'.repeat(250)}@example.com` }],
    ['email', { email: 'ada@exam\u0000ple.com' }],
    ['email', { email: 'ada@example.com\r\nBcc: eve@example.com' }],
    ['email', { email: undefined }],
    ['name', { name: 'Ada\u0007' }],
    ['name', { name: 'Ada\nLovelace' }],
    ['name', { name: '\u202eadA' }],
    ['name', { name: ' ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['password', { password: 'short' }],
    ['password', { password: '       '.slice(1) }],
    ['password', { password: 'Password123' }],
    ['password', { password: EMAIL }],
    ['password', { password: 'x'.repeat(257) }],
  ])('a bad %s is 400 and nothing is stored, case %#', async (field, change) => {
    using world = signInWorld()
    const answer = await world.post(REGISTER, { email: EMAIL, password: PASSWORD, ...change })
    expect([answer.status, answer.body.field]).toEqual([400, field])
    expect(world.workspaces).toHaveLength(0)
  })

  test('names of any script are kept as they are, passwords of 64 characters and more work', async () => {
    using world = signInWorld()
    const password = 'ключ🔑'.repeat(40)
    const answer = await world.post(REGISTER, { email: EMAIL, password, name: 'Ада 李 👩‍💻' })
    expect(answer.body.user.name).toBe('Ада 李 👩‍💻')
    expect((await world.post('/api/auth/token', { email: EMAIL, password })).status).toBe(200)
  })
})

describe('sign-up with mails', () => {
  test('an invitation to one address tells nothing about others', async () => {
    using world = signInWorld({ send, signup: 'invite' })
    await world.addUser()
    const body = { password: PASSWORD, invite: 'good invitation' }
    const taken = await world.post(REGISTER, { ...body, email: EMAIL })
    const free = await world.post(REGISTER, { ...body, email: 'nobody@example.com' })
    expect([taken.status, free.status]).toEqual([403, 403])
    expect((await world.post(REGISTER, { ...body, email: 'guest@example.com' })).status).toBe(202)
  })

  test('answers 202 {} for a new and a taken address alike; the mail tells them apart', async () => {
    using world = signInWorld({ send })
    await world.addUser()
    const taken = await world.post(REGISTER, { email: EMAIL, password: PASSWORD })
    const fresh = await world.post(REGISTER, { email: 'new@example.com', password: PASSWORD })
    expect([taken.status, taken.body]).toEqual([202, {}])
    expect([fresh.status, fresh.body]).toEqual([202, {}])
    expect(world.newestMail(EMAIL).kind).toBe('account.already_registered')
    expect(world.newestMail('new@example.com').kind).toBe('account.verify_email')
  })

  test('the address must be proven before signing in, by a link that works once', async () => {
    using world = signInWorld({ send })
    const pair = { email: EMAIL, password: PASSWORD }
    await world.post(REGISTER, pair)
    const early = await world.post('/api/auth/token', pair)
    expect([early.status, early.body.code]).toEqual([403, 'forbidden'])
    const { token, text } = world.newestMail(EMAIL)
    expect(text).toContain('http://localhost/verify?token=')
    expect((await world.post(VERIFY, { token })).status).toBe(202)
    expect((await world.post('/api/auth/token', pair)).status).toBe(200)
    const again = await world.post(VERIFY, { token })
    expect([again.status, again.body.code]).toEqual([400, 'invalid_token'])
  })

  test('a link ends after two days; a new one can be asked for, and replaces the old', async () => {
    using world = signInWorld({ send })
    const pair = { email: EMAIL, password: PASSWORD }
    await world.post(REGISTER, pair)
    const first = world.newestMail(EMAIL).token
    world.clock.advance(2 * DAY)
    expect((await world.post(VERIFY, { token: first })).status).toBe(400)
    expect((await world.post(VERIFY, { email: EMAIL })).status).toBe(202)
    expect((await world.post(VERIFY, { email: 'nobody@example.com' })).status).toBe(202)
    const second = world.newestMail(EMAIL).token
    expect((await world.post(VERIFY, { token: second })).status).toBe(202)
    expect((await world.post(VERIFY, {})).status).toBe(400)
  })

  test('who registers an unproven address again chooses the password by mail', async () => {
    using world = signInWorld({ send })
    await world.post(REGISTER, { email: EMAIL, password: 'the squatter chose this' })
    world.clock.advance(1)
    await world.post(REGISTER, { email: EMAIL, password: PASSWORD })
    const { kind, token } = world.newestMail(EMAIL)
    expect(kind).toBe('account.finish_registration')
    await world.post(RESET, { token, password: PASSWORD })
    expect((await world.post('/api/auth/token', { email: EMAIL, password: PASSWORD })).status).toBe(
      200,
    )
    const squatter = { email: EMAIL, password: 'the squatter chose this' }
    expect((await world.post('/api/auth/token', squatter)).status).toBe(401)
  })
})

describe('a forgotten password', () => {
  test('answers 202 {} whatever exists, and mails only whom it knows', async () => {
    using world = signInWorld()
    await world.addUser()
    for (const email of [EMAIL, 'nobody@example.com']) {
      const { status, body } = await world.post(FORGOT, { email })
      expect([status, body]).toEqual([202, {}])
    }
    expect(world.newestMail(EMAIL).kind).toBe('account.reset_password')
    expect(() => world.newestMail('nobody@example.com')).toThrow()
  })

  test('is replaced once, and every sign-in ends', async () => {
    using world = signInWorld()
    await world.addUser()
    const bearer = await world.bearerOf()
    const { safe } = await world.cookieOf()
    await world.post(FORGOT, { email: EMAIL })
    const { token } = world.newestMail(EMAIL)
    const password = 'another long phrase'
    expect((await world.post(RESET, { token, password: 'short' })).status).toBe(400)
    expect((await world.post(RESET, { token, password: 'Password123' })).status).toBe(400)
    const { status, body } = await world.post(RESET, { token, password })
    expect([status, body]).toEqual([202, {}])
    expect((await world.get(PROFILE, bearer)).status).toBe(401)
    expect((await world.get(PROFILE, safe)).status).toBe(401)
    expect((await world.post('/api/auth/token', { email: EMAIL, password })).status).toBe(200)
    const again = await world.post(RESET, { token, password })
    expect([again.status, again.body.code]).toEqual([400, 'invalid_token'])
  })

  test('the link ends after an hour', async () => {
    using world = signInWorld()
    await world.addUser()
    await world.post(FORGOT, { email: EMAIL })
    world.clock.advance(HOUR)
    const { token } = world.newestMail(EMAIL)
    expect((await world.post(RESET, { token, password: PASSWORD })).status).toBe(400)
  })

  test('five mails to one address in a quarter of an hour are enough', async () => {
    using world = signInWorld({ rateLimits: true })
    for (let i = 0; i < 5; i++) {
      expect((await world.post(FORGOT, { email: 'nobody@example.com' })).status).toBe(202)
    }
    expect((await world.post(FORGOT, { email: 'nobody@example.com' })).status).toBe(429)
  })
})

describe('the first superadmin', () => {
  const nobody = { adminEmail: null, adminPassword: null }

  test('is created from the configuration, once', async () => {
    using world = signInWorld()
    const admin = { adminEmail: 'root@example.com', adminPassword: PASSWORD }
    expect(await world.accounts.ensureFirstSuperadmin(admin)).toEqual({ state: 'created' })
    expect(await world.accounts.ensureFirstSuperadmin(admin)).toEqual({ state: 'exists' })
    const { unsafe } = await world.cookieOf('root@example.com')
    expect((await world.get('/api/v1/admin/mails', unsafe)).status).toBe(200)
    expect(world.workspaces).toMatchObject([{ superadmin: true }])
  })

  test('a password that is too common stops the start and names its variable', async () => {
    using world = signInWorld()
    const weak = { adminEmail: 'root@example.com', adminPassword: 'password123' }
    await expect(world.accounts.ensureFirstSuperadmin(weak)).rejects.toMatchObject({
      code: 'validation_failed',
      options: { field: 'ADMIN_PASSWORD' },
    })
  })

  test('is otherwise made with a link that works once; the link of a later start replaces it', async () => {
    using world = signInWorld({ send, signup: 'closed' })
    const tokenOf = async () => {
      const first = await world.accounts.ensureFirstSuperadmin(nobody)
      return first.state === 'waiting' ? (first.setupUrl.split('token=')[1] ?? '') : ''
    }
    const old = await tokenOf()
    const token = await tokenOf()
    const body = { email: 'root@example.com', password: PASSWORD, name: 'Root' }
    expect((await world.post(SET_UP, { ...body, token: old })).status).toBe(400)
    expect((await world.post(SET_UP, { ...body, token, password: 'short' })).status).toBe(400)
    const made = await Promise.all([
      world.post(SET_UP, { ...body, token }),
      world.post(SET_UP, { ...body, token, email: 'eve@example.com' }),
    ])
    expect(made.map(({ status }) => status).sort()).toEqual([201, 400])
    const created = made.find(({ status }) => status === 201)
    expect(created?.body.user.role).toBe('SUPERADMIN')
    expect(await world.accounts.ensureFirstSuperadmin(nobody)).toEqual({ state: 'exists' })
  })
})
