/**
 * The reference of the outbox benchmark: the same requests by bare `node:http`, signed by nobody
 * and stored nowhere. Arguments: URL, requests, in flight at a time, bytes of a body. Prints one
 * JSON line.
 */
import { request } from 'node:http'

const [url = '', requests = '0', inFlight = '0', bytes = '0'] = process.argv.slice(2)
const total = Number(requests)
const { hostname, port, pathname } = new URL(url)
const body = Buffer.alloc(Number(bytes), 'x')
const hex = 'a'.repeat(64)
const headers = {
  'Content-Type': 'application/json',
  'User-Agent': 'Linkstead-Webhooks/1',
  'webhook-id': `evt_${'0'.repeat(26)}`,
  'webhook-timestamp': '1700000000',
  'webhook-signature': `v1,${'a'.repeat(44)}`,
  'LinkJet-Signature': `t=1700000000,v1=${hex}`,
  'X-LinkTJ-Event': 'link.created',
  'X-LinkTJ-Signature': hex,
  'content-length': String(body.length),
}

const post = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const call = request({ hostname, port, path: pathname, method: 'POST', headers })
    call.on('error', reject)
    call.on('response', (answer) => {
      answer.resume()
      answer.on('end', resolve)
    })
    call.end(body)
  })

let sent = 0
const startedAt = performance.now()
const sender = async (): Promise<void> => {
  while (sent < total) {
    sent += 1
    await post()
  }
}
await Promise.all(Array.from({ length: Number(inFlight) }, sender))
console.log(JSON.stringify({ perSecond: total / ((performance.now() - startedAt) / 1000) }))
process.exit()
