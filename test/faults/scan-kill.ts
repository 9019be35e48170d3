/**
 * `bun test/faults/scan-kill.ts [rounds]`: kill -9, or SIGTERM, of a server at random instants of a
 * scan, from its first page to its last.
 */
import { scanThroughCrashes } from '../support/scan-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const PAGES = 200
const LANES = 2

const [rounds = '10'] = process.argv.slice(2)
const random = (most: number): number => Math.floor(Math.random() * most)
let kills = 0
let lost = 0
let problems = 0
for (let round = 0; round < Number(rounds); round++) {
  using directory = temporaryDirectory()
  const signal = round % 3 === 2 ? 'SIGTERM' : 'SIGKILL'
  // Before the second page is known the start page is still looked for, and may be asked for again.
  const killsAt = Array.from({ length: 1 + random(4) }, () => 3 + random(PAGES - 3))
  const sorted = killsAt.toSorted((a, b) => a - b)
  const told = await scanThroughCrashes(directory.file('data'), PAGES, sorted, signal)
  const { twice, rows, status, pagesFetched, events } = told
  kills += killsAt.length
  lost += rows.interrupted
  const finished = events.filter((action) => action === 'scan_finished').length
  const most = signal === 'SIGTERM' ? 0 : killsAt.length * LANES
  const isWhole =
    twice.length === 0 &&
    rows.done === rows.total &&
    pagesFetched === rows.total - rows.interrupted &&
    rows.interrupted <= most &&
    (rows.interrupted > 0 || (rows.total === PAGES && status === 'ready')) &&
    finished === 1
  if (isWhole) continue
  problems += 1
  process.stdout.write(`${signal} at ${sorted.join(', ')}: ${JSON.stringify(told)}\n`)
}
process.stdout.write(
  `${rounds} rounds, ${kills} kills, ${PAGES} pages each: ${lost} pages left to the next scan, ${problems} problems\n`,
)
process.exit(problems === 0 ? 0 : 1)
