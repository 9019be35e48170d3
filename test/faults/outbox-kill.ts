/**
 * `bun run faults outbox-kill [rounds] [binary]`: kill -9 of the real server while it takes links
 * and delivers their events, at random instants.
 */
import { crashWhileDelivering } from '../support/outbox-crash'
import { temporaryDirectory } from '../support/temporary-directory'

const [rounds = '50', binary] = process.argv.slice(2)
const command = binary === undefined ? undefined : [binary]
const sum = { acknowledged: 0, received: 0, repeated: 0, untold: 0 }
const problems: string[] = []
for (let round = 0; round < Number(rounds); round++) {
  using directory = temporaryDirectory()
  const outcome = await crashWhileDelivering(directory.path, 50 + Math.random() * 750, command)
  sum.acknowledged += outcome.acknowledged
  sum.received += outcome.received
  sum.repeated += outcome.repeated
  sum.untold += outcome.untold
  problems.push(...outcome.problems)
  if ((round + 1) % 10 === 0) process.stderr.write(`${round + 1} … `)
}
process.stdout.write(
  `${rounds} rounds, ${sum.acknowledged} acknowledged links, ${sum.received} deliveries received, ` +
    `${sum.repeated} of them again after a kill, ${sum.untold} never; ` +
    `${problems.length === 0 ? 'every file whole' : problems.join('; ')}\n`,
)
process.exit(sum.untold + problems.length === 0 ? 0 : 1)
