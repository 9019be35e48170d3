import { afterEach, beforeEach, expect, test } from 'bun:test'
import { DAY, HOUR } from '../../src/core/clock'
import { periodOf } from '../../src/features/visibility/scheduling'
import { type Client, createTestApp, type TestApp } from '../support/app'
import { engineServer } from '../support/engine-server'
import type { Tenant } from '../support/seed'

let server: ReturnType<typeof engineServer>
let app: TestApp
let tenant: Tenant
let client: Client
beforeEach(async () => {
  server = engineServer(() => ({ text: 'Acme.' }))
  app = await createTestApp({ env: server.env })
  tenant = await app.seed.tenant()
  client = app.as(tenant.key())
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const settle = (settings: object) =>
  client.patch(`/api/v1/workspaces/${tenant.workspaceId}`, settings)
const tick = () => app.services.loops.run('tracking.schedule')
const countRuns = async () => (await client.get('/api/v1/tracking')).json.meta.total

test('runs on a schedule start once a day or week, however often it is looked', async () => {
  await settle({ brand: { name: 'Acme' }, tracking_schedule: 'daily' })
  await tick()
  expect(await countRuns()).toBe(0)
  await client.post('/api/v1/prompts', { text: 'Which CRM is best?' })
  await tick()
  await tick()
  expect(await countRuns()).toBe(5)
  app.clock.advance(DAY)
  await tick()
  expect(await countRuns()).toBe(10)
  await settle({ tracking_schedule: 'weekly' })
  await tick()
  app.clock.advance(HOUR)
  await tick()
  expect(await countRuns()).toBe(15)
  app.clock.advance(7 * DAY)
  await tick()
  expect(await countRuns()).toBe(20)
  await settle({ tracking_schedule: 'off' })
  app.clock.advance(7 * DAY)
  await tick()
  expect(await countRuns()).toBe(20)
})

test.each([
  ['daily', 'UTC', '2026-01-05'],
  ['daily', 'Pacific/Auckland', '2026-01-06'],
  ['daily', 'America/Los_Angeles', '2026-01-05'],
  ['weekly', 'UTC', '2026-W02'],
  ['weekly', 'Pacific/Kiritimati', '2026-W02'],
  ['off', 'UTC', undefined],
] as const)('%s in %s is for %p', (trackingSchedule, timezone, period) => {
  const noon = Date.UTC(2026, 0, 5, 12)
  expect(periodOf({ trackingSchedule, timezone }, noon)).toBe(period)
})
