/**
 * `zbarimg` (a decoder by others) against a running server: it reads the short URL from the PNG of
 * every combination of level, margin, size, colours and logo. BASE_URL, ADMIN_EMAIL and
 * ADMIN_PASSWORD name the server and an account without two factors.
 */
import { z } from 'zod'

const { BASE_URL = '', ADMIN_EMAIL: email = '', ADMIN_PASSWORD: password = '' } = process.env

async function post<T>(path: string, body: object, shape: z.ZodType<T>, token?: string) {
  const answer = await fetch(`${BASE_URL}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return shape.parse(JSON.parse(text))
}

const Token = z.object({ token: z.string() })
const Made = z.object({ data: z.object({ slug: z.string(), shortUrl: z.string() }) })

async function picture(slug: string, query: string): Promise<Uint8Array> {
  const answer = await fetch(`${BASE_URL}/${slug}/qr?format=png&${query}`)
  if (!answer.ok) throw new Error(`${query}: ${answer.status} ${await answer.text()}`)
  return new Uint8Array(await answer.arrayBuffer())
}

function zbarimg(png: Uint8Array): string {
  const child = Bun.spawnSync(
    ['zbarimg', '--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', '-'],
    {
      stdin: png,
    },
  )
  return child.stdout.toString().trim()
}

const { token } = await post('/api/auth/token', { email, password }, Token)
const payload = { ssid: 'Proof', encryption: 'nopass' }
const links = [
  await post('/api/v1/links', { url: 'https://example.com/qr' }, Made, token),
  await post('/api/v1/links', { kind: 'wifi', payload }, Made, token),
]
const wrong: string[] = []
let read = 0
for (const { data } of links) {
  const small = await new Bun.Image(await picture(data.slug, 'size=128'))
    .resize(48, 48)
    .png()
    .buffer()
  const logo = `&logo=${encodeURIComponent(`data:image/png;base64,${small.toString('base64')}`)}`
  for (const ecc of ['L', 'M', 'Q', 'H']) {
    for (const margin of [1, 4, 16]) {
      for (const size of [200, 512]) {
        for (const look of ['', '&fg=036&bg=fff3c4', '&fg=767676', logo]) {
          const query = `ecc=${ecc}&margin=${margin}&size=${size}${look}`
          const found = zbarimg(await picture(data.slug, query))
          if (found === data.shortUrl) read += 1
          else wrong.push(`${query.slice(0, 60)}: "${found}" instead of "${data.shortUrl}"`)
        }
      }
    }
  }
}
if (wrong.length > 0) throw new Error(`zbarimg failed ${wrong.length} times:\n${wrong.join('\n')}`)
console.log(`zbarimg reads ${read} QR codes, each with another look.`)
