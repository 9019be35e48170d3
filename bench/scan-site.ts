/** A site of so many pages on loopback, each leading to the ones below it as in a heap; prints its port. */
const [pages = '2000'] = process.argv.slice(2)
const PAGES = Number(pages)
const CHILDREN = 8

const menu = Array.from(
  { length: 20 },
  (_, n) => `<li><a href="/p${n + 1}">Part ${n + 1}</a></li>`,
).join('')
const text = '<p>What there is to say of shoes and boots, <em>line by line</em>.</p>'.repeat(60)

function pageOf(n: number): string {
  const below = Array.from({ length: CHILDREN }, (_, k) => CHILDREN * n + k + 1)
    .filter((child) => child < PAGES)
    .map((child) => `<a href="/p${child}">Page number ${child}</a>`)
  return `<!doctype html><html lang="en"><head><title>Page number ${n}</title><meta name="description" content="All of page ${n}"></head><body><nav><ul>${menu}</ul></nav><main><h1>Page ${n}</h1>${text}${below.join(' ')}<img src="/i${n}.png" alt="" width="1" height="1"></main></body></html>`
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const { pathname } = new URL(request.url)
    const n = pathname === '/' ? 0 : Number(/^\/p([1-9]\d*)$/.exec(pathname)?.[1] ?? Number.NaN)
    if (!(n < PAGES)) return new Response('Not found', { status: 404 })
    return new Response(pageOf(n), { headers: { 'content-type': 'text/html; charset=utf-8' } })
  },
})
console.log(server.port)
