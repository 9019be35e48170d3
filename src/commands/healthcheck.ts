import { get } from 'node:http'
import { isIP } from 'node:net'
import { readConfig } from '../config'

/** Addresses that mean every one of the machine. */
const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Exit code 0 when `/readyz` of the server on this machine answers 200 within 5 seconds. */
export async function healthcheck(): Promise<number> {
  const { port, host: bound } = readConfig()
  const host = isIP(bound) === 0 || ANYWHERE.has(bound) ? '127.0.0.1' : bound
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/readyz', timeout: 5_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200 ? 0 : 1)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(1))
  })
}
