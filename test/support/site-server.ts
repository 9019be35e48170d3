import { type Reply, startReceiver } from './receiver'

export type SiteReply = Reply | string | undefined

/** HTML with a title of its own and what is given. */
export const html = (title: string, body: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><title>${title}</title><meta name="description" content="About ${title}">${head}</head><body><h1>${title}</h1>${body}</body></html>`

/** Text of so many words that begin with `seed`. */
export const words = (seed: string, count = 120): string =>
  Array.from({ length: count }, (_, n) => `${seed}${n}`).join(' ')

export const anchors = (...paths: readonly string[]): string =>
  paths.map((path) => `<a href="${path}">${path}</a>`).join(' ')

/** A web site on loopback; what it does not know is 404. `hits` counts requests by path. */
export async function startSite(pageOf: (path: string) => SiteReply) {
  const hits = new Map<string, number>()
  const receiver = await startReceiver(({ path }) => {
    hits.set(path, (hits.get(path) ?? 0) + 1)
    const known = pageOf(path)
    if (typeof known === 'string')
      return { headers: { 'content-type': 'text/html; charset=utf-8' }, body: known }
    return known ?? { status: 404, body: 'Not found' }
  })
  return {
    hits,
    receiver,
    origin: `http://127.0.0.1:${receiver.port}`,
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  }
}
