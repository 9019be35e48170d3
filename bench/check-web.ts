/** Listings that answer after so many milliseconds, and what they link to, at once; prints its port. */
const [delayMs = '200'] = process.argv.slice(2)
const text = '<p>A line of a listing of shops, with a <a href="/other">link</a>.</p>'.repeat(400)
const html = { headers: { 'Content-Type': 'text/html; charset=utf-8' } }

const server = Bun.serve({
  port: 0,
  // All of 127.0.0.0/8.
  hostname: '0.0.0.0',
  async fetch(request) {
    const { pathname, port } = new URL(request.url)
    if (pathname === '/robots.txt') return new Response('', { status: 404 })
    if (pathname !== '/listing') return new Response('<!doctype html><title>Example</title>', html)
    await Bun.sleep(Number(delayMs))
    const link = `<a href="http://example.com:${port}/">Example</a>`
    return new Response(`<!doctype html><title>Shops</title>${text}${link}`, html)
  },
})
console.log(server.port)
