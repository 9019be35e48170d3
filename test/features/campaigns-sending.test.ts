import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { HOUR } from '../../src/core/clock'
import { createMailer } from '../../src/platform/mailer'
import { type CampaignWorld, createCampaignWorld, type Row } from '../support/campaign-world'
import { type Received, type Reply, startReceiver } from '../support/receiver'
import { parsedMail } from '../support/report-world'
import { smtpServer } from '../support/smtp-server'

const PERMISSION = {
  ...{ granted_by: 'Dora of the directory', granted_at: '2026-03-01T09:00:00Z' },
  text: 'You may send us listings by POST, one per site.',
}

const approve = (world: CampaignWorld, id: string, draft: string, as = world.person) =>
  world.patch(id, { approval: { draft } }, as)

describe('by mail', () => {
  let smtp: Awaited<ReturnType<typeof smtpServer>>
  let world: CampaignWorld
  let refuse: Error | undefined
  beforeEach(async () => {
    refuse = undefined
    smtp = await smtpServer({
      onRcptTo: (_address, _session, done) => done(refuse),
    })
    const mailer = createMailer({ smtpUrl: smtp.url, from: 'Linkstead <post@agency.example>' })
    world = await createCampaignWorld({ overrides: { mailer } })
  })
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    await smtp[Symbol.asyncDispose]()
  })

  async function drafted(): Promise<Row> {
    const { id } = await world.site({ legal_name: 'Acme GmbH' })
    const directory = await world.directory(
      { home_url: 'https://mail.example/', name: 'Mail List', mode: 'email' },
      { submit_email: 'list@mail.example' },
    )
    const { rows } = await world.job(id, [directory])
    expect(rows[0]).toMatchObject({
      ...{ mode: 'email', status: 'needs_action', reason: 'draft_approval' },
    })
    return world.show(rows[0].id)
  }
  const mails = async () => {
    await world.app.services.loops.run('mails')
    await world.run()
  }

  test('a person reads the draft, and exactly that goes out, once; its id is the evidence', async () => {
    const { id, draft } = await drafted()
    expect(draft).toMatchObject({
      ...{ kind: 'email', to: 'list@mail.example', reply_to: 'hello@acme.example' },
      subject: 'A website for Mail List: Acme',
    })
    expect(draft.text).toContain('Website: https://acme.example.com/')
    expect(draft.text).toEndWith('Kind regards\nAcme GmbH\n')
    await mails()
    expect(smtp.received).toEqual([])
    const approved = await approve(world, id, draft.hash)
    expect(approved.json.data).toMatchObject({ status: 'sending', approved_by: 'Ada' })
    await world.run()
    expect((await world.show(id)).status).toBe('sending')
    await mails()
    await mails()
    expect(smtp.received).toHaveLength(1)
    const mail = await parsedMail(smtp.received[0]?.source ?? '')
    expect([mail.to, mail.subject, mail.text]).toEqual([draft.to, draft.subject, draft.text])
    const source = smtp.received[0]?.source ?? ''
    expect(source).toMatch(/^Reply-To: hello@acme\.example\r$/m)
    const messageId = /^Message-ID: (\S+)/im.exec(source)?.[1]
    expect(messageId).toContain(id)
    expect(await world.show(id)).toMatchObject({
      ...{ status: 'submitted', profile_version: 1 },
      evidence: { message_id: messageId, sent_to: 'list@mail.example' },
    })
  })

  test('no key, and no draft that was not read, gets it sent', async () => {
    const { id, draft } = await drafted()
    const byKey = await approve(world, id, draft.hash, world.client)
    expect([byKey.status, byKey.json.error.code]).toEqual([403, 'forbidden'])
    expect((await world.patch(id, { approval: {} })).json.field).toBe('approval.draft')
    await world.person.patch(`/api/v1/sites/${(await world.show(id)).site_id}`, { name: 'Acme 2' })
    const stale = await approve(world, id, draft.hash)
    expect([stale.status, stale.json.field]).toEqual([409, 'approval.draft'])
    await mails()
    expect(smtp.received).toEqual([])
    const { hash } = (await world.show(id)).draft
    expect((await approve(world, id, hash)).status).toBe(200)
  })

  test('what the mail server refuses needs somebody, and is not called handed in', async () => {
    refuse = Object.assign(new Error('no such user'), { responseCode: 550 })
    const { id, draft } = await drafted()
    await approve(world, id, draft.hash)
    await mails()
    expect(await world.show(id)).toMatchObject({
      ...{ status: 'needs_action', reason: 'not_sent', evidence: null, submitted_at: null },
      message: 'The mail could not be sent: The mail server refused the mail.',
    })
    refuse = undefined
    await approve(world, id, (await world.show(id)).draft.hash)
    await mails()
    expect(await world.show(id)).toMatchObject({ status: 'submitted' })
    expect(smtp.received).toHaveLength(1)
  })

  test('a job that is canceled meanwhile lets what is on its way arrive, and takes back the rest', async () => {
    refuse = Object.assign(new Error('no such user'), { responseCode: 550 })
    const { id, job_id, draft } = await drafted()
    await approve(world, id, draft.hash)
    await world.client.post(`/api/v1/jobs/${job_id}/cancel`)
    expect((await world.show(id)).status).toBe('sending')
    await mails()
    expect(await world.show(id)).toMatchObject({ status: 'withdrawn', reason: 'job_canceled' })
  })

  test('a person may do it by hand after all', async () => {
    const { id } = await drafted()
    const until = new Date(world.app.clock.now() + HOUR).toISOString()
    await world.move(id, { status: 'claimed', until })
    await world.move(id, { status: 'submitted', evidence: { message_id: '<own@acme.example>' } })
    await mails()
    expect(smtp.received).toEqual([])
  })
})

