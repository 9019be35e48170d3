import type { HistogramState } from '../../core/histogram'
import type { RouteTraffic } from '../../http/traffic'
import type { Database, DatabaseStatus } from '../../platform/database'
import type { DiskStatus } from '../../platform/disk-guard'
import type { ClickService } from '../clicks/service'
import type { MailBacklog } from '../mails/service'
import type { DeliveryBacklog, WebhookService } from '../webhooks/service'
import type { BackupStatus } from './backups'
import { type Gauge, histogramGauges, type Probe } from './service'

export type ProbesDeps = {
  db: Pick<Database, 'status'>
  clicks: Pick<ClickService, 'status'>
  webhooks: Pick<WebhookService, 'backlog'>
  mails: () => MailBacklog
  disk: () => DiskStatus
  backups: () => BackupStatus
  eventLoop: () => { lag: HistogramState; worstSeconds: number }
  traffic: () => RouteTraffic[]
}

/** What the parts of the product say of themselves when they are asked. */
export const createProbes = (deps: ProbesDeps): (() => Probe)[] => [
  () => databaseProbe(deps.db.status()),
  () => clicksProbe(deps.clicks.status()),
  () => webhooksProbe(deps.webhooks.backlog()),
  () => mailsProbe(deps.mails()),
  () => diskProbe(deps.disk()),
  () => backupsProbe(deps.backups()),
  () => eventLoopProbe(deps.eventLoop()),
  () => ({ gauges: deps.traffic().flatMap(routeGauges) }),
]

/** The write-ahead log and the lock. */
const databaseProbe = ({ walSizeBytes, sizeBytes, busyErrors }: DatabaseStatus): Probe => ({
  gauges: [
    { name: 'linkstead_wal_bytes', help: 'Size of the write-ahead log', value: walSizeBytes },
    { name: 'linkstead_database_bytes', help: 'Size of the database file', value: sizeBytes },
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
    ...(['stored', 'refused'] as const).map(
      (result): Gauge => ({
        name: 'linkstead_redirects_total',
        help: 'Visits answered: their click stored, or refused with 503 because it could not be',
        value: status.visits[result],
        type: 'counter',
        labels: { result },
      }),
    ),
    ...histogramGauges(
      'linkstead_redirect_seconds',
      'From the first visit of a turn until its visits are stored and answered',
      status.visits.seconds,
    ),
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
    ...(['pending', 'sending', 'dead'] as const).map((status) => ({
      name: 'linkstead_deliveries',
      help: 'Webhook deliveries by status, counted up to 10000',
      value: backlog[status],
      labels: { status },
    })),
  ],
})

const mailsProbe = ({ lagMs, pending, failed }: MailBacklog): Probe => ({
  gauges: [
    {
      name: 'linkstead_mail_lag_seconds',
      help: 'Age of the oldest mail that is due and not sent',
      value: lagMs / 1000,
    },
    ...Object.entries({ pending, failed }).map(([status, value]) => ({
      name: 'linkstead_mails',
      help: 'Mails by status, counted up to 10000',
      ...{ value, labels: { status } },
    })),
  ],
})

const diskProbe = ({ freeBytes, ballastBytes, isFull }: DiskStatus): Probe => ({
  problem: isFull ? 'disk: full, only reads and redirects are answered. Free some space.' : null,
  gauges: [
    { name: 'linkstead_disk_free_bytes', help: 'Free where the database lies', value: freeBytes },
    { name: 'linkstead_ballast_bytes', help: 'Set aside for a full disk', value: ballastBytes },
    { name: 'linkstead_read_only', help: '1 while the disk is full', value: isFull ? 1 : 0 },
  ],
})

/** Nothing of it makes the server unready: it serves without backups as well. */
function backupsProbe(status: BackupStatus): Probe {
  if (!status.planned) return { gauges: [] }
  return {
    gauges: [
      {
        name: 'linkstead_backup_succeeded_timestamp_seconds',
        help: 'When the newest scheduled backup was made; 0 before the first',
        value: (status.succeededAt ?? 0) / 1000,
      },
      {
        name: 'linkstead_backup_failing',
        help: '1 when the last scheduled backup failed',
        value: status.error === null ? 0 : 1,
      },
      {
        name: 'linkstead_backup_bytes',
        help: 'Size of the newest scheduled backup',
        value: status.sizeBytes ?? 0,
      },
      {
        name: 'linkstead_backup_seconds',
        help: 'What the newest scheduled backup took',
        value: (status.tookMs ?? 0) / 1000,
      },
    ],
  }
}

const eventLoopProbe = ({ lag, worstSeconds }: ReturnType<ProbesDeps['eventLoop']>): Probe => ({
  gauges: [
    {
      name: 'linkstead_event_loop_worst_seconds',
      help: 'Longest that the main thread was late in the last 15 to 30 seconds',
      value: worstSeconds,
    },
    ...histogramGauges(
      'linkstead_event_loop_lag_seconds',
      'How late the main thread is, looked at ten times a second',
      lag,
    ),
  ],
})

function routeGauges({ route, codes, seconds }: RouteTraffic): Gauge[] {
  const counted = Object.entries(codes).map(
    ([code, value]): Gauge => ({
      name: 'linkstead_http_requests_total',
      help: 'Requests answered, redirects apart, by class of route and status',
      ...{ value, type: 'counter', labels: { route, code } },
    }),
  )
  const name = 'linkstead_http_request_seconds'
  const help = 'Time to an answer, redirects apart, by class of route'
  return [...counted, ...histogramGauges(name, help, seconds, { route })]
}
