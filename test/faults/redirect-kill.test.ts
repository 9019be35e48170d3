import { expect, test } from 'bun:test'
import { crashUnderLoad } from '../support/redirect-crash'
import { temporaryDirectory } from '../support/temporary-directory'

for (const afterMs of [60, 150, 330]) {
  test(`kill -9 of the server after ${afterMs} ms of load loses and doubles no answered redirect`, async () => {
    using directory = temporaryDirectory()
    const { answered, missing, doubled } = await crashUnderLoad(directory.path, afterMs)
    expect(answered).toBeGreaterThan(0)
    expect(missing).toEqual([])
    expect(doubled).toEqual([])
  }, 120_000)
}
