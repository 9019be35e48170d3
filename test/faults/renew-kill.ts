/**
 * `bun test/faults/renew-kill.ts [rounds]`: kill -9 of the real server at random instants while five
 * callers renew subscriptions that have missed months.
 */
import { neglectedDirectory, renewalProblems, renewThroughCrashes } from '../support/renewal-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const SUBSCRIPTIONS = 48
const PERIODS_AT_MOST = 150

const [rounds = '20'] = process.argv.slice(2)
const random = (most: number): number => Math.floor(Math.random() * most)
let kills = 0
let problems = 0
for (let round = 0; round < Number(rounds); round++) {
  using directory = temporaryDirectory()
  const dataDir = directory.file('data')
  await neglectedDirectory(dataDir, SUBSCRIPTIONS)
  const killsAt = Array.from({ length: 1 + random(4) }, () => random(PERIODS_AT_MOST))
  kills += killsAt.length
  await renewThroughCrashes(
    dataDir,
    killsAt.toSorted((a, b) => a - b),
  )
  for (const problem of renewalProblems(dataDir, Date.now())) {
    problems += 1
    process.stdout.write(`${problem}\n`)
  }
}
process.stdout.write(
  `${rounds} rounds, ${kills} kills, ${SUBSCRIPTIONS} subscriptions each: ${problems} problems\n`,
)
process.exit(problems === 0 ? 0 : 1)
