import { describe, expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../src/core/clock'
import type { Mailer } from '../../src/features/mails/service'
import { signInWorld } from '../support/sign-in-world'

type World = ReturnType<typeof signInWorld>

const MAIL = {
  to: 'ada@example.com',
  subject: 'Choose a new password',
  text: 'Open http://localhost/reset?token=very-secret',
  kind: 'account.reset_password',
}
const never = new AbortController().signal
const enqueue = (world: World) => world.db.write((tx) => world.mails.enqueue(tx, MAIL))
const rowOf = (world: World, id: string) =>
  world.mails.list({ limit: 100, offset: 0 }).rows.find((row) => row.id === id)

/** A mailer that fails as often as told, and notes what it sent. */
function mailer(failures: (Error & { permanent?: boolean })[] = []) {
  const sent: Parameters<Mailer['send']>[0][] = []
  const send: Mailer['send'] = async (mail) => {
    const failure = failures.shift()
    if (failure) throw failure
    sent.push(mail)
  }
  return { sent, send }
}

describe('the outbox of mails', () => {
  test('sends once what its transaction committed, and keeps no secret of it', async () => {
    const { sent, send } = mailer()
    using world = signInWorld({ send })
    const id = enqueue(world)
    expect(() =>
      world.db.write((tx) => {
        world.mails.enqueue(tx, { ...MAIL, to: 'rolled-back@example.com' })
        throw new Error('changed its mind')
      }),
    ).toThrow()
    await world.mails.loop.run(never)
    await world.mails.loop.run(never)
    expect(sent).toEqual([{ to: MAIL.to, subject: MAIL.subject, text: MAIL.text }])
    expect(rowOf(world, id)).toMatchObject({ state: 'sent', bodySealed: null, attempts: 1 })
  })

  test('the body is sealed while it waits', () => {
    using world = signInWorld({ send: mailer().send })
    const row = rowOf(world, enqueue(world))
    expect(row?.bodySealed).not.toContain('very-secret')
    expect(Buffer.from(row?.bodySealed ?? '', 'base64url').toString()).not.toContain('very-secret')
  })

  test('tries again later and later, then gives up', async () => {
    const { sent, send } = mailer(Array.from({ length: 8 }, () => new Error('421 try later')))
    using world = signInWorld({ send })
    const id = enqueue(world)
    await world.mails.loop.run(never)
    expect(rowOf(world, id)).toMatchObject({
      state: 'pending',
      attempts: 1,
      lastError: '421 try later',
    })
    await world.mails.loop.run(never)
    expect(rowOf(world, id)?.attempts).toBe(1)
    world.clock.advance(MINUTE)
    await world.mails.loop.run(never)
    expect(rowOf(world, id)?.attempts).toBe(2)
    for (let i = 0; i < 10; i++) {
      world.clock.advance(DAY)
      await world.mails.loop.run(never)
    }
    expect(rowOf(world, id)).toMatchObject({ state: 'failed', attempts: 8 })
    expect(sent).toEqual([])
  })

  test('a permanent refusal is not tried again', async () => {
    const { send } = mailer([Object.assign(new Error('550 no such user'), { permanent: true })])
    using world = signInWorld({ send })
    const id = enqueue(world)
    await world.mails.loop.run(never)
    expect(rowOf(world, id)).toMatchObject({ state: 'failed', attempts: 1 })
  })

  test('a mail whose sender died is sent by the next one, once its lease is over', async () => {
    const { sent, send } = mailer()
    using world = signInWorld({ send })
    const id = enqueue(world)
    world.db.sqlite.run('UPDATE mails SET attempts = 1, leased_until = ?', [
      world.clock.now() + MINUTE,
    ])
    await world.mails.loop.run(never)
    expect(sent).toHaveLength(0)
    world.clock.advance(MINUTE)
    await world.mails.loop.run(never)
    expect(sent).toHaveLength(1)
    expect(rowOf(world, id)?.state).toBe('sent')
  })

  test('a sender that lost its lease does not overwrite its successor', async () => {
    let world: World | undefined
    const send: Mailer['send'] = async () => {
      world?.db.sqlite.run("UPDATE mails SET attempts = 2, last_error = 'the successor'")
    }
    using opened = signInWorld({ send })
    world = opened
    const id = enqueue(opened)
    const once = new AbortController()
    await opened.mails.loop.run(once.signal)
    expect(rowOf(opened, id)).toMatchObject({ state: 'pending', lastError: 'the successor' })
  })

  test('forgets mails after 90 days', async () => {
    using world = signInWorld()
    const id = enqueue(world)
    world.clock.advance(89 * DAY)
    await world.mails.retentionLoop.run(never)
    expect(rowOf(world, id)).toBeDefined()
    world.clock.advance(2 * DAY)
    await world.mails.retentionLoop.run(never)
    expect(rowOf(world, id)).toBeUndefined()
  })

  test('however many have become old in a day, they all go', async () => {
    using world = signInWorld()
    world.db.write((tx) => {
      for (let n = 0; n < 501; n++) world.mails.enqueue(tx, { ...MAIL, to: `ada${n}@example.com` })
    })
    world.clock.advance(91 * DAY)
    await world.mails.retentionLoop.run(never)
    expect(world.mails.list({ limit: 10, offset: 0 }).rows).toEqual([])
  })
})

describe('without an SMTP server', () => {
  test('a mail is stored, and the log names it without its secret or its reader', async () => {
    using world = signInWorld()
    const id = enqueue(world)
    await world.mails.loop.run(never)
    expect(rowOf(world, id)?.state).toBe('stored')
    const log = world.log.join('\n')
    expect(log).toContain('"recipientDomain":"example.com"')
    expect(log).toContain(MAIL.kind)
    expect(log).not.toContain('very-secret')
    expect(log).not.toContain('ada@')
  })

  test('a superadmin reads it, which is recorded; nobody else does', async () => {
    using world = signInWorld()
    await world.addUser()
    await world.addUser('root@example.com', 'SUPERADMIN')
    const id = enqueue(world)
    const { safe } = await world.cookieOf('root@example.com')
    const list = await world.get('/api/v1/admin/mails?limit=1', safe)
    expect(list.body.data).toMatchObject([{ id, to: MAIL.to, state: 'stored' }])
    expect(JSON.stringify(list.body)).not.toContain('very-secret')
    const one = await world.get(`/api/v1/admin/mails/${id}`, safe)
    expect(one.body.data.text).toBe(MAIL.text)
    expect(world.audited).toContainEqual(
      expect.objectContaining({ action: 'mail.read', subjectId: id }),
    )
    expect((await world.get('/api/v1/admin/mails/mail_unknown', safe)).status).toBe(404)
    expect((await world.get(`/api/v1/admin/mails/${id}`)).status).toBe(401)
    const other = await world.cookieOf()
    expect((await world.get(`/api/v1/admin/mails/${id}`, other.safe)).status).toBe(403)
    const bearer = await world.bearerOf('root@example.com')
    expect((await world.get(`/api/v1/admin/mails/${id}`, bearer)).status).toBe(403)
  })
})
