import { expect, test } from 'bun:test'
import { HOUR } from '../../src/core/clock'
import { binsOf, INTERVALS, periodOf } from '../../src/core/period'
import { parseTimeZone } from '../../src/core/time-zone'

const at = (iso: string): number => Date.parse(iso)
const iso = (ms: number | undefined): string => new Date(ms ?? 0).toISOString()

test('a local day has 23, 24 or 25 hours, also where clocks change at midnight', () => {
  const lengths = (zone: string, ...dates: string[]) =>
    dates.map((date) => {
      const { startOfDay } = parseTimeZone(zone)
      const noon = at(`${date}T12:00:00Z`)
      return (startOfDay(noon, 1) - startOfDay(noon)) / HOUR
    })
  expect(lengths('Europe/Berlin', '2026-03-29', '2026-03-30', '2026-10-25')).toEqual([23, 24, 25])
  expect(lengths('Africa/Cairo', '2026-04-24')).toEqual([23])
  expect(lengths('Australia/Lord_Howe', '2026-04-05')).toEqual([24.5])
  expect(iso(parseTimeZone('Africa/Cairo').startOfDate(2026, 4, 24))).toBe(
    '2026-04-23T22:00:00.000Z',
  )
})

test('a zone east by 5:45 begins its days at a quarter past', () => {
  const zone = parseTimeZone('Asia/Kathmandu')
  expect(iso(zone.startOfDate(2026, 3, 10))).toBe('2026-03-09T18:15:00.000Z')
  expect(zone.toLocalIso(at('2026-03-09T18:15:00Z'))).toBe('2026-03-10T00:00:00+05:45')
})

test('only IANA names are zones', () => {
  for (const name of ['Mars/Olympus', '+05:45', '', 'UTC; DROP']) {
    expect(() => parseTimeZone(name)).toThrow('IANA')
  }
})

test('intervals begin with local days, months, quarters and years', () => {
  const zone = parseTimeZone('America/New_York')
  const now = at('2026-05-18T02:07:00Z')
  const starts = INTERVALS.map((name) => {
    const { span, previous } = periodOf(name, now, zone)
    return [name, span && iso(span.startMs), previous && iso(previous.startMs)]
  })
  expect(starts).toEqual([
    ['24h', '2026-05-17T03:00:00.000Z', '2026-05-16T03:00:00.000Z'],
    ['7d', '2026-05-11T04:00:00.000Z', '2026-05-04T04:00:00.000Z'],
    ['30d', '2026-04-18T04:00:00.000Z', '2026-03-19T04:00:00.000Z'],
    ['90d', '2026-02-17T05:00:00.000Z', '2025-11-19T05:00:00.000Z'],
    ['1y', '2025-05-18T04:00:00.000Z', '2024-05-18T04:00:00.000Z'],
    ['mtd', '2026-05-01T04:00:00.000Z', '2026-04-01T04:00:00.000Z'],
    ['qtd', '2026-04-01T04:00:00.000Z', '2026-01-01T05:00:00.000Z'],
    ['ytd', '2026-01-01T05:00:00.000Z', '2025-01-01T05:00:00.000Z'],
    ['all', null, null],
  ])
})

test('bins adjoin each other and cover their span whole', () => {
  for (const name of ['UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Cairo']) {
    const zone = parseTimeZone(name)
    const span = { startMs: at('2026-03-31T23:07:11Z'), endMs: at('2026-05-02T01:02:03Z') }
    for (const grain of ['hour', 'day', 'month'] as const) {
      const bins = binsOf(span, grain, zone)
      expect([bins[0]?.startMs, bins.at(-1)?.endMs]).toEqual([span.startMs, span.endMs])
      for (const [index, bin] of bins.slice(1).entries()) {
        expect(bin.startMs).toBe(bins[index]?.endMs ?? 0)
      }
    }
  }
})
