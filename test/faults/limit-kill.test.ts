import { expect, test } from 'bun:test'
import { rushLimited } from '../support/limit-crash'
import { temporaryDirectory } from '../support/temporary-directory'

test('200 visitors at once on a link with limit 50: 50 are answered, 50 stored, one event', async () => {
  using directory = temporaryDirectory()
  const { lives, stored } = await rushLimited(directory.path, { limit: 50, people: 200 })
  expect(lives[0]?.people).toBe(50)
  expect(lives[0]?.cut).toBe(0)
  expect(stored).toEqual({ clicks: 50, events: 1 })
}, 120_000)

for (const killAfterMs of [5, 25, 60]) {
  test(`kill -9 after ${killAfterMs} ms of the rush: never more than the limit over both lives`, async () => {
    using directory = temporaryDirectory()
    const asked = { limit: 150, people: 200, killAfterMs }
    const { lives, stored } = await rushLimited(directory.path, asked)
    const answered = lives.reduce((sum, life) => sum + life.people, 0)
    expect(lives[1]?.refused).toBeGreaterThan(0)
    expect(answered).toBeLessThanOrEqual(150)
    expect(stored).toEqual({ clicks: 150, events: 1 })
  }, 120_000)
}
