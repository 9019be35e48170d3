/**
 * `bun test/faults/redirect-kill.ts [rounds] [binary]`: kill -9 of the real server under load at
 * random instants.
 */
import { crashUnderLoad } from '../support/redirect-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const [rounds = '20', binary] = process.argv.slice(2)
const command = binary === undefined ? undefined : [binary]
let answered = 0
let missing = 0
let doubled = 0
for (let round = 0; round < Number(rounds); round++) {
  using directory = temporaryDirectory()
  const outcome = await crashUnderLoad(directory.path, 50 + Math.random() * 450, command)
  answered += outcome.answered
  missing += outcome.missing.length
  doubled += outcome.doubled.length
}
process.stdout.write(
  `${rounds} rounds, ${answered} answered redirects, ${missing} without a click, ${doubled} doubled\n`,
)
process.exit(missing + doubled === 0 ? 0 : 1)
