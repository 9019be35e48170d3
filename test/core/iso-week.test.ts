import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { HOUR } from '../../src/core/clock'
import { isoWeekAt, mondayAfter, weekBefore } from '../../src/core/iso-week'
import { parseTimeZone } from '../../src/core/time-zone'

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']
const at = (iso: string): number => Date.parse(iso)
const utc = parseTimeZone('UTC')

test('the first and last days of years belong to the weeks that ISO 8601 says', () => {
  const names = [
    ...['2008-12-29', '2010-01-03', '2010-01-04', '2021-01-03', '2024-12-30'],
    ...['2026-01-01', '2026-12-31', '2027-01-03', '2027-01-04'],
  ].map((date) => isoWeekAt(at(`${date}T12:00:00Z`), utc).name)
  expect(names).toEqual([
    ...['2009-W01', '2009-W53', '2010-W01', '2020-W53', '2025-W01'],
    ...['2026-W01', '2026-W53', '2026-W53', '2027-W01'],
  ])
})

test('a week in which clocks change has an hour less or more, and Monday 08:00 is on the wall', () => {
  const zone = parseTimeZone('Europe/Berlin')
  const spring = isoWeekAt(at('2026-03-29T12:00:00Z'), zone)
  expect((spring.endMs - spring.startMs) / HOUR).toBe(167)
  expect(mondayAfter(spring, 8, zone)).toBe(at('2026-03-30T06:00:00Z'))
  const autumn = isoWeekAt(at('2026-10-25T12:00:00Z'), zone)
  expect((autumn.endMs - autumn.startMs) / HOUR).toBe(169)
  expect(mondayAfter(autumn, 8, zone)).toBe(at('2026-10-26T07:00:00Z'))
})

// Hours of the week around both changes of a zone, and Monday 08:00 after it.
test.each([
  ['America/New_York', '2026-03-08T12:00:00Z', 167, '2026-03-09T12:00:00Z'],
  ['America/New_York', '2026-11-01T12:00:00Z', 169, '2026-11-02T13:00:00Z'],
  ['Asia/Kathmandu', '2026-03-29T12:00:00Z', 168, '2026-03-30T02:15:00Z'],
  ['Australia/Lord_Howe', '2026-04-05T02:00:00Z', 168.5, '2026-04-05T21:30:00Z'],
  ['Australia/Lord_Howe', '2026-10-04T02:00:00Z', 167.5, '2026-10-04T21:00:00Z'],
  // That Monday began at 01:00.
  ['Asia/Tehran', '2021-03-18T12:00:00Z', 168, '2021-03-22T03:30:00Z'],
])('in %s around %s a week has %d hours and Monday 08:00 is %s', (name, moment, hours, due) => {
  const zone = parseTimeZone(name)
  const week = isoWeekAt(at(moment), zone)
  expect((week.endMs - week.startMs) / HOUR).toBe(hours)
  expect(mondayAfter(week, 8, zone)).toBe(at(due))
})

test('weeks adjoin, begin on Mondays at midnight and hold the time that they were asked for', () => {
  const time = fc.integer({ min: at('2000-01-10T00:00:00Z'), max: at('2099-01-01T00:00:00Z') })
  fc.assert(
    fc.property(time, fc.constantFrom(...ZONES), (atMs, name) => {
      const zone = parseTimeZone(name)
      const week = isoWeekAt(atMs, zone)
      expect(week.startMs <= atMs && atMs < week.endMs).toBe(true)
      const monday = zone.toLocalIso(week.startMs)
      expect(new Date(`${monday.slice(0, 10)}T00:00:00Z`).getUTCDay()).toBe(1)
      expect(monday.slice(11, 19)).toBe('00:00:00')
      const before = weekBefore(week, zone)
      expect(before.endMs).toBe(week.startMs)
      expect(before.name < week.name).toBe(true)
    }),
    { numRuns: 300 },
  )
})
