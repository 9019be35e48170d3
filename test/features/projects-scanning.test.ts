import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Principal } from '../../src/core/access'
import type {
  ProjectFindings,
  ProjectScan,
  ProjectScans,
} from '../../src/features/projects/scanning'
import { createProjects } from '../../src/features/projects/service'
import { parseWebsite } from '../../src/features/projects/website'
import { createTestApp, type TestApp } from '../support/app'

/** What a scanner has to keep to, on the other side of the port of projects. */
let app: TestApp
let principal: Principal
let begun: Map<string, ProjectScan>
beforeEach(async () => {
  app = await createTestApp()
  principal = (await app.seed.tenant()).principal
  begun = new Map()
})
afterEach(() => app[Symbol.asyncDispose]())

const QUEUED = { status: 'queued', startedAt: null, finishedAt: null, pageCount: 0 } as const

const scans: ProjectScans = {
  begin(_tx, { id }) {
    const scan = { ...QUEUED, id: `scan_${begun.size + 1}`, isFirst: true, reason: null }
    begun.set(id, scan)
    return scan.id
  },
  latestOf: (_tx, projectId) => begun.get(projectId),
}

const findings = (nth: number, background: number): ProjectFindings => ({
  openOf: (_tx, { id }) => ({
    decisions: [
      {
        ...{ id: `decision:${nth}`, label: `No ${nth}`, count: nth, description: 'Look at it.' },
        ...{ href: `/projects/${id}/actions`, actionLabel: 'Open' },
      },
    ],
    background,
  }),
})

function projectsWith(port: ProjectScans, sources: readonly ProjectFindings[] = []) {
  const { db, clock, billing } = app.services
  return createProjects({
    ...{ db, clock, entitlements: billing, announce: () => undefined },
    ...{ scans: port, findings: sources, removals: [], purgeSteps: [] },
  })
}

const wanted = () => ({ website: parseWebsite('example.com') })

test('a new project begins its first scan, and posting it again names that one', () => {
  const projects = projectsWith(scans)
  const first = projects.ensure(principal, wanted())
  expect([first.existing, first.scanRunId]).toEqual([false, 'scan_1'])
  const again = projects.ensure(principal, wanted())
  expect([again.existing, again.scanRunId]).toEqual([true, 'scan_1'])
  expect(begun.size).toBe(1)
  expect(projects.status(principal, first.row.id)).toMatchObject({
    ...{ scan: { id: 'scan_1' }, setup: { state: 'queued' } },
  })
})

test('a project from before there was a scanner begins its first scan when it is posted', () => {
  const none: ProjectScans = { begin: () => null, latestOf: () => undefined }
  expect(projectsWith(none).ensure(principal, wanted()).scanRunId).toBeNull()
  const again = projectsWith(scans).ensure(principal, wanted())
  expect([again.existing, again.scanRunId]).toEqual([true, 'scan_1'])
})

test('a scan that cannot begin leaves no project behind', () => {
  const failing: ProjectScans = {
    ...scans,
    begin() {
      throw new Error('No room.')
    },
  }
  const projects = projectsWith(failing)
  expect(() => projects.ensure(principal, wanted())).toThrow('No room.')
  expect(projects.list(principal)).toEqual([])
})

test('decisions of all who know some are shown in order, other findings added up', () => {
  const projects = projectsWith(scans, [findings(1, 40), findings(2, 2)])
  const { row } = projects.ensure(principal, wanted())
  const { actions } = projects.status(principal, row.id)
  expect(actions.items.map(({ id }) => id)).toEqual(['decision:1', 'decision:2'])
  expect(actions.summary).toBe('2 decisions need you. 42 items handled quietly.')
})

test('what is kept of a deleted project goes step by step before its row', async () => {
  const { db, clock, billing } = app.services
  const steps: string[] = []
  const rows = () => db.sqlite.query('SELECT id FROM projects').all().length
  const projects = createProjects({
    ...{ db, clock, entitlements: billing, announce: () => undefined, scans, findings: [] },
    removals: [(_tx, id) => void steps.push(`hide ${id}`)],
    purgeSteps: [
      (id) => void steps.push(`pages ${id} ${rows()}`),
      async (id) => void steps.push(id),
    ],
  })
  const { id } = projects.ensure(principal, wanted()).row
  projects.delete(principal, id)
  const stopped = AbortSignal.abort()
  await projects.loop.run(stopped)
  expect(rows()).toBe(1)
  await projects.loop.run(new AbortController().signal)
  expect(steps).toEqual([`hide ${id}`, `pages ${id} 1`, id])
  expect(rows()).toBe(0)
})
