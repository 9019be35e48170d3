import { expect, test } from 'bun:test'
import { createTestApp } from './support/app'

/** Sends bytes on a socket of their own and answers what came back until it was closed. */
async function exchange(port: number, head: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let answer = ''
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data: (_, bytes) => {
        answer += bytes.toString('latin1')
      },
      close: () => resolve(),
    },
  })
  socket.write(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  await promise
  return answer
}

test('whatever Host a request names or lacks, it is answered and never fails', async () => {
  await using app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1' } })
  const key = app.seed.owner().key()
  await app.as(key).post('/api/v1/links', { url: 'https://example.com', slug: 'promo' })
  const port = Number(new URL(app.runtime.listen().url).port)
  const statusOf = async (...head: string[]) => Number((await exchange(port, head)).split(' ')[1])

  expect(await statusOf('GET /healthz HTTP/1.0')).toBe(200)
  expect(await statusOf('GET /promo HTTP/1.0')).toBe(302)
  expect(await statusOf('GET /other/promo HTTP/1.0')).toBe(404)
  expect(await statusOf('GET /healthz HTTP/1.1', 'Host: ')).toBe(400)
  for (const host of ['[', 'a/b', 'a?b', 'a:99999999', 'a b', 'a#b', '\\']) {
    for (const path of ['/promo', '/api/v1/links', '/other/promo', '/']) {
      expect(await statusOf(`GET ${path} HTTP/1.1`, `Host: ${host}`)).toBeLessThan(500)
    }
  }
  const refusal = await exchange(port, [
    'GET /api/v1/links HTTP/1.1',
    'Host: [',
    `Authorization: Bearer ${key}`,
  ])
  expect(refusal).toStartWith('HTTP/1.1 400')
  expect(refusal).toContain('"code":"validation_failed"')
})

test('a redirect that the database cannot answer is a 500 in the envelope, and the next one works', async () => {
  await using app = await createTestApp()
  const key = app.seed.owner().key()
  await app.as(key).post('/api/v1/links', { url: 'https://example.com', slug: 'promo' })
  const { hotLinks } = app.services
  const { find } = hotLinks
  hotLinks.find = () => {
    throw new Error('disk I/O error')
  }
  const failed = await app.as().get('/promo')
  hotLinks.find = find
  expect([failed.status, failed.json.code]).toEqual([500, 'internal'])
  expect(failed.text).not.toContain('disk')
  expect((await app.as().get('/promo')).status).toBe(302)
})
