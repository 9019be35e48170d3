import { describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { dashboardOf } from '../support/signed-in'

const AUDIT = '/api/v1/admin/audit'

type Entry = { action: string; actor: { kind: string; name: string }; subject_id: string }

describe('the audit log', () => {
  test('tells every change of keys, members, workspaces, plans and users', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const boss = await dashboardOf(app, owner)
    const tenant = await app.seed.tenant()
    const workspace = `/api/v1/workspaces/${owner.workspaceId}`
    const key = (await boss.post('/api/v1/keys', { name: 'k' })).json.data
    await boss.patch(`/api/v1/keys/${key.id}`, { name: 'k2' })
    await boss.delete(`/api/v1/keys/${key.id}`)
    const seat = await boss.post(`${workspace}/members`, { email: tenant.email, role: 'viewer' })
    const member = `${workspace}/members/${seat.json.data.id}`
    await boss.patch(member, { role: 'member' })
    await boss.delete(member)
    const invitation = { email: 'new@example.com', role: 'viewer' }
    const invited = await boss.post(`${workspace}/invitations`, invitation)
    await boss.delete(`${workspace}/invitations/${invited.json.data.id}`)
    await boss.patch(workspace, { name: 'Renamed' })
    await boss.patch(workspace, { name: 'Renamed' })
    await boss.patch('/api/v1/admin/plans/free', { name: 'Gratis' })
    await boss.patch(`/api/v1/admin/users/${tenant.userId}`, { blocked: true })
    await boss.patch(`/api/v1/admin/workspaces/${tenant.workspaceId}`, { plan: 'core' })
    await boss.delete(`/api/v1/admin/workspaces/${tenant.workspaceId}`)
    await boss.post(`/api/v1/admin/workspaces/${tenant.workspaceId}/restore`)
    const { json, text } = await boss.get(`${AUDIT}?limit=100&actor_id=${owner.userId}`)
    const actions = json.data.map(({ action }: Entry) => action)
    expect(actions.filter((action: string) => !action.startsWith('session.')).toSorted()).toEqual(
      [
        ...['key.created', 'key.updated', 'key.revoked'],
        ...['member.added', 'member.role_changed', 'member.removed'],
        ...['invitation.created', 'invitation.revoked'],
        ...['workspace.updated', 'workspace.plan_changed'],
        ...['workspace.deleted', 'workspace.restored'],
        ...['plan.updated', 'user.blocked'],
      ].toSorted(),
    )
    expect(text).not.toContain(key.key)
  })

  test('names the key that did it', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const made = await app.as(owner.key()).post('/api/v1/keys', { name: 'child' })
    const boss = await dashboardOf(app, owner)
    const { data } = (await boss.get(`${AUDIT}?subject_id=${made.json.data.id}`)).json
    expect(data).toMatchObject([
      {
        ...{ action: 'key.created', workspace_id: owner.workspaceId },
        actor: { kind: 'key', name: 'test *' },
        details: { name: 'child', prefix: made.json.data.prefix },
      },
    ])
  })

  test('is filtered and paged by cursor, newest first', async () => {
    await using app = await createTestApp()
    const owner = app.seed.owner()
    const boss = await dashboardOf(app, owner)
    const client = app.as(owner.key())
    const from = new Date(app.clock.now() + 1).toISOString()
    for (const name of ['a', 'b', 'c']) {
      app.clock.advance(1)
      await client.post('/api/v1/keys', { name })
    }
    const path = `${AUDIT}?action=key.created&from=${from}&workspace_id=${owner.workspaceId}&limit=2`
    const first = (await boss.get(path)).json
    expect(first.meta).toMatchObject({ total: null, limit: 2 })
    const second = (await boss.get(`${path}&cursor=${first.meta.nextCursor}`)).json
    const names = [...first.data, ...second.data].map((entry) => entry.details.name)
    expect(names).toEqual(['c', 'b', 'a'])
    expect(second.meta.nextCursor).toBeNull()
    expect((await boss.get(`${AUDIT}?to=${from}&action=key.created`)).json.data).toHaveLength(1)
    expect((await boss.get(`${AUDIT}?from=yesterday`)).status).toBe(400)
    expect((await boss.get(`${AUDIT}?cursor=nonsense`)).status).toBe(400)
  })

  test('says nothing of what failed', async () => {
    await using app = await createTestApp()
    const boss = await dashboardOf(app, app.seed.owner())
    const count = async () => (await boss.get(`${AUDIT}?limit=100`)).json.data.length
    const before = await count()
    await boss.post('/api/v1/keys', { name: '' })
    await boss.patch('/api/v1/admin/users/usr_unknown', { blocked: true })
    await boss.delete(`/api/v1/workspaces/ws_unknown`)
    expect(await count()).toBe(before)
  })
})
