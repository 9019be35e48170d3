import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { NOWHERE, openGeo } from '../../src/platform/geo'
import { mmdbOf } from '../support/mmdb'
import { temporaryDirectory } from '../support/temporary-directory'

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

test('places are read from every layout in use, and a city needs no region', () => {
  using directory = temporaryDirectory()
  const path = directory.file('cities.mmdb')
  const named = { country: { iso_code: 'DE' }, subdivisions: [{ names: { en: 'Bavaria' } }] }
  const flat = { country_code: 'IT', state1: 'Sardinia', city: 'Cagliari' }
  const networks = { '1.0.0.0/24': named, '1.0.1.0/24': flat, '1.0.2.0/24': { city: 'Atlantis' } }
  writeFileSync(path, mmdbOf(networks))
  const { placeOf } = openGeo(path)
  expect(placeOf('1.0.0.9')).toEqual({ country: 'DE', region: 'DE-Bavaria', city: '' })
  expect(placeOf('1.0.1.9')).toEqual({ country: 'IT', region: 'IT-Sardinia', city: 'Cagliari' })
  expect(placeOf('1.0.2.9')).toEqual({ country: '', region: '', city: 'Atlantis' })
  expect(placeOf('1.0.3.9')).toEqual(NOWHERE)
})
