import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type CampaignWorld, createCampaignWorld, PROOF, type Row } from '../support/campaign-world'

let world: CampaignWorld
beforeEach(async () => {
  world = await createCampaignWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const PATH = '/api/v1/jobs'
const idsOf = (rows: Row[]): number[] => rows.map(({ directory }) => directory.id)
const reasonsOf = (job: Row): [number, string][] =>
  job.skipped.map(({ directory_id, reason }: Row) => [directory_id, reason])

describe('starting submissions', () => {
  test('as the page of the seed does, and polling until it ends', async () => {
    const { id: site_id } = await world.site({ name: 'Your Site', description: '...' })
    const body = { site_id, directory_ids: [1, 2, 3, 4, 5] }
    const { status, json } = await world.client.post(PATH, body)
    expect(status).toBe(201)
    expect(json.id).toMatch(/^job_/)
    expect(json).toEqual({ id: json.id, status: 'queued', data: json.data })
    expect(json.data).toMatchObject({
      ...{ id: json.id, site_id, status: 'queued', skipped: [], ended_at: null },
      progress: {
        ...{ total: 5, queued: 5, needs_action: 0, submitted: 0, live: 0 },
        ...{ verified: 0, rejected: 0, failed: 0 },
      },
    })
    expect(new Date(json.data.created_at).getTime()).toBe(world.app.clock.now())
    await world.run()
    const running = await world.client.get(`${PATH}/${json.id}`)
    expect(running.json.status).toBe('running')
    const rows = await world.rows(json.id)
    expect(idsOf(rows)).toEqual([1, 2, 3, 4, 5])
    for (const { id, status: before } of rows) {
      expect(before).toBe('ready')
      await world.move(id, { status: 'submitted', evidence: PROOF })
    }
    const ended = await world.client.get(`${PATH}/${json.id}`)
    expect(ended.json.status).toBe('completed')
    expect(ended.json.data.progress).toMatchObject({ total: 5, queued: 0, submitted: 5 })
    expect(ended.json.data.ended_at).not.toBeNull()
    const [told, ...more] = await world.events('job.completed')
    expect(more).toEqual([])
    expect(told.data).toMatchObject({ id: json.id, site_id, status: 'completed' })
    expect(told.data.progress.submitted).toBe(5)
  })

  test('without ids goes to every directory that takes the site', async () => {
    await world.directory({ home_url: 'https://producthunt.com/', status: 'dead' })
    const { id } = await world.site()
    const { job, rows } = await world.job(id)
    expect(job.progress.total).toBe(100)
    expect(idsOf(rows)).not.toContain(1)
    expect(reasonsOf(job)).toEqual([[1, 'dead']])
  })

  test('names those that do not take it, each with its reason; nothing else is dropped', async () => {
    await world.directory({ home_url: 'https://uneed.best/', status: 'paused' })
    await world.directory({ home_url: 'https://microlaunch.net/', reciprocal_link: 'yes' })
    const { id } = await world.site()
    const { job, rows } = await world.job(id, [5, 4, 2, 999, 2])
    expect(idsOf(rows)).toEqual([2])
    expect(reasonsOf(job)).toEqual([
      ...([[5, 'reciprocal_link_required']] as [number, string][]),
      ...([[4, 'paused']] as [number, string][]),
      ...([[999, 'not_found']] as [number, string][]),
    ])
  })

  test('completes at once when none takes it', async () => {
    const { id } = await world.site()
    const { status, json } = await world.client.post(PATH, { site_id: id, directory_ids: [999] })
    expect([status, json.status, json.data.progress.total]).toEqual([201, 'completed', 0])
    expect(await world.events('job.completed')).toHaveLength(1)
  })

  test('again skips where the project is, or is on its way to', async () => {
    const { id, project_id } = await world.site()
    const other = await world.site({ url: 'https://acme.example.com/other' })
    expect(other.project_id).toBe(project_id)
    const { rows } = await world.job(id, [1, 2])
    await world.move(rows[0].id, { status: 'withdrawn' })
    const again = await world.job(other.id, [1, 2])
    expect(idsOf(again.rows)).toEqual([1])
    expect(reasonsOf(again.job)).toEqual([[2, 'already_submitted']])
    expect(again.job.skipped[0].message).toContain(rows[1].id)
  })

  test.each([
    [{}, 'site_id'],
    [{ site_id: 'x', directory_ids: [] }, 'directory_ids'],
    [{ site_id: 'x', directory_ids: [0] }, 'directory_ids.0'],
    [{ site_id: 'x', directory_ids: ['1'] }, 'directory_ids.0'],
    [{ site_id: 'x', directory_ids: Array.from({ length: 501 }, () => 1) }, 'directory_ids'],
  ])('refuses %j', async (body, field) => {
    const { status, json } = await world.client.post(PATH, body)
    expect([status, json.error.code, json.error.field]).toEqual([400, 'validation_failed', field])
  })

  test('of a site that is not there is 404', async () => {
    const { status, json } = await world.client.post(PATH, { site_id: 'site_x' })
    expect([status, json.error.code]).toEqual([404, 'not_found'])
  })
})

describe('the quota', () => {
  test('refuses given directories beyond it, and makes nothing', async () => {
    await using free = await createCampaignWorld({ plan: 'free' })
    const { id } = await free.site()
    const body = { site_id: id, directory_ids: [1, 2, 3, 4, 5, 6] }
    const { status, json } = await free.client.post(PATH, body)
    expect([status, json.error.code]).toEqual([402, 'limit_reached'])
    expect(json.message).toBe('The Free plan allows 5 submissions a month.')
    expect(json.recommend.name).toBe('Core')
    expect((await free.client.get(PATH)).json.data).toEqual([])
    expect((await free.client.get('/api/v1/submissions')).json.data).toEqual([])
    const { usage } = free.app.services.billing
    expect(usage.readUsed(free.tenant.workspaceId, 'submissionsMonthly')).toBe(0)
  })

  test('takes as many as fit where none are given, and counts them for the month', async () => {
    await using free = await createCampaignWorld({ plan: 'free' })
    const { id } = await free.site()
    await free.job(id, [1, 2])
    const { job, rows } = await free.job(id)
    expect(idsOf(rows)).toEqual([3, 4, 5])
    expect(reasonsOf(job).filter(([, reason]) => reason === 'over_quota')).toHaveLength(96)
    expect(await free.events('usage.limit_reached')).toHaveLength(1)
    expect((await free.client.post(PATH, { site_id: id, directory_ids: [6] })).status).toBe(402)
    // Nothing is left, and saying so is no error where nothing was asked for by name.
    expect((await free.client.post(PATH, { site_id: id })).json.data.progress.total).toBe(0)
    free.app.clock.set('2026-04-01T00:00:00.000Z')
    expect((await free.job(id, [6])).rows).toHaveLength(1)
  })

  test('the rating that the plan reaches is a reason', async () => {
    await using free = await createCampaignWorld({ plan: 'free' })
    await free.directory({ home_url: 'https://g2.com/', dr: '91' })
    const { id } = await free.site()
    const { job } = await free.job(id, [33, 2])
    expect(job.skipped).toEqual([
      {
        ...{ directory_id: 33, reason: 'above_plan_cap' },
        message: 'Its domain rating is 91; the plan reaches up to 30.',
      },
    ])
  })
})

describe('canceling', () => {
  test('withdraws what was not sent, leaves the rest, and says so once', async () => {
    const { id } = await world.site()
    const { job, rows } = await world.job(id, [1, 2, 3])
    await world.move(rows[0].id, { status: 'submitted', evidence: PROOF })
    const { status, json } = await world.client.post(`${PATH}/${job.id}/cancel`)
    expect([status, json.status]).toEqual([200, 'canceled'])
    expect(json.data.progress).toMatchObject({ submitted: 1, withdrawn: 2, queued: 0 })
    const after = await world.rows(job.id)
    expect(after.map((row) => [row.status, row.reason])).toEqual([
      ...[
        ['submitted', null],
        ['withdrawn', 'job_canceled'],
        ['withdrawn', 'job_canceled'],
      ],
    ])
    expect((await world.client.post(`${PATH}/${job.id}/cancel`)).json).toEqual(json)
    expect(await world.events('job.completed')).toMatchObject([{ data: { status: 'canceled' } }])
    // Their directories may be tried again.
    expect((await world.job(id, [2])).rows).toHaveLength(1)
  })

  test('what has ended otherwise is a conflict', async () => {
    const { id } = await world.site()
    const { job, rows } = await world.job(id, [1])
    await world.move(rows[0].id, { status: 'failed', message: 'Its form is broken.' })
    expect((await world.jobNow(job.id)).status).toBe('failed')
    const { status, json } = await world.client.post(`${PATH}/${job.id}/cancel`)
    expect([status, json.error.code]).toEqual([409, 'conflict'])
  })
})

describe('jobs and their submissions', () => {
  test('are listed by pages, narrowed, and by key only with submissions_api', async () => {
    const { id } = await world.site()
    const jobs: string[] = []
    for (const directory of [1, 2, 3]) {
      jobs.unshift((await world.job(id, [directory])).job.id)
      world.app.clock.advance(1)
    }
    const first = await world.client.get(`${PATH}?limit=2&site_id=${id}`)
    const second = await world.client.get(`${PATH}?limit=2&cursor=${first.json.meta.nextCursor}`)
    const listed = [...first.json.data, ...second.json.data]
    expect(listed.map((job: Row) => job.id)).toEqual(jobs)
    expect(first.json.meta.total).toBe(3)
    expect((await world.client.get(`${PATH}?site_id=other`)).json.data).toEqual([])
    const queue = await world.client.get('/api/v1/submissions?status=ready&mode=assisted&limit=2')
    expect(idsOf(queue.json.data)).toEqual([1, 2])
    const rest = `/api/v1/submissions?status=ready&cursor=${queue.json.meta.nextCursor}`
    expect(idsOf((await world.client.get(rest)).json.data)).toEqual([3])
    expect((await world.client.get('/api/v1/submissions?status=gone')).status).toBe(400)
    expect((await world.client.get('/api/v1/submissions?job_id=job_x')).status).toBe(404)
    const core = await world.app.seed.tenant({ plan: 'core' })
    expect((await world.app.as(core.key()).get(PATH)).json.error.code).toBe('plan_feature_required')
    expect((await world.app.as(world.tenant.key('sites')).get(PATH)).status).toBe(403)
  })

  test('are hidden with their project, and then removed for good', async () => {
    const { id, project_id } = await world.site()
    const { job, rows } = await world.job(id, [1, 2])
    await world.client.delete(`/api/v1/projects/${project_id}`)
    expect((await world.client.get(`${PATH}/${job.id}`)).status).toBe(404)
    expect((await world.client.get(`/api/v1/submissions/${rows[0].id}`)).status).toBe(404)
    expect((await world.patch(rows[0].id, { status: 'withdrawn' })).status).toBe(404)
    expect((await world.client.get('/api/v1/submissions')).json.meta.total).toBe(0)
    await world.app.services.loops.run('projects.purge')
    const left = ['jobs', 'submissions', 'submission_history'].map((table) =>
      world.app.services.db.sqlite.query(`SELECT count(*) AS n FROM ${table}`).get(),
    )
    expect(left).toEqual([{ n: 0 }, { n: 0 }, { n: 0 }])
  })

  test('end with their site as far as nothing was sent', async () => {
    const { id } = await world.site()
    const { job, rows } = await world.job(id, [1, 2])
    await world.move(rows[0].id, { status: 'submitted', evidence: PROOF })
    await world.client.delete(`/api/v1/sites/${id}`)
    await world.run()
    const [sent, unsent] = await world.rows(job.id)
    expect([sent.status, unsent.status, unsent.reason]).toEqual([
      ...['submitted', 'withdrawn', 'site_removed'],
    ])
    expect((await world.show(sent.id)).pack).toBeNull()
    expect((await world.jobNow(job.id)).status).toBe('completed')
  })
})
