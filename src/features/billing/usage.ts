import { and, eq, sql } from 'drizzle-orm'
import { type Clock, MINUTE, startOfUtcMonth, toIso } from '../../core/clock'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { MailService } from '../mails/service'
import type { Outbox } from '../webhooks/outbox'
import type { LimitName } from './plans'
import { usageCounters, usageNotices } from './table'

export type UsageDeps = {
  db: Database
  clock: Clock
  outbox: Pick<Outbox, 'enqueue'>
  mails: Pick<MailService, 'enqueue'>
  workspaces: {
    findLive(id: string): { name: string } | undefined
    /** Who owns a workspace. */
    ownersOf(id: string): { email: string; name: string }[]
  }
  publicUrl: () => string
  nextTurn: () => Promise<void>
}

/** Limits whose use is counted here, by the month. */
export type MonthlyLimit = Extract<LimitName, `${string}Monthly`>

/** Limits whose reaching is told. */
const TOLD = {
  links: 'links',
  clicks: 'clicks this month',
  submissionsMonthly: 'submissions this month',
  answersMonthly: 'tracked answers this month',
} as const satisfies Partial<Record<LimitName, string>>

type ToldLimit = keyof typeof TOLD

const isTelling = (limit: LimitName): limit is ToldLimit => limit in TOLD

/** What happens when a limit is reached, so that people need not find out by a refusal. */
const CONSEQUENCE: Readonly<Record<ToldLimit, string>> = {
  links: 'No more links can be made; those there are go on working.',
  clicks:
    'Links go on redirecting and clicks are still counted; detailed analytics of what goes beyond are withheld, not deleted.',
  submissionsMonthly: 'No more submissions are made until the next month.',
  answersMonthly: 'No more answers are tracked until the next month.',
}

const PAGE = 500

type Reached = {
  workspaceId: string
  limit: ToldLimit
  used: number
  allowed: number
  /** First millisecond of the UTC calendar month. */
  period: number
}

/** Clicks are stored a little after they happen: a month is looked at to its end. */
const STORED_WITHIN_MS = 5 * MINUTE
type Clicked = {
  no: number
  id: string
  clicks: number | null
  allowed: number | null
  isTold: 0 | 1
}

/** How much of the monthly limits is used, and word of limits that are reached. */
export function createUsage(deps: UsageDeps) {
  const { db, clock, outbox, mails, workspaces, publicUrl, nextTurn } = deps

  /** Live workspaces in the order of their numbers, with the clicks of a month and their limit. */
  const clicksOf = db.sqlite.query<Clicked, [number, number, number, number]>(
    `SELECT w.no, w.id, m.clicks, p.limits ->> '$.clicks' AS allowed,
       EXISTS (SELECT 1 FROM usage_notices n WHERE n.workspace_id = w.id
         AND n.limit_name = 'clicks' AND n.period = ? AND n.allowed = p.limits ->> '$.clicks'
       ) AS isTold
     FROM workspaces w
     JOIN subscriptions s ON s.billing_group_id = w.billing_group_id
     JOIN plans p ON p.key = s.plan_key
     LEFT JOIN workspace_months m ON m.workspace_no = w.no AND m.month = ?
     WHERE w.no > ? AND w.deleted_at IS NULL ORDER BY w.no LIMIT ?`,
  )

  function mailOwners(tx: Tx, { workspaceId, limit, used, allowed }: Reached): void {
    const name = workspaces.findLive(workspaceId)?.name ?? ''
    for (const owner of workspaces.ownersOf(workspaceId)) {
      const text = [
        `Hello ${owner.name},`,
        `the workspace "${name}" has reached a limit of its plan: ${used} of ${allowed} ${TOLD[limit]}. ${CONSEQUENCE[limit]}`,
        `More is in the larger plans: ${publicUrl()}/billing`,
        '— Linkstead',
      ].join('\n\n')
      const subject = `${name} has reached its limit of ${TOLD[limit]}`
      mails.enqueue(tx, {
        to: owner.email,
        kind: 'usage.limit_reached',
        subject,
        text: `${text}\n`,
      })
    }
  }

  /** Tells once a month of a limit and its size, in the transaction that reached it. */
  function tell(tx: Tx, reached: Reached): void {
    const { workspaceId, limit, used, allowed, period } = reached
    const at = clock.now()
    const isFirst = tx
      .insert(usageNotices)
      .values({ workspaceId, limitName: limit, period, allowed, at })
      .onConflictDoNothing()
      .returning()
      .get()
    if (!isFirst) return
    const data = { limit, used, allowed, periodStart: toIso(period) }
    outbox.enqueue(tx, { type: 'usage.limit_reached', workspaceId, data })
    mailOwners(tx, reached)
  }

  function usedOf(tx: Tx, workspaceId: string, limit: MonthlyLimit): number {
    const { used } = usageCounters
    const period = startOfUtcMonth(clock.now())
    const own = and(
      eq(usageCounters.workspaceId, workspaceId),
      eq(usageCounters.limitName, limit),
      eq(usageCounters.period, period),
    )
    return tx.select({ used }).from(usageCounters).where(own).get()?.used ?? 0
  }

  return {
    /** Something was added that a limit counts: tells of it where there is no room for another. */
    noteAdded(tx: Tx, workspaceId: string, limit: LimitName, used: number, allowed: number): void {
      if (!isTelling(limit) || used < allowed) return
      tell(tx, { workspaceId, limit, used, allowed, period: startOfUtcMonth(clock.now()) })
    },

    /** What was used of a monthly limit in this UTC calendar month. */
    usedOf,
    readUsed: (workspaceId: string, limit: MonthlyLimit): number =>
      usedOf(db.read, workspaceId, limit),

    /** Counts `amount` of a monthly limit in the transaction that uses it. Returns the new total. */
    count(tx: Tx, workspaceId: string, limit: MonthlyLimit, amount: number): number {
      const period = startOfUtcMonth(clock.now())
      return tx
        .insert(usageCounters)
        .values({ workspaceId, limitName: limit, period, used: amount })
        .onConflictDoUpdate({
          target: [usageCounters.workspaceId, usageCounters.limitName, usageCounters.period],
          set: { used: sql`${usageCounters.used} + ${amount}` },
        })
        .returning()
        .get().used
    },

    /** Forgets what is kept of a workspace. */
    purgeWorkspace(workspaceId: string): void {
      db.write((tx) => {
        tx.delete(usageCounters).where(eq(usageCounters.workspaceId, workspaceId)).run()
        tx.delete(usageNotices).where(eq(usageNotices.workspaceId, workspaceId)).run()
      })
    },

    /** Clicks are counted by others, in batches: looks for workspaces that have used up theirs. */
    loop: {
      name: 'billing.usage',
      schedule: { everyMs: MINUTE },
      async run(signal: AbortSignal): Promise<void> {
        const period = startOfUtcMonth(clock.now() - STORED_WITHIN_MS)
        const date = new Date(period)
        const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
        for (let after = 0; !signal.aborted; await nextTurn()) {
          const page = clicksOf.all(period, month, after, PAGE)
          const full = page.flatMap(({ id, clicks, allowed, isTold }): Reached[] =>
            !isTold && allowed !== null && clicks !== null && clicks >= allowed
              ? [{ workspaceId: id, limit: 'clicks', used: clicks, allowed, period }]
              : [],
          )
          for (const one of full) db.write((tx) => tell(tx, one))
          const last = page.at(-1)
          if (!last) return
          after = last.no
        }
      },
    } satisfies Loop,
  }
}

export type Usage = ReturnType<typeof createUsage>
