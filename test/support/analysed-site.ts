import { png } from './pictures'

const page = (body: string, head = ''): Response =>
  new Response(
    `<!doctype html><html lang="en"><head><title>Fixture</title><meta name=viewport content="width=device-width, initial-scale=1">${head}<style>body { margin: 8px; font: 16px sans-serif }</style></head><body>${body}</body></html>`,
    { headers: { 'content-type': 'text/html; charset=utf-8' } },
  )

const picture = (): Response =>
  new Response(new Uint8Array(png(40, 30)), { headers: { 'content-type': 'image/png' } })

/** A page of which every measure is known: see `analysis.test.ts`. */
const known = (): Response =>
  page(
    `<h1>Heading</h1><p>Black text</p><p style="color: #777">Pale text</p>
     <p style="font-size: 12px">Small</p>
     <div style="background: linear-gradient(red, blue)">On a picture</div>
     <button style="font-size: 16px; padding: 10px 20px; border: 0; background: #00f; color: #fff">Buy</button>
     <a href="/x" style="display: inline-block; width: 20px; height: 20px">x</a>
     <p>Read the <a href="/terms">terms</a> now.</p>
     <p style="display: none; color: #fff">Hidden</p><p style="visibility: hidden">Unseen</p>
     <img src="/ok.png" alt=""><img src="/broken.png" alt="">
     <div style="height: 7000px"></div>`,
    '<link rel=icon href="/icon.png"><meta property="og:image" content="/moved.png">',
  )

const pages: Record<string, () => Response> = {
  '/': known,
  '/wide': () => page('<div style="width: 780px; height: 10px"></div>'),
  '/long': () => page('<p>Text <a href="/x">x</a></p>'.repeat(5_000)),
  '/heavy': () => page('<p>Text</p><img src="/heavy.png" alt="">'),
  '/heavy.png': () =>
    new Response(Buffer.concat([png(40, 30), Buffer.alloc(80 * 1024 * 1024)]), {
      headers: { 'content-type': 'image/png' },
    }),
  '/ok.png': picture,
  '/moved.png': () => Response.redirect('/ok.png'),
  '/cookies': () =>
    page(
      '<p>Text</p><div style="position: fixed; bottom: 0">We use cookies. <button>Fine</button></div>',
    ),
  '/wall': () =>
    new Response('<title>Just a moment...</title>', {
      ...{ status: 403, headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' } },
    }),
  '/gone': () =>
    new Response('<h1>Gone</h1>', { status: 410, headers: { 'content-type': 'text/html' } }),
  '/data': () => Response.json({ a: 1 }),
  '/inside': () => Response.redirect('http://10.0.0.1/'),
}

/** A web site on loopback to be looked at. */
export function startAnalysedSite() {
  const server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1' },
    fetch: ({ url }) => pages[new URL(url).pathname]?.() ?? new Response('no', { status: 404 }),
  })
  return {
    origin: `http://shop.example:${server.port}`,
    [Symbol.dispose]: () => void server.stop(true),
  }
}
