import { readFileSync } from 'node:fs'
import bundledPath from '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb' with {
  type: 'file',
}
import { Reader } from 'mmdb-lib'
import { OperatorError } from '../core/errors'
import { remembered } from '../core/remembered'

/** ISO 3166 codes and an English name; empty where the database does not know. */
export type Place = {
  /** ISO 3166-1 alpha-2. */
  country: string
  /** ISO 3166-2 code within the country. */
  region: string
  city: string
}

export const NOWHERE: Place = Object.freeze({ country: '', region: '', city: '' })

export type Geo = {
  /** Where an address is registered. Never throws; {@link NOWHERE} for private and odd ones. */
  placeOf(address: string): Place
}

const CACHE_SIZE_MAX = 10_000

/** Both layouts in use: the bundled flat one and that of GeoIP2/GeoLite2 City. */
type Entry = {
  country_code?: string
  country?: { iso_code?: string }
  subdivisions?: { iso_code?: string }[]
  city?: { names?: { en?: string } }
}

/**
 * Country lookups in the bundled CC0 database, or in the operator's MMDB at `path`. Read at the
 * first lookup of a bundled one; an operator's file is read at once, so that a wrong path or a
 * damaged file is told at start. Throws {@link OperatorError} then.
 */
export function openGeo(path: string | null): Geo {
  let reader = path === null ? undefined : openReader(path)

  function lookup(address: string): Place {
    try {
      reader ??= openReader(bundledPath)
      return toPlace(reader.get(address))
    } catch {
      return NOWHERE
    }
  }

  return {
    placeOf: remembered(CACHE_SIZE_MAX, lookup),
  }
}

function openReader(path: string): Reader<never> {
  try {
    return new Reader<never>(readFileSync(path))
  } catch (cause) {
    throw new OperatorError(`GEOIP_DB: ${path} is not a readable MMDB file.`, { cause })
  }
}

function toPlace(found: unknown): Place {
  if (found === null || typeof found !== 'object') return NOWHERE
  // The marked boundary: a file of a known format whose members are all optional.
  const entry = found as Entry
  const country = entry.country_code ?? entry.country?.iso_code ?? ''
  return {
    country: /^[A-Z]{2}$/.test(country) ? country : '',
    region: entry.subdivisions?.[0]?.iso_code ?? '',
    city: entry.city?.names?.en ?? '',
  }
}
