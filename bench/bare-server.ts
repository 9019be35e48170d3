/** The reference: a bare `Bun.serve` answering 302 from a Map. Argument: links. Prints the port. */
import { slugOf } from '../test/support/click-world'

const links = new Map<string, string>()
for (let index = 0; index < Number(process.argv[2]); index++) {
  links.set(`/${slugOf(index)}`, `https://example.com/page/${index}?a=1`)
}
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const { url } = request
    const target = links.get(url.slice(url.indexOf('/', 8)))
    return target === undefined
      ? new Response(null, { status: 404 })
      : new Response(null, { status: 302, headers: { Location: target } })
  },
})
process.stdout.write(`${server.port}\n`)
