import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DAY, HOUR } from '../../src/core/clock'
import { type CampaignWorld, createCampaignWorld, PROOF, type Row } from '../support/campaign-world'
import { tokenOf } from '../support/signed-in'

let world: CampaignWorld
let site: Row
beforeEach(async () => {
  world = await createCampaignWorld()
  site = await world.site()
})
afterEach(() => world[Symbol.asyncDispose]())

const at = (ms: number): string => new Date(world.app.clock.now() + ms).toISOString()
const one = async (directory = 1): Promise<Row> => (await world.job(site.id, [directory])).rows[0]

async function member(role: string) {
  const person = await world.app.seed.tenant({ name: `The ${role}` })
  const path = `/api/v1/workspaces/${world.tenant.workspaceId}/members`
  await world.person.post(path, { email: person.email, role })
  const client = await tokenOf(world.app, person)
  const here = { 'x-workspace-id': world.tenant.workspaceId }
  return {
    ...client,
    patch: (url: string, body?: unknown) => client.patch(url, body, here),
  }
}

const refusal = async (id: string, body: object, as = world.person) => {
  const { status, json } = await world.patch(id, body, as)
  return [status, json.error?.code, json.error?.field]
}

describe('what the profile lacks', () => {
  test('stops a submission, is named, and lets it go on by itself once it is there', async () => {
    const bare = await world.site({
      ...{ url: 'https://bare.example.com/', name: null, short_description: null },
    })
    const { job, rows } = await world.job(bare.id, [1])
    expect(rows[0]).toMatchObject({
      ...{ status: 'needs_action', reason: 'missing_fields' },
      missing_fields: ['name', 'short_description'],
      message:
        'The profile of the site lacks what the directory asks for: name, short description.',
    })
    expect(job.skipped).toEqual([])
    expect((await world.jobNow(job.id)).progress).toMatchObject({ needs_action: 1, queued: 0 })
    const path = `/api/v1/sites/${bare.id}`
    await world.person.patch(path, { name: 'Bare' })
    await world.run()
    expect((await world.rows(job.id))[0].missing_fields).toEqual(['short_description'])
    expect(await refusal(rows[0].id, { status: 'claimed', until: at(HOUR) })).toEqual([
      ...[409, 'conflict', 'status'],
    ])
    await world.person.patch(path, { description: 'Nothing much.' })
    await world.run()
    expect((await world.rows(job.id))[0]).toMatchObject({ status: 'ready', missing_fields: [] })
    const told = (await world.events('submission.updated')).map(({ data }) => data.status)
    expect(told.toSorted()).toEqual(['needs_action', 'queued', 'ready'])
  })

  test('is what the directory asks for, where that is known', async () => {
    const fields = [
      { field: 'name', required: true, max_length: 3 },
      { field: 'legal_name', required: true },
    ]
    const id = await world.directory({ home_url: 'https://asks.example/' }, { fields })
    const row = await one(id)
    expect(row.missing_fields).toEqual(['legal_name'])
    await world.person.patch(`/api/v1/sites/${site.id}`, { legal_name: 'Acme GmbH' })
    await world.run()
    const { pack, status } = await world.show(row.id)
    expect(status).toBe('ready')
    expect(pack).toEqual({
      profile_version: 2,
      fields: [
        { field: 'name', text: 'Ac…', required: true, max_length: 3, cut: true },
        { field: 'legal_name', text: 'Acme GmbH', required: true, max_length: null, cut: false },
      ],
    })
  })
})

