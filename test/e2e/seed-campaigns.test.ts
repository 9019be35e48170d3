import { expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../support/app'
import { OWNER } from '../support/owner'

// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
type Json = any

/** The quick start of the page, call by call, as its curl commands make them. */
async function quickStart(app: TestApp) {
  const { email, password } = OWNER
  const login = await app.as().post('/api/v1/auth/login', { email, password })
  const bearer = { authorization: `Bearer ${login.json.access_token}` }
  const client = app.as(bearer)
  const site: Json = await client.post('/api/v1/sites', {
    ...{ url: 'https://yoursite.com', name: 'Your Site', description: '...' },
  })
  const body = { site_id: site.json.data.id, directory_ids: [1, 2, 3, 4, 5] }
  const job: Json = await client.post('/api/v1/jobs', body)
  return { client, login, site, job }
}

test('the quick start of seed 001 works as it is written', async () => {
  await using app = await createTestApp()
  const { client, login, site, job } = await quickStart(app)
  expect([login.status, site.status, job.status]).toEqual([200, 201, 201])
  expect(login.json).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
  expect(job.json.data).toMatchObject({ site_id: site.json.data.id, progress: { total: 5 } })

  // "Store the returned job id and poll the job endpoint until the status becomes …"
  const poll = async () => (await client.get(`/api/v1/jobs/${job.json.id}`)).json.status
  expect(await poll()).toBe('queued')
  await app.services.loops.run('submissions')
  expect(await poll()).toBe('running')
  expect((await client.post(`/api/v1/jobs/${job.json.id}/cancel`)).status).toBe(200)
  expect(await poll()).toBe('canceled')
})

test('the client example of seed 001 works with a key, a slash at the end, and no directories', async () => {
  await using app = await createTestApp()
  const { client, site } = await quickStart(app)
  const key = (await client.post('/api/v1/api-keys', { name: 'backend' })).json.data.key
  const headers = { 'x-api-key': key }
  const made = await app.as(headers).post('/api/v1/jobs/', { site_id: site.json.data.id })
  expect([made.status, made.json.data.progress.total]).toEqual([201, 96])
  for (const path of ['sites', 'directories', 'jobs', 'backlinks', 'users/me']) {
    expect([path, (await app.as(headers).get(`/api/v1/${path}`)).status]).toEqual([path, 200])
  }
})

test('failures look as the page of seed 001 shows them', async () => {
  await using app = await createTestApp()
  const { client } = await quickStart(app)
  const refused = await client.post('/api/v1/sites', { url: 'http://yoursite.com' })
  expect([refused.status, refused.json.error.code, refused.json.error.field]).toEqual([
    ...[400, 'invalid_site_url', 'url'],
  ])
  for (const answer of [
    await client.post('/api/v1/jobs', { site_id: 'site_123' }),
    await client.post('/api/v1/jobs', { site_id: 7 }),
    await client.get('/api/v1/jobs/job_123'),
    await app.as().get('/api/v1/jobs'),
  ]) {
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.json.message).toEqual(expect.any(String))
    expect(answer.json.error).toMatchObject({
      ...{ code: expect.any(String), details: answer.json.message },
    })
  }
})
