/** Unix times below this are seconds: as milliseconds they would lie in the spring of 1973. */
const SECONDS_MAX = 100_000_000_000
const DATE = /^\d{4}-\d\d-\d\d$/
/** `2024-05-01 10:00:00.123 +0200`, with any part after the minutes left out; without zone UTC. */
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?([.,]\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?$/i

/**
 * A time as exports write it: Unix seconds or milliseconds, ISO 8601, or a date and time of SQL,
 * which is read as UTC. Undefined for what can be read in two ways, such as 03/04/2024.
 */
export function readTime(value: unknown): number | undefined {
  if (typeof value === 'number') return fromUnix(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^\d{9,13}$/.test(text)) return fromUnix(Number(text))
  if (DATE.test(text)) return known(Date.parse(text))
  const [, date, time, seconds = ':00', fraction = '', zone = 'Z'] = DATE_TIME.exec(text) ?? []
  if (date === undefined) return undefined
  const millis = `${fraction.slice(1)}000`.slice(0, 3)
  return known(Date.parse(`${date}T${time}${seconds}.${millis}${isoZone(zone)}`))
}

function fromUnix(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined
  return known(Math.round(value < SECONDS_MAX ? value * 1000 : value))
}

function isoZone(zone: string): string {
  if (/^(z|utc)$/i.test(zone)) return 'Z'
  const digits = zone.replace(':', '').padEnd(5, '0')
  return `${digits.slice(0, 3)}:${digits.slice(3)}`
}

/** Within the years that ISO 8601 writes with four digits. */
const known = (at: number): number | undefined =>
  at > 0 && at < 253_402_300_800_000 ? at : undefined
