import { request } from 'node:http'
import { OperatorError } from '../core/errors'
import { adminSocketIn } from '../platform/admin-socket'

export type Asked = { path: string; body: unknown; timeoutMs?: number }

/** What says that nobody listens, or that there is no socket at all. */
const NOBODY: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTSOCK',
  'FailedToOpenSocket',
])

/**
 * Asks the server that runs on a data directory; null when none does. Throws
 * {@link OperatorError} with what the server refused, or when it does not answer in time.
 */
export function askServer(dataDir: string, asked: Asked): Promise<unknown> {
  const { path, body, timeoutMs = 30_000 } = asked
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const silent = () => new OperatorError(`The server on ${dataDir} does not answer. Is it stuck?`)
  const outgoing = request(
    { socketPath: adminSocketIn(dataDir), path, method: 'POST', timeout: timeoutMs },
    async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const answer: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      if (response.statusCode === 200) resolve(answer)
      else reject(new OperatorError(messageOf(answer)))
    },
  )
  outgoing.on('timeout', () => outgoing.destroy(silent()))
  outgoing.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : ''
    if (NOBODY.has(code)) resolve(null)
    else reject(error instanceof OperatorError ? error : silent())
  })
  outgoing.end(JSON.stringify(body))
  return promise
}

function messageOf(answer: unknown): string {
  const message = answer !== null && typeof answer === 'object' && 'message' in answer
  return message ? String(answer.message) : 'The server refused.'
}
