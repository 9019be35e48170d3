import { expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import { CHECKS } from '../../src/features/scans/checks/catalogue'
import { testCertificate } from '../support/certificate'
import { createScanWorld } from '../support/scan-world'
import { page, site } from '../support/scanned-site'
import { anchors, html, words } from '../support/site-server'
import { temporaryDirectory } from '../support/temporary-directory'

const ENDS_AT = Date.parse('2126-10-27T19:51:38Z')

test('a certificate that ends in less than 21 days is found, and a scan that sees a longer one closes that', async () => {
  using directory = temporaryDirectory()
  using server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', tls: testCertificate },
    fetch: ({ url }) =>
      new URL(url).pathname === '/'
        ? new Response(html('The home', anchors('/') + words('w')), {
            headers: { 'content-type': 'text/html' },
          })
        : new Response('', { status: 404 }),
  })
  let now = ENDS_AT - 20 * DAY - 1
  using world = createScanWorld({
    path: directory.file('scan.db'),
    origin: `https://hooks.example.com:${server.port}`,
    clock: { now: () => now },
  })
  const scan = async () => {
    const { no } = world.begin()
    await world.run()
    expect(world.latest()).toMatchObject({ no, status: 'ready' })
    return world
      .findings(no)
      .filter(({ check }) => check === 'certificate_ending')
      .map(({ evidence, isCarried }) => [evidence, isCarried])
  }
  expect(await scan()).toEqual([['20 days left', false]])
  now = ENDS_AT - 21 * DAY
  expect(await scan()).toEqual([])
})

test('short certificates are late when less than a third of their time is left', () => {
  const left = (daysLeft: number, days: number) =>
    CHECKS.certificate_ending.find(site([page('/')], { certificate: { daysLeft, days } })).length
  expect([left(21, 398), left(20, 398)]).toEqual([0, 1])
  expect([left(15, 45), left(14, 45)]).toEqual([0, 1])
  expect([left(2, 6), left(1, 6)]).toEqual([0, 1])
})
