/**
 * The machine's clock three days ahead at one start and right again at the next, by libfaketime:
 * retries that were planned by the wrong clock are not three days late.
 */
import { existsSync } from 'node:fs'
import { comes, report, signedIn } from '../support/fault'
import { startReceiver } from '../support/receiver'
import { startServer } from '../support/server-process'
import { temporaryDirectory } from '../support/temporary-directory'

const LIBRARY = ['x86_64', 'aarch64']
  .map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))
if (LIBRARY === undefined) throw new Error('This needs the package faketime.')
const broken: string[] = []
function must(holds: boolean, sentence: string): void {
  if (!holds) broken.push(sentence)
}

using directory = temporaryDirectory()
await using receiver = await startReceiver((_request, nth) => ({ status: nth <= 2 ? 500 : 200 }))
const env = { RATE_LIMITS: 'off', LOG_LEVEL: 'error' }
const wrong = {
  ...{ ...env, LD_PRELOAD: LIBRARY, FAKETIME: '+3d', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
}
let aheadMs = 0
{
  await using server = await startServer(directory.path, wrong)
  const date = (await fetch(`${server.origin}/healthz`)).headers.get('date') ?? ''
  aheadMs = Date.parse(date) - Date.now()
  const ask = await signedIn(server.origin)
  await ask('POST', '/api/v1/webhooks', { url: receiver.url, events: ['link.created'] })
  await ask('POST', '/api/v1/links', { url: 'https://example.com/', slug: 'kept' })
  must(await comes(async () => receiver.received.length >= 1), 'the first attempt is made')
  must((await server.stop()) === 0, 'SIGTERM ends it with 0')
}
const sentAhead = receiver.received.length
await using server = await startServer(directory.path, env)
must((await fetch(`${server.origin}/readyz`)).status === 200, 'it is ready under the right clock')
const isResent = await comes(async () => receiver.received.length > sentAhead, 30)
must(isResent, 'the retry comes in its time, not three days later')
const ask = await signedIn(server.origin)
must((await ask('GET', '/api/v1/links/kept')).status === 200, 'what was written is there')
must((await server.stop()) === 0, 'SIGTERM ends it with 0')
const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']))
must(ids.size === 1, `one event, one id: ${[...ids].join(', ')}`)
report({
  name: 'clock-set',
  figures: `served ${(aheadMs / 86_400_000).toFixed(1)} days ahead, then right: ${receiver.received.length} attempts of one event`,
  broken,
})
