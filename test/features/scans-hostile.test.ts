import { expect, test } from 'bun:test'
import { startReceiver } from '../support/receiver'
import { createScannedApp } from '../support/scanned-app'
import { anchors, html, words } from '../support/site-server'

/** A server inside, which nobody outside may have asked for anything. */
test('no website leads a scan to an address that is not public, by whatever it says', async () => {
  await using inside = await startReceiver()
  const secret = `http://127.0.0.1:${inside.port}`
  const away = { status: 302, headers: { location: `${secret}/moved` } }
  const links = [
    '/moved',
    '/refresh',
    `${secret}/linked`,
    `http://[::ffff:127.0.0.1]:${inside.port}/`,
  ]
  await using world = await createScannedApp(
    (path) => {
      if (path === '/robots.txt')
        return {
          body: `Sitemap: ${secret}/map.xml\nSitemap: /sitemap.xml\nUser-agent: *\nAllow: /`,
        }
      if (path === '/sitemap.xml')
        return {
          body: `<urlset><url><loc>${secret}/listed</loc></url><url><loc>/own</loc></url></urlset>`,
        }
      if (path === '/refresh')
        return html(
          'Goes on',
          '',
          `<meta http-equiv="refresh" content="0; url=${secret}/refreshed">`,
        )
      if (path === '/moved') return away
      const head = `<link rel="canonical" href="${secret}/canonical">`
      return path === '/'
        ? html('The home', `${anchors(...links)} ${words('home')}`, head)
        : undefined
    },
    { env: { OUTBOUND_ALLOW: 'acme.example' } },
  )
  await world.scan()
  const { json } = await world.client.get(`${world.path}/scans/${world.scanRunId}`)
  expect(json.data).toMatchObject({ status: 'ready', startUrl: `${world.origin}/` })
  expect(world.hits.get('/moved')).toBe(1)
  expect(inside.received).toEqual([])
  const found = await world.client.get(`${world.path}/actions?group=findable`)
  const invalid = found.json.data.find(({ key }: { key: string }) => key === 'sitemap_invalid')
  expect(invalid.samples).toMatchObject([
    { url: `${secret}/map.xml`, evidence: 'forbidden_address' },
    { url: `${world.origin}/sitemap.xml` },
  ])
})

test('a page that is endless, packed to burst or broken off costs that page alone', async () => {
  const bomb = Bun.gzipSync(Buffer.alloc(40_000_000))
  await using world = await createScannedApp((path) => {
    if (path === '/')
      return html('The home', `${anchors('/bomb', '/long', '/lie', '/a')} ${words('h')}`)
    if (path === '/bomb')
      return {
        headers: { 'content-type': 'text/html', 'content-encoding': 'gzip' },
        body: Buffer.from(bomb),
      }
    if (path === '/long')
      return { headers: { 'content-type': 'text/html' }, body: Buffer.alloc(3_500_000, 'a') }
    if (path === '/lie')
      return {
        headers: { 'content-type': 'text/html', 'content-encoding': 'gzip' },
        body: 'no gzip',
      }
    return path === '/a' ? html('The page called A', `${anchors('/')} ${words('a')}`) : undefined
  })
  await world.scan()
  const { json } = await world.client.get(`${world.path}/pages`)
  const failures = json.data.map(({ url, failure }: { url: string; failure: string | null }) => [
    url.slice(world.origin.length),
    failure,
  ])
  expect(Object.fromEntries(failures)).toEqual({
    ...{
      '/': null,
      '/a': null,
      '/bomb': 'too_large',
      '/long': 'too_large',
      '/lie': 'bad_response',
    },
  })
})
