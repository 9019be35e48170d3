import { expect, test } from 'bun:test'
import {
  neglectedDirectory,
  type RenewCounts,
  renewalProblems,
  renewThroughCrashes,
} from '../support/renewal-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const SUBSCRIPTIONS = 24
const NOTHING = { due: 0, renewed: 0, past_due: 0, canceled: 0 }
const renewedBy = (counts: RenewCounts[]): number =>
  counts.reduce((sum, { renewed }) => sum + renewed, 0)

test('five schedulers at once over months that were missed: each period begins once, in order', async () => {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  await neglectedDirectory(dataDir, SUBSCRIPTIONS)
  const { counted, again } = await renewThroughCrashes(dataDir, [])
  const now = Date.now()
  expect(renewalProblems(dataDir, now)).toEqual([])
  expect(counted).toHaveLength(5)
  // More than one of them had a hand in it, and together they count each once.
  expect(counted.filter(({ renewed }) => renewed > 0).length).toBeGreaterThan(1)
  expect(renewedBy(counted)).toBeGreaterThan(SUBSCRIPTIONS * 3)
  expect(renewedBy(counted)).toBe(counted.reduce((sum, { due }) => sum + due, 0))
  expect(again).toEqual([NOTHING])
}, 120_000)

for (const killsAt of [[1], [20], [60], [10, 30, 50, 70]]) {
  test(`kill -9 between periods, ${killsAt.join(', ')} of them begun: none is lost or doubled`, async () => {
    using directory = temporaryDirectory()
    const dataDir = directory.file('data')
    await neglectedDirectory(dataDir, SUBSCRIPTIONS)
    const { begun, counted, again } = await renewThroughCrashes(dataDir, killsAt)
    expect(renewalProblems(dataDir, Date.now())).toEqual([])
    expect(begun).toBeGreaterThanOrEqual(killsAt.at(-1) ?? 0)
    // Something was left for the last life, or nothing was cut.
    expect(renewedBy(counted)).toBeGreaterThan(0)
    expect(again).toEqual([NOTHING])
  }, 120_000)
}