describe('the queue of people', () => {
  test('goes from a claim over proof and a review to a listing, each step with who did it', async () => {
    const { id } = await one()
    const until = at(2 * HOUR)
    expect(await world.move(id, { status: 'claimed', until })).toMatchObject({
      ...{ status: 'claimed', claimed_by: 'Ada', until },
    })
    const handed = await world.move(id, { status: 'submitted', evidence: PROOF })
    expect(handed).toMatchObject({
      ...{ status: 'submitted', claimed_by: null, until: null, evidence: PROOF },
      ...{ profile_version: 1, submitted_at: at(0) },
    })
    world.app.clock.advance(DAY)
    await world.move(id, { status: 'pending_review' })
    const live = await world.move(id, {
      ...{ status: 'live', listing_url: 'https://producthunt.com/products/acme' },
    })
    expect(live).toMatchObject({
      ...{ status: 'live', listing_url: 'https://producthunt.com/products/acme', live_at: at(0) },
    })
    expect(live.backlink_id).toMatch(/^bl_/)
    const { history } = await world.show(id)
    expect(history.map(({ from, to, actor }: Row) => [from, to, actor.name])).toEqual([
      ...[
        ['pending_review', 'live', 'Ada'],
        ['submitted', 'pending_review', 'Ada'],
        ['claimed', 'submitted', 'Ada'],
        ['ready', 'claimed', 'Ada'],
        ['queued', 'ready', 'Linkstead'],
        [null, 'queued', 'Ada'],
      ],
    ])
    expect(history[2].evidence).toEqual(PROOF)
  })

  test('a claim keeps other members away until it ends; owners and admins may', async () => {
    const [bob, eve] = [await member('member'), await member('member')]
    const { id } = await one()
    await bob.patch(`/api/v1/submissions/${id}`, { status: 'claimed', until: at(HOUR) })
    const late = { status: 'submitted', evidence: PROOF }
    const refused = await world.patch(id, late, eve)
    expect([refused.status, refused.json.message]).toEqual([
      ...[409, 'The member is at it. Ask them, or wait.'],
    ])
    world.app.clock.advance(HOUR / 2)
    await bob.patch(`/api/v1/submissions/${id}`, { status: 'claimed', until: at(HOUR) })
    world.app.clock.advance(HOUR / 2)
    await world.run()
    expect((await world.show(id)).status).toBe('claimed')
    world.app.clock.advance(HOUR / 2)
    await world.run()
    expect(await world.show(id)).toMatchObject({ status: 'ready', claimed_by: null, until: null })
    await world.patch(id, { status: 'claimed', until: at(HOUR) }, eve)
    expect((await world.patch(id, late)).status).toBe(200)
  })

  test('waits for a reason and no longer than said', async () => {
    const { id } = await one()
    const until = at(7 * DAY)
    expect(await refusal(id, { status: 'waiting', until })).toEqual([
      ...[400, 'validation_failed', 'reason'],
    ])
    await world.move(id, { status: 'waiting', until, reason: 'account_age' })
    await world.run()
    expect(await world.show(id)).toMatchObject({ status: 'waiting', reason: 'account_age', until })
    await world.person.patch(`/api/v1/sites/${site.id}`, { tagline: 'Changed meanwhile' })
    await world.run()
    expect((await world.show(id)).status).toBe('waiting')
    world.app.clock.advance(7 * DAY)
    await world.run()
    expect(await world.show(id)).toMatchObject({ status: 'ready', reason: 'waiting_until' })
  })

  test('shows what the profile says otherwise than what was handed in', async () => {
    const { id } = await one()
    await world.move(id, { status: 'submitted', evidence: PROOF })
    expect((await world.show(id)).drift).toEqual([])
    await world.person.patch(`/api/v1/sites/${site.id}`, { phone: '+49 30 1' })
    const { drift, profile_version, pack } = await world.show(id)
    expect(drift).toEqual([{ field: 'phone', submitted: '+49 221 1234', now: '+49 30 1' }])
    expect([profile_version, pack.profile_version]).toEqual([1, 2])
  })

  test('asks a directory twice at most, when its usual time is over', async () => {
    const id = await world.directory({ home_url: 'https://slow.example/' }, { review_days: 3 })
    const row = await one(id)
    const note = { follow_up: { note: 'Asked by mail.' } }
    expect((await refusal(row.id, note))[0]).toBe(409)
    const handed = await world.move(row.id, { status: 'submitted', evidence: PROOF })
    expect(handed.follow_up).toEqual({ count: 0, due_at: at(3 * DAY) })
    world.app.clock.advance(4 * DAY)
    const once = await world.move(row.id, note)
    expect(once.follow_up).toEqual({ count: 1, due_at: at(3 * DAY) })
    expect((await world.move(row.id, note)).follow_up).toEqual({ count: 2, due_at: null })
    expect(await refusal(row.id, note)).toEqual([409, 'conflict', 'follow_up'])
    const { history } = await world.show(row.id)
    expect(history[0]).toMatchObject({
      ...{ from: 'submitted', to: 'submitted', reason: 'follow_up', message: 'Asked by mail.' },
    })
  })
})

describe('what ends otherwise', () => {
  test.each([
    ['rejected', { message: 'No shops.' }, { message: 'No shops.' }],
    [
      'duplicate',
      { existing_url: 'https://d.example/acme' },
      { existing_url: 'https://d.example/acme' },
    ],
    ['needs_info', { message: 'A larger logo.' }, { message: 'A larger logo.' }],
    ['withdrawn', {}, {}],
    ['failed', { message: 'Its form is broken.' }, { message: 'Its form is broken.' }],
  ])('%s says why', async (status, told, shown) => {
    const { id } = await one()
    await world.move(id, { status: 'submitted', evidence: PROOF })
    expect(await world.move(id, { status, ...told })).toMatchObject({ status, ...shown })
    const again = (await world.job(site.id, [1])).job.progress.total
    expect(again).toBe(status === 'needs_info' ? 0 : 1)
  })

  test('what was asked for is answered with new proof', async () => {
    const { id } = await one()
    await world.move(id, { status: 'submitted', evidence: PROOF })
    await world.move(id, { status: 'needs_info', message: 'A larger logo.' })
    expect(await refusal(id, { status: 'submitted' })).toEqual([
      ...[400, 'validation_failed', 'evidence'],
    ])
    const message_id = '<1@d.example>'
    const evidence = { message_id }
    expect(await world.move(id, { status: 'submitted', evidence })).toMatchObject({ evidence })
  })
})

