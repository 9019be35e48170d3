import { describe, expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { clientOf, createDomainWorld, SERVER, verified } from '../support/domain-world'

const PATHS = ['/client.js', '/api/v1/track/client.js']
/** Contract §3. */
const GZIP_BYTES_MAX = 4096

describe.each(PATHS)('GET %s', (path) => {
  test('is a small script for any page, which a browser keeps', async () => {
    await using app = await createTestApp()
    const { status, headers, text } = await app.as().get(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(headers.get('cache-control')).toStartWith('public, max-age=3600')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(Bun.gzipSync(text).length).toBeLessThan(GZIP_BYTES_MAX)
    expect(text).not.toContain('\n//')
    expect(text).not.toContain('__HOME__')
  })

  test('is 304 for the ETag that it came with, whole for any other', async () => {
    await using app = await createTestApp()
    const first = await app.as().get(path)
    const etag = first.headers.get('etag') ?? ''
    for (const held of [etag, `"other", ${etag}`, '*']) {
      const again = await app.as().get(path, { 'if-none-match': held })
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag])
    }
    const changed = await app.as().get(path, { 'if-none-match': 'W/"other"' })
    expect([changed.status, changed.text]).toEqual([200, first.text])
  })

  test('is compressed for those who can read that', async () => {
    await using app = await createTestApp()
    app.runtime.listen()
    const url = `http://127.0.0.1:${app.runtime.services.publicUrl().split(':').at(-1)}${path}`
    const plain = await app.as().get(path)
    const packed = await fetch(url, { decompress: false, headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')).toBe('Accept-Encoding')
    const bytes = new Uint8Array(await packed.arrayBuffer())
    expect(bytes.length).toBeLessThan(GZIP_BYTES_MAX)
    expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(plain.text)
  })

  test('speaks from a custom domain to the main host, which has the API', async () => {
    await using world = await createDomainWorld()
    await verified(world, await clientOf(world.app), 'go.client.example')
    const onDomain = await world.visit(`http://go.client.example${path}`)
    const onMain = await world.visit(`http://${SERVER.host}${path}`)
    expect([onDomain.status, onMain.status]).toEqual([200, 200])
    expect(onDomain.headers.get('etag')).not.toBe(onMain.headers.get('etag'))
    expect(await onDomain.text()).toContain(`"${SERVER.url}"`)
    expect(await onMain.text()).not.toContain(SERVER.url)
  })

  test('answers HEAD and refuses other methods', async () => {
    await using app = await createTestApp()
    const head = await app.as().send('HEAD', path)
    expect([head.status, head.text]).toEqual([200, ''])
    expect((await app.as().post(path, {})).status).toBe(405)
  })
})
