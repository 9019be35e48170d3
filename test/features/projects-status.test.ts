import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Decision,
  type ProjectScan,
  SCAN_STATUSES,
  SETUP_STATES,
} from '../../src/features/projects/scanning'
import { ProjectStatus, toProjectStatus } from '../../src/features/projects/schema'
import { nextActionsOf, setupOf } from '../../src/features/projects/status'

const at = (text: string): number => new Date(text).getTime()

const ROW = {
  ...{ id: 'proj_123', workspaceId: 'ws_123', name: 'Example', startHost: 'example.com' },
  ...{ registeredDomain: 'example.com', createdBy: 'Ada', deletedAt: null },
  ...{ createdAt: at('2026-05-18T10:30:00.000Z'), updatedAt: at('2026-05-18T10:30:00.000Z') },
}
const SCAN: ProjectScan = {
  ...{ id: 'scan_456', status: 'mapping', pageCount: 42, isFirst: true, reason: null },
  ...{ startedAt: at('2026-05-18T10:31:00.000Z'), finishedAt: null },
}
const CLUSTER: Decision = {
  id: 'protect:open_cluster',
  label: 'Backlink issue cluster',
  count: 1,
  href: '/projects/proj_123/backlinks',
  description: '1 link issue is grouped into one triage pass.',
  actionLabel: 'Open triage',
}

const scan = fc.record({
  id: fc.constant('scan_456'),
  status: fc.constantFrom(...SCAN_STATUSES),
  startedAt: fc.option(fc.constant(SCAN.startedAt ?? 0)),
  finishedAt: fc.option(fc.constant(at('2026-05-18T10:40:00.000Z'))),
  pageCount: fc.nat({ max: 5_000 }),
  isFirst: fc.boolean(),
  reason: fc.option(fc.constant('The website asked for 30 seconds between two pages.')),
})

describe('the status of a project', () => {
  test('is what the page of the seed shows, member by member and in its order', () => {
    const actions = nextActionsOf([CLUSTER], 42)
    const shown = toProjectStatus({ row: ROW, scan: SCAN, setup: setupOf(SCAN), actions })
    const seed = {
      project: {
        id: 'proj_123',
        name: 'Example',
        primaryDomain: 'https://example.com',
        registeredDomain: 'example.com',
        createdAt: '2026-05-18T10:30:00.000Z',
      },
      setup: {
        state: 'mapping',
        summary: 'The first website map is in progress.',
        progress: {
          label: 'Mapping website',
          description: 'Linkstead is building the initial site map.',
          pageCount: 42,
        },
        latestScan: {
          id: 'scan_456',
          status: 'mapping',
          startedAt: '2026-05-18T10:31:00.000Z',
          finishedAt: null,
        },
      },
      actions: {
        needsReview: true,
        summary: '1 decision needs you. 42 items handled quietly.',
        items: [CLUSTER],
        background: 42,
      },
    }
    expect(JSON.stringify(shown)).toBe(JSON.stringify(seed))
  })

  test('fits its schema whatever the scan is', () => {
    fc.assert(
      fc.property(fc.option(scan, { nil: undefined }), (latest) => {
        const setup = setupOf(latest)
        const actions = nextActionsOf([], 0)
        const shown = toProjectStatus({ row: ROW, scan: latest, setup, actions })
        expect(ProjectStatus.parse(shown)).toEqual(shown)
        for (const text of [setup.summary, setup.progress.description]) {
          expect(text).toMatch(/^[A-Z].*\.$/)
        }
        expect(SETUP_STATES).toContain(setup.state)
        expect(setup.progress.pageCount).toBe(latest?.pageCount ?? 0)
      }),
    )
  })

  test('says why a scan ended early', () => {
    const reason = 'The website asked for 30 seconds between two pages.'
    for (const status of ['partial', 'failed', 'canceled'] as const) {
      expect(setupOf({ ...SCAN, status, reason }).summary).toBe(reason)
      expect(setupOf({ ...SCAN, status }).summary).toMatch(/\.$/)
    }
  })

  test('of a scan that was canceled is what it had found until then', () => {
    expect(setupOf({ ...SCAN, status: 'canceled' }).state).toBe('partial')
    expect(setupOf({ ...SCAN, status: 'canceled', pageCount: 0 }).state).toBe('failed')
  })

  test('does not call a later map the first', () => {
    for (const status of SCAN_STATUSES) {
      const { summary, progress } = setupOf({ ...SCAN, status, isFirst: false })
      expect(`${summary} ${progress.description}`).not.toMatch(/first|initial/i)
    }
  })

  test.each([
    [0, 0, 'Nothing needs you.'],
    [0, 1, 'Nothing needs you. 1 item handled quietly.'],
    [1, 0, '1 decision needs you.'],
    [2, 42, '2 decisions need you. 42 items handled quietly.'],
  ])('of %i decisions and %i other findings says: "%s"', (decisions, background, summary) => {
    const items = Array.from({ length: decisions }, () => CLUSTER)
    expect(nextActionsOf(items, background)).toMatchObject({
      ...{ needsReview: decisions > 0, summary, background },
    })
  })
})
