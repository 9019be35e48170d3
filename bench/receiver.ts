/**
 * The receiver of the outbox benchmark, a process of its own: acknowledges everything but `/hang`,
 * which never answers, and `/slow`, which answers after 50 ms. Prints its port.
 */
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    await request.arrayBuffer()
    const { pathname } = new URL(request.url)
    if (pathname === '/hang') await new Promise(() => {})
    return new Response()
  },
})
console.log(server.port)

export {}
