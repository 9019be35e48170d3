import type { Database, DatabaseStatus } from '../../platform/database'
import type { ClickService } from '../clicks/service'
import type { DeliveryBacklog, WebhookService } from '../webhooks/service'
import type { Probe } from './service'

export type ProbesDeps = {
  db: Pick<Database, 'status'>
  clicks: Pick<ClickService, 'status'>
  webhooks: Pick<WebhookService, 'backlog'>
}

/** What the parts of the product say of themselves when they are asked. */
export const createProbes = ({ db, clicks, webhooks }: ProbesDeps): (() => Probe)[] => [
  () => databaseProbe(db.status()),
  () => clicksProbe(clicks.status()),
  () => webhooksProbe(webhooks.backlog()),
]

/** The write-ahead log and the lock. */
const databaseProbe = ({ walSizeBytes, busyErrors }: DatabaseStatus): Probe => ({
  gauges: [
    { name: 'linkstead_wal_bytes', help: 'Size of the write-ahead log', value: walSizeBytes },
    {
      name: 'linkstead_database_busy_errors_total',
      help: 'Writes refused because the lock was held too long',
      value: busyErrors,
      type: 'counter',
    },
  ],
})

/** What waits in the spool, and whether a Worker stores it. */
const clicksProbe = (status: ReturnType<ClickService['status']>): Probe => ({
  problem: status.isUp ? null : 'clicks: wait in the spool, the Worker is not running',
  gauges: [
    {
      name: 'linkstead_click_spool_bytes',
      help: 'Clicks answered and not yet in the database',
      value: status.backlogBytes,
    },
    {
      name: 'linkstead_clicks_expanded_total',
      help: 'Clicks stored in the database since the start',
      value: status.expanded,
      type: 'counter',
    },
    {
      name: 'linkstead_click_worker_restarts_total',
      help: 'Click Workers that failed and were replaced',
      value: status.restarts,
      type: 'counter',
    },
  ],
})

/** How far deliveries are behind. */
const webhooksProbe = (backlog: DeliveryBacklog): Probe => ({
  gauges: [
    {
      name: 'linkstead_outbox_lag_seconds',
      help: 'Age of the oldest delivery that is due and not sent',
      value: backlog.lagMs / 1000,
    },
    ...(['pending', 'dead'] as const).map((status) => ({
      name: 'linkstead_deliveries',
      help: 'Webhook deliveries by status, counted up to 10000',
      value: backlog[status],
      labels: { status },
    })),
  ],
})
