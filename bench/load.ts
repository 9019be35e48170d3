/**
 * The load generator of the redirect benchmark, a process of its own and the same for every
 * server: raw sockets with one request in flight each, so that it costs little beside the server.
 * Arguments: port, seconds, connections, paths. Prints one JSON line.
 */
const [port = 0, seconds = 0, connections = 0, paths = 0] = process.argv.slice(2).map(Number)

const requests = Array.from({ length: paths }, (_, index) =>
  Buffer.from(
    `GET /s${String(index).padStart(5, '0')} HTTP/1.1\r\nHost: localhost:${port}\r\n` +
      'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\r\n' +
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n' +
      'Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n' +
      'Referer: https://news.example.com/articles/2026/spring\r\n\r\n',
  ),
)

const latencies = new Float64Array(10_000_000)
let answered = 0
let wrong = 0
let isOver = false
let sent = 0
let closed = 0

type State = { sentAt: number; rest: string }

function send(socket: Bun.Socket<State>): void {
  const request = requests[sent % requests.length]
  sent += 1
  socket.data.sentAt = performance.now()
  if (request) socket.write(request)
}

const done = Promise.withResolvers<void>()
const startedAt = performance.now()
for (let i = 0; i < connections; i++) {
  await Bun.connect<State>({
    hostname: '127.0.0.1',
    port,
    data: { sentAt: 0, rest: '' },
    socket: {
      open: send,
      data(socket, bytes) {
        // Answers without a body end with their head.
        const text = socket.data.rest + bytes.toString('latin1')
        if (!text.endsWith('\r\n\r\n')) {
          socket.data.rest = text
          return
        }
        socket.data.rest = ''
        latencies[answered] = performance.now() - socket.data.sentAt
        answered += 1
        if (!text.startsWith('HTTP/1.1 302')) wrong += 1
        if (isOver) socket.end()
        else send(socket)
      },
      close() {
        closed += 1
        if (closed === connections) done.resolve()
      },
    },
  })
}
setTimeout(() => {
  isOver = true
}, seconds * 1000)
await done.promise
const elapsedSeconds = (performance.now() - startedAt) / 1000
const sorted = latencies.subarray(0, answered).sort()
const percentile = (share: number): number => sorted[Math.floor(answered * share)] ?? 0
console.log(
  JSON.stringify({
    answered,
    wrong,
    perSecond: answered / elapsedSeconds,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  }),
)

export {}
