import { expect, test } from 'bun:test'
import { clientOf, createDomainWorld, SERVER, verified } from '../support/domain-world'
import { decode, rasterOf } from '../support/qr-reader'
import { made, WIFI } from '../support/typed-links'

const HOST = 'go.client.example'

test('a typed link on a custom domain has page, preview and code there, and nowhere else', async () => {
  await using world = await createDomainWorld()
  const client = await clientOf(world.app)
  await verified(world, client, HOST)
  const { shortUrl } = await made(client, { ...WIFI, slug: 'wifi', domain: HOST })
  expect(shortUrl).toBe(`https://${HOST}/l/wifi`)
  const way = await world.visit(`http://${HOST}/wifi`)
  expect([way.status, way.headers.get('location')]).toEqual([302, '/l/wifi'])
  for (const path of ['l/wifi', 'l/page.js', 'wifi+', 'wifi/qr']) {
    expect([path, (await world.visit(`http://${HOST}/${path}`)).status]).toEqual([path, 200])
  }
  const code = await (await world.visit(`http://${HOST}/wifi/qr`)).text()
  expect(decode(await rasterOf(code))).toBe(shortUrl)
  for (const path of ['l/wifi', 'wifi', 'wifi+', 'wifi/qr']) {
    expect((await world.visit(`http://${SERVER.host}/${path}`)).status).toBe(404)
  }
})
