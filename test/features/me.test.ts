import { describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { tokenOf } from '../support/signed-in'

const ME = '/api/v1/me'

describe('GET /me', () => {
  test('answers exactly what the page shows', async () => {
    await using app = await createTestApp()
    const tenant = await app.seed.tenant({ plan: 'free', email: 'you@example.com' })
    const client = app.as(tenant.key())
    for (const slug of ['one', 'two']) {
      await client.post('/api/v1/links', { url: 'https://example.com/', slug })
    }
    const { status, json } = await client.get(ME)
    expect(status).toBe(200)
    expect(json).toEqual({
      data: {
        email: 'you@example.com',
        plan: { name: 'Free', linkLimit: 5, clickLimit: 1000 },
        usage: { linksUsed: 2, linksRemaining: 3, clicksUsed: 0 },
      },
    })
    await client.delete('/api/v1/links/one')
    expect((await client.get(ME)).json.data.usage.linksUsed).toBe(1)
  })

  test('says null where the plan is unlimited, and never less than nothing', async () => {
    await using app = await createTestApp()
    const owner = app.as(app.seed.owner().key())
    expect((await owner.get(ME)).json.data).toMatchObject({
      plan: { name: 'Agency', linkLimit: null, clickLimit: null },
      usage: { linksRemaining: null },
    })
    const tenant = await app.seed.tenant({ plan: 'core' })
    const client = app.as(tenant.key())
    for (let n = 0; n < 6; n++) await client.post('/api/v1/links', { url: 'https://a.example/' })
    const { billing, db, workspaces } = app.services
    const groupId = workspaces.findLive(tenant.workspaceId)?.billingGroupId ?? ''
    db.write((tx) => billing.changePlan(tx, groupId, 'free'))
    expect((await client.get(ME)).json.data.usage).toMatchObject({
      linksUsed: 6,
      linksRemaining: 0,
    })
  })

  test('is about the selected workspace and the person who asks', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const person = await tokenOf(app, owner)
    const second = (await person.post('/api/v1/workspaces', { name: 'Second' })).json.data.id
    const headers = { 'x-workspace-id': second }
    await person.post('/api/v1/links', { url: 'https://example.com/' }, headers)
    expect((await person.get(ME)).json.data.usage.linksUsed).toBe(0)
    const there = await person.get(`${ME}?workspace_id=${second}`)
    expect(there.json.data).toMatchObject({ email: owner.email, usage: { linksUsed: 1 } })
    expect((await person.get(ME, { 'x-workspace-id': 'ws_unknown' })).status).toBe(404)
  })

  test('needs a credential, with any scope', async () => {
    await using app = await createTestApp()
    expect((await app.as().get(ME)).status).toBe(401)
    expect((await app.as(app.seed.owner().key('tags:read')).get(ME)).status).toBe(200)
    expect((await app.as(app.seed.owner().key()).post(ME, {})).status).toBe(405)
  })
})
