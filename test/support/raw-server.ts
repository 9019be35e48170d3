import { createServer, type Socket } from 'node:net'

/** A TCP server on loopback that says what `onConnection` writes and counts who came. */
export async function rawServer(
  onConnection: (socket: Socket) => void = () => {},
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
) {
  const sockets = new Set<Socket>()
  const closed: Promise<void>[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
    onConnection(socket)
    // A socket that nobody reads never learns that its peer has gone.
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return {
    port: address.port,
    connections: () => connections,
    /** Resolves once every connection so far is closed. */
    allClosed: () => Promise.all(closed),
    [Symbol.dispose](): void {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** An HTTP/1.1 answer as the bytes of the wire. */
export function httpAnswer(head: readonly string[], body = ''): string {
  return `${[...head, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`
}
