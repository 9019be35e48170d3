import type { Database as Sqlite } from 'bun:sqlite'
import type { Config } from '../../config'
import { DAY, HOUR, MINUTE, systemClock, toIso } from '../../core/clock'
import { readBackupStatus } from '../../features/system/backups'
import { BACKLOG_SQL } from '../../features/webhooks/backlog'
import { askServer } from '../admin-client'
import { spoolWaiting } from '../spool-waiting'
import { type Finding, megabytes, ok, problem, span, warning } from './finding'

const SPOOL_BYTES_MUCH = 64 * 1024 * 1024
const STUCK_MS = 10 * MINUTE

/** What waits to be done, and whether somebody does it. */
export async function examineWork(sqlite: Sqlite, config: Config): Promise<Finding[]> {
  const server = await running(config.dataDir)
  return [
    ...server.findings,
    spool(sqlite, config.dataDir, server.runs),
    ...deliveries(sqlite, server.runs),
    mails(sqlite, config),
    ...backups(sqlite, config),
  ]
}

type LoopView = { name: string; lastError: string | null; overdue: boolean }
type StatusView = { version: string; pid: number; problems: string[]; loops: LoopView[] }

async function running(dataDir: string): Promise<{ runs: boolean; findings: Finding[] }> {
  let answer: unknown
  try {
    answer = await askServer(dataDir, { path: '/status', body: {}, timeoutMs: 5_000 })
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    const stuck = problem('server', says, 'Look into its log; restart it if it stays silent.')
    return { runs: true, findings: [stuck] }
  }
  if (answer === null)
    return { runs: false, findings: [ok('server', 'none runs on this directory')] }
  // The marked boundary: answered by our own operation.
  const { version, pid, problems, loops } = answer as StatusView
  const failing = loops.filter((loop) => loop.lastError !== null)
  return {
    runs: true,
    findings: [
      problems.length === 0
        ? ok('server', `version ${version} runs as process ${pid} and is ready`)
        : problem('server', `It is not ready: ${problems.join('; ')}.`, 'Its log says more.'),
      ...failing.map(({ name, lastError }) =>
        warning('loop', `${name} failed: ${lastError}`, 'It is tried again; its log says more.'),
      ),
    ],
  }
}

function spool(sqlite: Sqlite, dataDir: string, runs: boolean): Finding {
  const bytes = spoolWaiting(sqlite, dataDir)
  if (bytes === 0) return ok('clicks', 'all in the database')
  if (!runs) {
    const advice = 'Start the server: they are stored by themselves.'
    return warning('clicks', `${megabytes(bytes)} of answered clicks wait in the spool.`, advice)
  }
  if (bytes < SPOOL_BYTES_MUCH) return ok('clicks', `${megabytes(bytes)} on their way`)
  const advice = 'Under more visits than can be stored this is normal; else see the log.'
  return warning('clicks', `${megabytes(bytes)} wait in the spool.`, advice)
}

function deliveries(sqlite: Sqlite, runs: boolean): Finding[] {
  const count = (sql: string): number => sqlite.query<{ n: number }, []>(sql).get()?.n ?? 0
  const oldest = sqlite.query<{ dueAt: number | null }, []>(BACKLOG_SQL.oldestDue).get()?.dueAt
  const lateMs = systemClock.now() - (oldest ?? systemClock.now())
  const disabled = sqlite
    .query<{ url: string; reason: string }, []>(
      `SELECT url, disabled_reason AS reason FROM webhook_endpoints
       WHERE deleted_at IS NULL AND disabled_reason IN ('gone', 'failing')`,
    )
    .all()
  const dead = count(BACKLOG_SQL.dead)
  const says = `${count(BACKLOG_SQL.pending)} waiting, ${dead} given up`
  const late = warning(
    'webhooks',
    `The oldest delivery is ${span(lateMs)} late; ${says}.`,
    runs
      ? 'Its receiver answers slowly or not at all: GET /api/v1/webhooks/{id}/deliveries says why.'
      : 'Start the server: nothing is sent while none runs.',
  )
  return [
    lateMs > STUCK_MS ? late : ok('webhooks', says),
    ...disabled.map(({ url, reason }) =>
      warning(
        'webhooks',
        `${new URL(url).host} was switched off (${reason}).`,
        'Once the receiver works again: PATCH /api/v1/webhooks/{id} {"enabled":true}.',
      ),
    ),
  ]
}

function mails(sqlite: Sqlite, { smtpUrl }: Config): Finding {
  const row = sqlite
    .query<{ failed: number }, [number]>(
      "SELECT count(*) AS failed FROM mails WHERE state = 'failed' AND created_at > ?",
    )
    .get(systemClock.now() - 7 * DAY)
  const failed = row?.failed ?? 0
  if (smtpUrl === null) {
    const advice = 'Set SMTP_URL; until then a superadmin reads them at GET /api/v1/admin/mails.'
    return warning('mails', 'Mails are kept here and sent nowhere.', advice)
  }
  if (failed === 0) return ok('mails', 'none was given up in the last 7 days')
  const advice = 'GET /api/v1/admin/mails says why each.'
  return warning('mails', `${failed} were given up in the last 7 days.`, advice)
}

function backups(sqlite: Sqlite, config: Config): Finding[] {
  const { succeededAt, file, error, failedAt } = readBackupStatus(sqlite)
  if (config.backups === null) {
    const advice = 'Set BACKUP_DIR, or run "linkstead backup FILE" from a scheduler of your own.'
    return [warning('backups', 'None are scheduled.', advice)]
  }
  if (error !== null) {
    const says = `The one of ${toIso(failedAt ?? 0)} failed: ${error}`
    return [problem('backups', says, 'Mend that; the next one comes at its time.')]
  }
  if (succeededAt === null) {
    return [warning('backups', 'None was made yet.', 'The first comes at BACKUP_AT.')]
  }
  const ageMs = systemClock.now() - succeededAt
  if (ageMs > 2 * DAY + HOUR) {
    const advice = 'Is the server running at BACKUP_AT? It is in UTC.'
    return [warning('backups', `The newest is ${span(ageMs)} old.`, advice)]
  }
  return [ok('backups', `${file}, ${span(ageMs)} old`)]
}
