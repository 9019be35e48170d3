import { readFileSync } from 'node:fs'
import bundledPath from '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb' with {
  type: 'file',
}
import { Reader } from 'mmdb-lib'
import { remembered } from '../core/remembered'
import type { Logger } from './logger'

/** ISO 3166 codes and an English name; empty where the database does not know. */
export type Place = {
  /** ISO 3166-1 alpha-2. */
  country: string
  /** ISO 3166-2 with the country, as codes are given twice: US-CA and IT-CA. */
  region: string
  city: string
}

export const NOWHERE: Place = Object.freeze({ country: '', region: '', city: '' })

export type Geo = {
  /** Where an address is registered. Never throws; {@link NOWHERE} for private and odd ones. */
  placeOf(address: string): Place
}

const CACHE_SIZE_MAX = 10_000

/** Layouts in use: that of GeoIP2 and its like (DB-IP knows regions by name), and a flat one. */
type Entry = {
  country_code?: string
  country?: { iso_code?: string }
  state1?: string
  subdivisions?: { iso_code?: string; names?: { en?: string } }[]
  city?: string | { names?: { en?: string } }
}

/**
 * Country lookups in the bundled CC0 database, or in the operator's MMDB at `path`. The bundled one
 * is read at the first lookup. An operator's file is read at once, so that a wrong path or a damaged
 * file is told at start; the bundled one then stands in, for links must go on working.
 */
export function openGeo(path: string | null, logger?: Pick<Logger, 'error' | 'info'>): Geo {
  let reader = path === null ? undefined : openOwn(path, logger)

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

const openReader = (path: string): Reader<never> => new Reader<never>(readFileSync(path))

/** Addresses of both families far apart: a damaged file fails to look them up. */
const PROBES = ['1.1.1.1', '198.51.100.1', '2001:4860:4860::8888']

function openOwn(path: string, logger?: Pick<Logger, 'error' | 'info'>) {
  try {
    const reader = openReader(path)
    for (const address of reader.metadata.ipVersion === 4 ? PROBES.slice(0, 2) : PROBES) {
      reader.get(address)
    }
    const { databaseType, buildEpoch } = reader.metadata
    logger?.info(`GEOIP_DB: places come from ${databaseType} of ${buildEpoch.toISOString()}.`)
    return reader
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    logger?.error(
      `GEOIP_DB: ${path} is not a readable MMDB file (${reason}). Links work, but until a good file is there and the server starts again, clicks get countries only, of the bundled database.`,
    )
    return undefined
  }
}

function toPlace(found: unknown): Place {
  if (found === null || typeof found !== 'object') return NOWHERE
  // The marked boundary: a file of a known format whose members are all optional.
  const entry = found as Entry
  const country = entry.country_code ?? entry.country?.iso_code ?? ''
  const { iso_code: code, names } = entry.subdivisions?.[0] ?? {}
  const region = code ?? names?.en ?? entry.state1 ?? ''
  return {
    country: /^[A-Z]{2}$/.test(country) ? country : '',
    region: region === '' ? '' : `${country}-${region}`,
    city: (typeof entry.city === 'string' ? entry.city : entry.city?.names?.en) ?? '',
  }
}
