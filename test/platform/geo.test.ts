import { expect, test } from 'bun:test'
import { NOWHERE, openGeo } from '../../src/platform/geo'

test('the bundled database knows the country of public addresses of both families', () => {
  const geo = openGeo(null)
  expect(geo.placeOf('8.8.8.8')).toEqual({ country: 'US', region: '', city: '' })
  expect(geo.placeOf('2a00:1450:4001:80b::200e').country).toMatch(/^[A-Z]{2}$/)
})

test('private, empty and malformed addresses are nowhere and never throw', () => {
  const geo = openGeo(null)
  for (const address of ['10.0.0.1', '::1', '', 'unknown', '999.1.1.1']) {
    expect(geo.placeOf(address)).toEqual(NOWHERE)
  }
})

test("an operator's database that is not there is told at start", () => {
  expect(() => openGeo('/nowhere/GeoLite2-City.mmdb')).toThrow()
})
