import { describe, expect, test } from 'bun:test'
import { expandScopes, type Identity } from '../../src/core/access'
import { SECOND } from '../../src/core/clock'
import { PASSWORD, signInWorld } from '../support/sign-in-world'

const EMAIL = 'ada@example.com'
const PROFILE = '/api/v1/users/me'
const send = async () => {}

const key = (userId: string | null, kind: Identity['kind'] = 'secret_key'): Identity => ({
  kind,
  userId,
  keyId: 'key_1',
  sessionId: null,
  actorName: 'a key',
  superadmin: false,
  boundWorkspaceId: userId === null ? 'ws_a' : null,
  grantedScopes: expandScopes(['*']),
  allowedOrigins: null,
})

describe('GET /users/me', () => {
  test('shows the profile without any secret', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const { status, body } = await world.get(PROFILE, await world.bearerOf())
    expect(status).toBe(200)
    expect(body.data).toEqual({
      id: user.id,
      email: EMAIL,
      name: 'Ada',
      role: 'USER',
      email_verified: true,
      pending_email: null,
      two_factor_enabled: false,
      created_at: '2026-03-10T12:00:00.000Z',
      updated_at: '2026-03-10T12:00:00.000Z',
      subscription: null,
    })
  })

  test('answers a key of a person; a workspace key and a publishable key are 403', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    world.keys.set('ls_sk_person', key(user.id))
    world.keys.set('ls_sk_workspace', key(null))
    world.keys.set('ls_pk_shop', key(null, 'publishable_key'))
    const statusOf = async (text: string) =>
      (await world.get(PROFILE, { authorization: `Bearer ${text}` })).status
    expect(await statusOf('ls_sk_person')).toBe(200)
    expect((await world.get(PROFILE, { 'x-api-key': 'ls_sk_person' })).status).toBe(200)
    expect(await statusOf('ls_sk_workspace')).toBe(403)
    expect(await statusOf('ls_pk_shop')).toBe(403)
    expect(await statusOf('ls_sk_unknown')).toBe(401)
    const headers = { authorization: 'Bearer ls_sk_person' }
    expect((await world.call('PATCH', PROFILE, { name: 'Eve' }, headers)).status).toBe(403)
    expect(world.users.findById(user.id)?.name).toBe('Ada')
  })
})

describe('PATCH /users/me', () => {
  test('a new password needs the current one and ends every token, but not this session', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const bearer = await world.bearerOf()
    const here = await world.cookieOf()
    const there = await world.cookieOf()
    const change = (body: unknown) => world.call('PATCH', PROFILE, body, here.unsafe)
    const password = 'another long phrase'
    const missing = await change({ password })
    expect([missing.status, missing.body.field]).toEqual([400, 'current_password'])
    expect((await change({ password, current_password: 'not this one' })).status).toBe(403)
    expect((await change({ password: 'password1', current_password: PASSWORD })).status).toBe(400)
    expect((await world.get(PROFILE, bearer)).status).toBe(200)
    expect((await change({ password, current_password: PASSWORD })).status).toBe(200)
    expect((await world.get(PROFILE, here.safe)).status).toBe(200)
    expect((await world.get(PROFILE, there.safe)).status).toBe(401)
    expect((await world.get(PROFILE, bearer)).status).toBe(401)
    expect((await world.post('/api/auth/token', { email: EMAIL, password })).status).toBe(200)
    expect(world.audited).toContainEqual(
      expect.objectContaining({ action: 'user.password_changed', subjectId: user.id }),
    )
  })

  test('a JWT that changes the password ends with it', async () => {
    using world = signInWorld()
    await world.addUser()
    const bearer = await world.bearerOf()
    const body = { password: 'another long phrase', current_password: PASSWORD }
    expect((await world.call('PATCH', PROFILE, body, bearer)).status).toBe(200)
    expect((await world.get(PROFILE, bearer)).status).toBe(401)
  })

  test('without mails a new e-mail counts at once, unless it is taken', async () => {
    using world = signInWorld()
    await world.addUser()
    await world.addUser('eve@example.com')
    const bearer = await world.bearerOf()
    const change = (email: string) =>
      world.call('PATCH', PROFILE, { email, current_password: PASSWORD }, bearer)
    expect((await change('EVE@example.com')).status).toBe(409)
    const { status, body } = await change('ada.l@example.com')
    expect(status).toBe(200)
    expect(body.data).toMatchObject({ email: 'ada.l@example.com', email_verified: false })
  })

  test('with mails it waits for its proof, and a taken one looks the same', async () => {
    using world = signInWorld({ send })
    const user = await world.addUser()
    await world.addUser('eve@example.com')
    const bearer = await world.bearerOf()
    const change = (email: string) =>
      world.call('PATCH', PROFILE, { email, current_password: PASSWORD }, bearer)
    const taken = await change('eve@example.com')
    expect(taken.body.data).toMatchObject({ email: EMAIL, pending_email: 'eve@example.com' })
    expect(world.newestMail('eve@example.com').kind).toBe('account.already_registered')
    const free = await change('new@example.com')
    expect(free.body.data).toMatchObject({ email: EMAIL, pending_email: 'new@example.com' })
    expect(world.newestMail(EMAIL).kind).toBe('account.email_changing')
    const { token } = world.newestMail('new@example.com')
    expect((await world.post('/api/v1/auth/verify-email', { token })).status).toBe(202)
    expect(world.users.findById(user.id)?.email).toBe('new@example.com')
  })

  test('a new password ends a change of e-mail that somebody else asked for', async () => {
    using world = signInWorld({ send })
    const user = await world.addUser()
    const thief = await world.bearerOf()
    const change = { email: 'thief@example.com', current_password: PASSWORD }
    expect((await world.call('PATCH', PROFILE, change, thief)).status).toBe(200)
    const stolen = world.newestMail('thief@example.com').token
    world.clock.advance(SECOND)
    await world.post('/api/v1/auth/forgot-password', { email: EMAIL })
    const reset = { token: world.newestMail(EMAIL).token, password: 'another long phrase' }
    expect((await world.post('/api/v1/auth/reset-password', reset)).status).toBe(202)
    const late = await world.post('/api/v1/auth/verify-email', { token: stolen })
    expect([late.status, late.body.code]).toEqual([400, 'invalid_token'])
    expect(world.users.findById(user.id)?.email).toBe(EMAIL)
  })

  test('a reset link that went to the old address ends with the change', async () => {
    using world = signInWorld({ send })
    await world.addUser()
    const bearer = await world.bearerOf()
    const change = { email: 'new@example.com', current_password: PASSWORD }
    await world.call('PATCH', PROFILE, change, bearer)
    world.clock.advance(SECOND)
    await world.post('/api/v1/auth/forgot-password', { email: EMAIL })
    const { token } = world.newestMail(EMAIL)
    const proof = { token: world.newestMail('new@example.com').token }
    expect((await world.post('/api/v1/auth/verify-email', proof)).status).toBe(202)
    const late = { token, password: 'another long phrase' }
    expect((await world.post('/api/v1/auth/reset-password', late)).status).toBe(400)
  })

  test('a bad name is 400 and nothing changes', async () => {
    using world = signInWorld()
    const user = await world.addUser()
    const bearer = await world.bearerOf()
    for (const name of ['', 'a\u0000b', 'x'.repeat(101), 7]) {
      expect((await world.call('PATCH', PROFILE, { name }, bearer)).status).toBe(400)
    }
    expect(world.users.findById(user.id)?.name).toBe('Ada')
  })
})
