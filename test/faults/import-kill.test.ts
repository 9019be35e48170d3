import { expect, test } from 'bun:test'
import { crashWhileImporting, FOLDERS, TAGS } from '../support/import-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const ROWS = 700
const between = (least: number, most: number): number =>
  Math.floor(least + Math.random() * (most - least))

for (const round of [1, 2, 3]) {
  test(`kill -9 at random moments of an import leaves each row exactly once, round ${round}`, async () => {
    using directory = temporaryDirectory()
    const first = between(1, ROWS / 2)
    const made = [first, between(first + 20, ROWS - 60)]
    const asked = { rows: ROWS, planned: between(1, ROWS - 200), made }
    const { stops, ...told } = await crashWhileImporting(directory.path, asked)
    expect({ asked, stops, ...told }).toEqual({
      ...{ asked, stops, status: 'done', total: ROWS },
      counts: expect.objectContaining({
        total: ROWS,
        created: ROWS,
        failed: 0,
        skip: 0,
        create: 0,
      }),
      stored: {
        ...{ links: ROWS, slugs: ROWS, targets: ROWS, externalIds: ROWS, counted: ROWS },
        ...{ clicks: (ROWS * (ROWS - 1)) / 2, tagged: ROWS, filed: ROWS },
        ...{ tags: TAGS, folders: FOLDERS, events: ROWS, rowsOfLinks: ROWS, broken: 0, isWhole: 1 },
      },
    })
    // Each kill came in the midst of it, never before or after.
    expect(stops.map((stop) => stop > 0 && stop < ROWS)).toEqual([true, true, true])
  }, 120_000)
}