describe('by form', () => {
  let answer: (received: Received) => Reply
  let receiver: Awaited<ReturnType<typeof startReceiver>>
  let world: CampaignWorld
  beforeEach(async () => {
    answer = () => ({ body: '<h1>Thank <b>you</b></h1>' })
    receiver = await startReceiver((received) => answer(received))
    world = await createCampaignWorld()
  })
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
  })

  async function drafted(port = receiver.port): Promise<Row> {
    const { id } = await world.site({ name: 'Acme & Söhne' })
    const directory = await world.directory(
      { home_url: 'https://form.example/', mode: 'form' },
      {
        fields: [
          { field: 'name', required: true, input: 'title' },
          { field: 'url', required: true, input: 'link' },
          { field: 'tagline', max_length: 7, input: 'line' },
          { field: 'founded_year', input: 'year' },
        ],
        form: {
          ...{ action_url: `http://127.0.0.1:${port}/add?via=ls`, success_text: 'Thank you' },
          ...{ constants: [{ name: 'kind', value: 'shop' }], permission: PERMISSION },
        },
      },
    )
    const { rows } = await world.job(id, [directory])
    return world.show(rows[0].id)
  }
  async function sent(): Promise<Row> {
    const { id, draft } = await drafted()
    await approve(world, id, draft.hash)
    await world.run()
    return world.show(id)
  }

  test('the dry run shows what is then sent, byte for byte, and once', async () => {
    const { id, draft } = await drafted()
    expect(draft).toMatchObject({
      ...{ kind: 'form', method: 'POST', url: `http://127.0.0.1:${receiver.port}/add?via=ls` },
      body: 'kind=shop&title=Acme+%26+S%C3%B6hne&link=https%3A%2F%2Facme.example.com%2F&line=Anvils%E2%80%A6',
    })
    await world.run()
    expect(receiver.received).toEqual([])
    await approve(world, id, draft.hash)
    await world.run()
    await world.run()
    const [first, ...more] = receiver.received
    expect(more).toEqual([])
    expect([first?.path, first?.body]).toEqual(['/add?via=ls', draft.body])
    expect(first?.headers).toMatchObject(draft.headers)
    expect(await world.show(id)).toMatchObject({
      status: 'submitted',
      evidence: {
        ...{ final_url: draft.url, http_status: 200, snippet: 'Thank you' },
        sha256: createHash('sha256').update('<h1>Thank <b>you</b></h1>').digest('hex'),
      },
    })
  })

  test('its answer may be a page elsewhere', async () => {
    answer = ({ path }) =>
      path === '/thanks' ? { body: 'Thank you' } : { status: 303, headers: { location: '/thanks' } }
    const { status, evidence } = await sent()
    expect([status, evidence.final_url]).toEqual([
      ...['submitted', `http://127.0.0.1:${receiver.port}/thanks`],
    ])
    expect(receiver.received.map(({ path }) => path)).toEqual(['/add?via=ls', '/thanks'])
  })

  test.each<[string, Reply, string]>([
    ['another page', { body: 'Please solve this puzzle.' }, 'unconfirmed'],
    ['a refusal', { status: 422, body: 'Thank you, but no.' }, 'refused'],
    ['a fault', { status: 500, body: 'Thank you' }, 'refused'],
    ['a redirect of the POST itself', { status: 307, headers: { location: '/' } }, 'unconfirmed'],
  ])('%s is not called handed in', async (_what, reply, reason) => {
    answer = () => reply
    const row = await sent()
    expect(row).toMatchObject({ status: 'needs_action', reason, submitted_at: null })
    expect(row.evidence.http_status).toBe(reply.status ?? 200)
    expect(receiver.received).toHaveLength(1)
    await world.run()
    expect(receiver.received).toHaveLength(1)
  })

  test('a directory that is not there got nothing: it may be approved again', async () => {
    const closed = await startReceiver()
    await closed[Symbol.asyncDispose]()
    const { id, draft } = await drafted(closed.port)
    await approve(world, id, draft.hash)
    await world.run()
    const row = await world.show(id)
    expect(row).toMatchObject({ status: 'needs_action', reason: 'not_sent', evidence: null })
    expect((await approve(world, id, row.draft.hash)).status).toBe(200)
  })

  test('a connection that breaks leaves it open, and nothing is sent again', async () => {
    const broken = Bun.listen({
      ...{ hostname: '127.0.0.1', port: 0 },
      socket: { data: (socket) => void socket.end() },
    })
    try {
      const { id, draft } = await drafted(broken.port)
      await approve(world, id, draft.hash)
      await world.run()
      const row = await world.show(id)
      expect(row).toMatchObject({ status: 'needs_action', reason: 'unknown_outcome' })
      expect(row.message).toContain('look there before it is sent again')
      const evidence = { confirmation_url: 'https://form.example/acme' }
      expect((await world.move(id, { status: 'submitted', evidence })).status).toBe('submitted')
    } finally {
      broken.stop(true)
    }
  })

  test('nothing goes out for a workspace that is deleted, until it is restored', async () => {
    const { id, draft } = await drafted()
    await approve(world, id, draft.hash)
    const { workspaceId } = world.tenant
    await world.person.delete(`/api/v1/workspaces/${workspaceId}`)
    await world.run()
    expect(receiver.received).toEqual([])
    const restored = await world.operator.post(`/api/v1/admin/workspaces/${workspaceId}/restore`)
    expect(restored.status).toBe(200)
    world.app.clock.advance(HOUR)
    await world.run()
    expect(receiver.received).toHaveLength(1)
    expect((await world.show(id)).status).toBe('submitted')
  })

  test('nothing goes to an address that is not public', async () => {
    await using strict = await createCampaignWorld({ env: { OUTBOUND_ALLOW: '' } })
    const id = await strict.directory({ home_url: 'https://form.example/', mode: 'form' })
    const form = {
      ...{ action_url: 'https://127.0.0.1/add', success_text: 'ok', permission: PERMISSION },
    }
    const path = `/api/v1/admin/directories/${id}`
    const { status, json } = await strict.operator.patch(path, { form })
    expect([status, json.code, json.field]).toEqual([400, 'invalid_url', 'form.action_url'])
  })

  test('nor to a name that leads to one by now, nor where an answer redirects to one', async () => {
    await using inside = await createCampaignWorld({
      overrides: { resolve: async () => ['10.0.0.1'] },
    })
    const action_url = 'https://form.example.com/add'
    const directory = await inside.directory(
      { home_url: 'https://form.example.com/', mode: 'form' },
      { form: { action_url, success_text: 'ok', permission: PERMISSION } },
    )
    const { rows } = await inside.job((await inside.site()).id, [directory])
    const { draft } = await inside.show(rows[0].id)
    await approve(inside, rows[0].id, draft.hash)
    await inside.run()
    expect(await inside.show(rows[0].id)).toMatchObject({
      ...{ status: 'needs_action', reason: 'not_sent' },
      message: 'The host could not be reached.',
    })

    answer = () => ({ status: 303, headers: { location: 'http://10.0.0.1/thanks' } })
    const redirected = await sent()
    expect(redirected).toMatchObject({ status: 'needs_action', reason: 'unconfirmed' })
    expect(redirected.evidence).toMatchObject({ final_url: redirected.draft.url, http_status: 303 })
  })

  test('a recipe says who allowed it, and who wrote that down', async () => {
    const { directory } = await drafted()
    const path = `/api/v1/admin/directories/${directory.id}`
    const { form, fields } = (await world.operator.get(path)).json.data
    expect(form.permission).toEqual({
      ...PERMISSION,
      granted_at: '2026-03-01T09:00:00.000Z',
      recorded_by: expect.any(String),
      recorded_at: new Date(world.app.clock.now()).toISOString(),
    })
    expect(fields[3]).toEqual({
      ...{ field: 'founded_year', required: false, max_length: null, input: 'year' },
    })
    for (const wrong of [
      { form: { ...form, permission: undefined } },
      { form: { ...form, permission: { ...PERMISSION, text: 'ok' } } },
      { form: { ...form, permission: { ...PERMISSION, granted_at: '2999-01-01T00:00:00Z' } } },
      { form: { ...form, success_text: '' } },
      { fields: [] },
      { fields: [{ field: 'name' }, { field: 'name' }] },
      { review_days: 0 },
      { submit_email: 'nobody' },
    ]) {
      expect((await world.operator.patch(path, wrong)).status).toBe(400)
    }
    expect((await world.operator.get(path)).json.data.form).toEqual(form)
    expect((await world.operator.get('/api/v1/admin/directories/999')).status).toBe(404)
    expect((await world.person.get(path)).status).toBe(403)
    await world.operator.patch(path, { form: null })
    expect((await world.operator.get(path)).json.data.form).toBeNull()
    const audited = world.app.services.audit.list({ limit: 50, action: 'directory.updated' })
    expect(audited.data).toHaveLength(2)
  })
})
