import { beforeEach, describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { createInternet } from '../../src/platform/internet'
import { testCertificate } from '../support/certificate'
import { httpAnswer, rawServer } from '../support/raw-server'
import { startReceiver } from '../support/receiver'
import { type DeliveryWorld, deliveryWorld } from '../support/webhooks'

const TIMEOUT_MS = 1_500
/** Delivered at once: five fill the slots of an endpoint. */
let events = 1
const MEGABYTE = 1_048_576

const endless = (socket: { write(bytes: Buffer): boolean; destroyed: boolean }, piece: Buffer) => {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer)
    else socket.write(piece)
  }, 20)
}

/** Deliveries to a receiver that misbehaves; what is stored of one, and the growth of memory. */
async function deliverTo(world: DeliveryWorld, url: string, expected: 'pending' | 'delivered') {
  world.subscribe('whe_1', url)
  for (let i = 0; i < events; i++) world.happen()
  const before = process.memoryUsage().rss
  await world.deliver(world.deliverer({ timeoutMs: TIMEOUT_MS }))
  const grownBytes = process.memoryUsage().rss - before
  const outcome = { status: expected, attempts: 1, leaseToken: null }
  expect(world.deliveries()).toMatchObject(Array(events).fill(outcome))
  const [attempt, ...others] = world.attempts()
  for (const { responseHead } of [attempt, ...others].flatMap((one) => one ?? [])) {
    expect(Buffer.byteLength(responseHead ?? '')).toBeLessThanOrEqual(4096)
  }
  return { attempt, grownBytes }
}

const urlOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}/`

describe.each([
  ['one event', 1],
  ['five, on connections that are kept,', 5],
])('of %s a receiver that', (_title, count) => {
  beforeEach(() => {
    events = count
  })

  test('is down costs one attempt', async () => {
    using world = deliveryWorld()
    const gone = await startReceiver()
    await gone[Symbol.asyncDispose]()
    const { attempt } = await deliverTo(world, gone.url, 'pending')
    expect(attempt?.error).toBe('The host could not be reached.')
  })

  test('accepts and never answers is cut', async () => {
    using world = deliveryWorld()
    using server = await rawServer()
    const { attempt } = await deliverTo(world, urlOf(server), 'pending')
    expect(attempt).toMatchObject({ statusCode: null })
    await server.allClosed()
  })

  test('drips its body byte by byte is cut', async () => {
    using world = deliveryWorld()
    using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
      endless(socket, Buffer.from('x'))
    })
    await deliverTo(world, urlOf(server), 'pending')
    await server.allClosed()
  })

  test('sends headers without end is cut', async () => {
    using world = deliveryWorld()
    using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      endless(socket, Buffer.from(`X-More: ${'y'.repeat(500)}\r\n`))
    })
    await deliverTo(world, urlOf(server), 'pending')
    await server.allClosed()
  })

  test('answers with a body without end is read for 4 KiB', async () => {
    using world = deliveryWorld()
    using server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 * MEGABYTE}\r\n\r\n`)
      endless(socket, Buffer.alloc(MEGABYTE, 'z'))
    })
    const { attempt, grownBytes } = await deliverTo(world, urlOf(server), 'delivered')
    expect(attempt?.responseHead?.length).toBe(4096)
    expect(grownBytes).toBeLessThan(64 * MEGABYTE)
    await server.allClosed()
  })

  test('answers with a gzip bomb keeps it packed', async () => {
    using world = deliveryWorld()
    const bomb = gzipSync(Buffer.alloc(200 * MEGABYTE))
    await using receiver = await startReceiver(() => ({
      headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' },
      body: bomb,
    }))
    const { attempt, grownBytes } = await deliverTo(world, receiver.url, 'delivered')
    // The first bytes of gzip, of which the second is no UTF-8.
    expect(attempt?.responseHead).toContain('\n\n\u001f\ufffd')
    expect(grownBytes).toBeLessThan(64 * MEGABYTE)
  })

  test('redirects is not followed', async () => {
    using world = deliveryWorld()
    await using target = await startReceiver()
    using server = await rawServer((socket) =>
      socket.write(httpAnswer(['HTTP/1.1 308 Permanent Redirect', `Location: ${target.url}`])),
    )
    const { attempt } = await deliverTo(world, urlOf(server), 'pending')
    expect(attempt?.statusCode).toBe(308)
    expect(target.received).toHaveLength(0)
  })

  test('answers what is no HTTP costs one attempt', async () => {
    using world = deliveryWorld()
    using server = await rawServer((socket) => socket.end('220 mail.example.com ESMTP\r\n'))
    const { attempt } = await deliverTo(world, urlOf(server), 'pending')
    expect(attempt).toMatchObject({ statusCode: null, error: 'The host did not answer in HTTP.' })
  })

  test('has a certificate of another name is sent nothing', async () => {
    using world = deliveryWorld()
    const bodies: string[] = []
    const server = Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1', tls: testCertificate },
      async fetch(request) {
        bodies.push(await request.text())
        return new Response()
      },
    })
    const { guarded } = createInternet({
      ...{ outboundAllow: ['127.0.0.0/8'], dnsServers: [], ca: testCertificate.cert },
      resolve: async () => ['127.0.0.1'],
    })
    world.subscribe('whe_wrong', `https://other.example.com:${server.port}/`)
    world.subscribe('whe_right', `https://hooks.example.com:${server.port}/`)
    world.happen()
    await world.deliver(world.deliverer({ internet: guarded }))
    expect(bodies).toHaveLength(1)
    const statuses = world.deliveries().map(({ endpointId, status }) => [endpointId, status])
    expect(statuses.toSorted()).toEqual([
      ['whe_right', 'delivered'],
      ['whe_wrong', 'pending'],
    ])
    await server.stop(true)
  })
})

describe('one endpoint that hangs with 10 000 events waiting', () => {
  test('holds five requests open and delays none of 49 healthy ones', async () => {
    using world = deliveryWorld()
    await using hanging = await startReceiver(() => ({ hang: true }))
    await using healthy = await startReceiver()
    world.subscribe('whe_poison', hanging.url)
    world.db.write((tx) => {
      for (let i = 0; i < 10_000; i++) {
        world.outbox.enqueue(tx, { type: 'link.created', workspaceId: 'ws_a', data: {} })
      }
    })
    for (let i = 0; i < 49; i++) world.subscribe(`whe_${i}`, healthy.url, { workspaceId: 'ws_b' })
    const stop = new AbortController()
    const deliverer = world.deliverer({ timeoutMs: 8_000 })
    const running = world.deliver(deliverer, stop.signal)
    await hanging.arrived(5)
    for (let round = 1; round <= 10; round++) {
      world.happen({ workspaceId: 'ws_b' })
      deliverer.wake()
      await healthy.arrived(49 * round)
    }
    expect(hanging.gauge.most).toBe(5)
    stop.abort()
    await running
    const sent = world.deliveries().filter(({ endpointId }) => endpointId !== 'whe_poison')
    expect(sent.map(({ status }) => status)).toEqual(Array(490).fill('delivered'))
  })
})
