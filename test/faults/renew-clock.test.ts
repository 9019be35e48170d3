import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY, HOUR } from '../../src/core/clock'
import { createTestApp } from '../support/app'
import { ledgerOf, moneyEvents } from '../support/billing-world'

/** Hours that pass, and a clock that is set three days forth or back between them. */
const moves = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 * 24 }).map((hours) => hours * HOUR) },
    { weight: 1, arbitrary: fc.constantFrom(3 * DAY, -3 * DAY) },
  ),
  { minLength: 4, maxLength: 16 },
)

const count = (events: { type: string }[], type: string): number =>
  events.filter((event) => event.type === type).length

test('a clock set three days forth and back begins no period twice and leaves none out', async () => {
  await fc.assert(
    fc.asyncProperty(moves, fc.boolean(), async (steps, pays) => {
      await using app = await createTestApp()
      app.clock.set('2027-01-31T10:00:00.000Z')
      const { workspaceId } = await app.seed.tenant({ plan: 'core' })
      const { billing, schedule, db } = app.services
      let latest = app.clock.now()
      for (const step of steps) {
        app.clock.advance(step)
        latest = Math.max(latest, app.clock.now())
        const callers = Array.from({ length: 5 }, () => schedule.run('renew', 'request'))
        await Promise.all(callers)
        for (const { id } of pays ? billing.collecting.listInvoices({ limit: 100 }) : []) {
          billing.collecting.pay({ kind: 'system', id: null, name: 'test' }, id, null)
        }
      }
      const row = billing.subscriptionOf(workspaceId)
      const periods = db.sqlite
        .query<{ startAt: number; endAt: number }, [string]>(
          `SELECT start_at AS startAt, end_at AS endAt FROM subscription_periods
           WHERE subscription_id = ? ORDER BY start_at`,
        )
        .all(row?.id ?? '')
      const events = moneyEvents(app, workspaceId)
      // Begun are the periods up to the latest hour that the clock ever showed, one after another.
      let end = Date.parse('2027-02-28T10:00:00.000Z')
      for (const period of periods) {
        expect(period.startAt).toBe(end)
        end = period.endAt
      }
      expect(end).toBe(row?.currentPeriodEnd ?? 0)
      expect(end).toBeGreaterThan(latest)
      expect(periods.at(-1)?.startAt ?? 0).toBeLessThanOrEqual(latest)
      expect(count(events, 'subscription.created')).toBe(periods.length)
      const ledger = ledgerOf(app)
      expect(ledger.map(([number]) => number)).toEqual(ledger.map((_, index) => index + 1))
      if (pays) {
        expect(ledger.map(([, status]) => status)).toEqual(periods.map(() => 'paid'))
        expect(events).toHaveLength(periods.length)
      } else {
        const withdrawn = count(events, 'subscription.canceled')
        expect(withdrawn).toBe(row?.planKey === 'free' ? 1 : 0)
        expect(count(events, 'subscription.past_due')).toBeLessThanOrEqual(1)
        expect(count(events, 'subscription.past_due')).toBeGreaterThanOrEqual(withdrawn)
      }
    }),
    { numRuns: 25 },
  )
}, 120_000)
