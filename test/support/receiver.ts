import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived, byte for byte. */
export type Received = { path: string; headers: IncomingHttpHeaders; raw: Buffer; body: string }

/** What the receiver does with a request; `hang` never answers. */
export type Reply = {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
  hang?: boolean
  /** Waits for this before it answers. */
  after?: Promise<unknown>
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** A webhook receiver on loopback; `reply` decides per request, 200 by default. */
export async function startReceiver(
  reply: (received: Received, nth: number) => Reply = () => ({}),
) {
  const received: Received[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const gauge = { now: 0, most: 0 }
  const server = createServer(async (request, response) => {
    gauge.now += 1
    gauge.most = Math.max(gauge.most, gauge.now)
    response.on('close', () => {
      gauge.now -= 1
    })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const raw = Buffer.concat(chunks)
    const { url = '/', headers } = request
    received.push({ path: url, headers, raw, body: raw.toString('utf8') })
    for (const { count, resolve } of waiting) if (received.length >= count) resolve()
    const last = received.at(-1)
    if (last) await answer(response, reply(last, received.length))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    received,
    /** Requests open at the same time. */
    gauge,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    /** Resolves once `count` requests have arrived. */
    arrived(count: number): Promise<void> {
      if (received.length >= count) return Promise.resolve()
      return new Promise((resolve) => waiting.push({ count, resolve }))
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(response: ServerResponse, reply: Reply): Promise<void> {
  if (reply.hang) return
  await reply.after
  response.writeHead(reply.status ?? 200, reply.headers)
  response.end(reply.body)
}