describe('a move that there is not', () => {
  const cases: [object, [number, string, string | null]][] = [
    [{ status: 'verified' }, [409, 'conflict', 'status']],
    [{ status: 'pending_review' }, [409, 'conflict', 'status']],
    [{ status: 'submitted' }, [400, 'validation_failed', 'evidence']],
    [
      { status: 'submitted', evidence: { note: 'Trust me.' } },
      [400, 'validation_failed', 'evidence'],
    ],
    [{ status: 'claimed' }, [400, 'validation_failed', 'until']],
    [{ status: 'claimed', until: '2020-01-01T00:00:00Z' }, [400, 'validation_failed', 'until']],
    [{ status: 'claimed', until: '2030-01-01T00:00:00Z' }, [400, 'validation_failed', 'until']],
    [{ status: 'failed' }, [400, 'validation_failed', 'message']],
    [{ status: 'nonsense' }, [400, 'validation_failed', 'status']],
    [{}, [400, 'validation_failed', 'status']],
    [{ status: 'withdrawn', follow_up: { note: 'x' } }, [400, 'validation_failed', 'status']],
    [{ approval: {} }, [409, 'conflict', 'approval']],
    [
      { status: 'submitted', evidence: { confirmation_url: 'javascript:1' } },
      [400, 'validation_failed', 'evidence.confirmation_url'],
    ],
  ]

  test.each(cases)('%j is refused, and nothing changes', async (body, expected) => {
    const { id } = await one()
    const before = await world.show(id)
    expect(await refusal(id, body)).toEqual(expected)
    expect(await world.show(id)).toEqual(before)
  })

  test('of a listing, to what only the checker says, is forbidden to everybody', async () => {
    const { id } = await one()
    await world.move(id, { status: 'submitted', evidence: PROOF })
    await world.move(id, { status: 'live', listing_url: 'https://d.example/acme' })
    for (const status of ['verified', 'live_nofollow', 'live_no_link', 'wrong_data', 'lost']) {
      for (const as of [world.person, world.client]) {
        expect(await refusal(id, { status }, as)).toEqual([403, 'forbidden', null])
      }
    }
  })
})

describe('what costs money', () => {
  const paid = () =>
    world.directory({ home_url: 'https://paid.example/', price: 'paid', mode: 'assisted' })
  const approval = { amount: 4900, currency: 'EUR' }

  test('waits until an owner or admin has approved the amount in person', async () => {
    const { id, ...row } = await one(await paid())
    expect(row).toMatchObject({ status: 'needs_action', reason: 'budget_approval', mode: 'paid' })
    const [bob, admin] = [await member('member'), await member('admin')]
    for (const body of [
      { status: 'claimed', until: at(HOUR) },
      { status: 'submitted', evidence: PROOF },
    ]) {
      expect((await refusal(id, body))[0]).toBe(409)
    }
    expect(await refusal(id, { status: 'ready' })).toEqual([400, 'validation_failed', 'approval'])
    expect((await refusal(id, { approval }, bob as never))[0]).toBe(403)
    expect((await refusal(id, { approval }, world.client))[0]).toBe(403)
    expect((await refusal(id, { approval: { amount: 1 } }))[2]).toBe('approval.currency')
    expect((await refusal(id, { approval: { currency: 'EUR' } }))[2]).toBe('approval.amount')
    const { json } = await world.patch(id, { approval }, admin as never)
    expect(json.data).toMatchObject({
      ...{ status: 'ready', approved_by: 'The admin', approved_at: at(0), ...approval },
    })
    expect(json.data.history[0]).toMatchObject({ to: 'ready', evidence: approval })
    expect((await refusal(id, { approval }))[0]).toBe(409)
    await world.move(id, { status: 'submitted', evidence: PROOF })
  })
})

describe('a directory', () => {
  test.each([
    ['api', {}, 'no_api_client'],
    ['email', {}, 'no_address'],
    ['email', { submit_email: 'list@d.example' }, 'no_mail_server'],
    ['form', {}, 'no_recipe'],
  ])('of mode %s with %j is done by hand, and says why', async (mode, recipe, reason) => {
    const row = await one(await world.directory({ home_url: 'https://d.example/', mode }, recipe))
    expect(row).toMatchObject({ mode: 'manual', mode_reason: reason, status: 'ready' })
  })

  test('that is gone when its turn comes fails, and says so', async () => {
    const body = { site_id: site.id, directory_ids: [1] }
    const { json } = await world.person.post('/api/v1/jobs', body)
    await world.directory({ home_url: 'https://producthunt.com/', status: 'dead' })
    await world.run()
    expect(await world.rows(json.id)).toMatchObject([
      { status: 'failed', reason: 'directory_dead' },
    ])
    expect((await world.jobNow(json.id)).status).toBe('failed')
  })
})
