import { afterEach, beforeEach, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../support/app'
import type { Tenant } from '../support/seed'

/** What campaigns ask of the monitor, in transactions of their own. */
let app: TestApp
let tenant: Tenant
let projectId: string
beforeEach(async () => {
  app = await createTestApp()
  tenant = await app.seed.tenant({ plan: 'free' })
  const { projects } = app.services
  const website = projects.parseWebsite('acme.com')
  projectId = projects.ensure(tenant.principal, { website }).row.id
})
afterEach(() => app[Symbol.asyncDispose]())

const watch = (url: string, siteId: string | null = null) =>
  app.services.db.write((tx) =>
    app.services.backlinks.watch(tx, {
      ...{ workspaceId: tenant.workspaceId, projectId, siteId, url, origin: 'submission' },
    }),
  )

test('a page is watched from now on, and due at once', () => {
  const row = watch('https://dir.example.com/listing')
  expect(row.id).toMatch(/^bl_/)
  expect(row).toMatchObject({
    ...{ projectId, origin: 'submission', state: 'new', verdict: null, host: 'dir.example.com' },
    nextCheckAt: app.clock.now(),
  })
})

test.each([
  'http://www.dir.example.com/listing/',
  'https://dir.example.com/listing?utm_source=x#part',
  'https://dir.example.com:443/listing',
])('%s is the same page', (url) => {
  expect(watch(url).id).toBe(watch('https://dir.example.com/listing').id)
})

test('a page that is watched gets the site that it lacked, and keeps the one it has', async () => {
  const sites = ['https://acme.com/', 'https://acme.com/shop'].map((url) =>
    app.services.db.sqlite
      .query<{ id: string }, [string, string, string]>(
        `INSERT INTO sites (id, workspace_id, project_id, url, profile, version, created_by, created_at, updated_at)
         VALUES (concat('site_', ?3), ?1, ?2, ?3, '{}', 1, 'A', 0, 0) RETURNING id`,
      )
      .get(tenant.workspaceId, projectId, url),
  )
  const [first = null, second = null] = sites.map((site) => site?.id ?? null)
  expect(watch('https://dir.example.com/listing').siteId).toBeNull()
  expect(watch('https://dir.example.com/listing', first).siteId).toBe(first)
  expect(watch('https://dir.example.com/listing', second).siteId).toBe(first)
})

test('a page that is watched already is looked at anew when it becomes a listing', () => {
  const { db } = app.services
  const { no } = watch('https://dir.example.com/listing')
  db.sqlite.run('UPDATE backlinks SET next_check_at = 9e15 WHERE no = ?', [no])
  expect(watch('https://dir.example.com/listing').nextCheckAt).toBe(app.clock.now())
})

test('the plan says how many, and those of deleted projects are none', () => {
  for (let n = 0; n < 25; n++) watch(`https://dir.example.com/${n}`)
  expect(() => watch('https://dir.example.com/more')).toThrow('The Free plan allows 25 watched')
  expect(watch('https://dir.example.com/3').id).toMatch(/^bl_/)
  app.services.projects.delete(tenant.principal, projectId)
  const website = app.services.projects.parseWebsite('acme.com')
  projectId = app.services.projects.ensure(tenant.principal, { website }).row.id
  expect(watch('https://dir.example.com/more').projectId).toBe(projectId)
})
