import type { Clock } from '../../core/clock'
import type { HistogramState } from '../../core/histogram'
import type { Database } from '../../platform/database'
import type { LoopRunner, LoopStatus } from '../../platform/loops'

export type SystemDeps = {
  db: Database
  clock: Clock
  loops: Pick<LoopRunner, 'status'>
  /** What each part of the product says of itself. */
  probes: readonly (() => Probe)[]
  version: string
  startedAt: number
}

export type Probe = {
  gauges: readonly Gauge[]
  /** Why the server is not ready; null when this part is. */
  problem?: string | null
}

/** One line of `/metrics`. */
export type Gauge = {
  name: string
  help: string
  value: number
  type?: 'gauge' | 'counter' | 'histogram'
  /** Part of a histogram, behind its name. */
  suffix?: '_bucket' | '_sum' | '_count'
  labels?: Record<string, string>
}

/** The lines of a histogram of seconds. */
export function histogramGauges(
  name: string,
  help: string,
  { buckets, sum, count }: HistogramState,
  labels: Record<string, string> = {},
): Gauge[] {
  const line = { name, help, type: 'histogram' as const }
  return [
    ...buckets.map(
      (bucket): Gauge => ({
        ...{ ...line, suffix: '_bucket', value: bucket.count },
        labels: { ...labels, le: String(bucket.le) },
      }),
    ),
    { ...line, suffix: '_bucket', value: count, labels: { ...labels, le: '+Inf' } },
    { ...line, suffix: '_sum', value: sum, labels },
    { ...line, suffix: '_count', value: count, labels },
  ]
}

export type SystemService = ReturnType<typeof createSystemService>

export function createSystemService(deps: SystemDeps) {
  const { db, clock, loops, probes, version, startedAt } = deps

  /** An empty IMMEDIATE transaction: the lock and the file are ours to write. */
  function databaseProblem(): string | undefined {
    try {
      db.write(() => undefined)
      return undefined
    } catch (error) {
      return `database: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  const loopGauges = (loop: LoopStatus): Gauge[] => {
    const line = (name: string, help: string, value: number, type: Gauge['type'] = 'gauge') => ({
      ...{ name: `linkstead_loop_${name}`, help, value, type, labels: { loop: loop.name } },
    })
    const ageMs = clock.now() - (loop.lastFinishedAt ?? startedAt)
    return [
      line('runs_total', 'Runs of a background loop', loop.runs, 'counter'),
      line('errors_total', 'Failed runs of a background loop', loop.errors, 'counter'),
      line(
        'age_seconds',
        'Since the last run ended, or since the start',
        Math.max(0, ageMs) / 1000,
      ),
      line('failing', '1 when the last run failed', loop.lastError === null ? 0 : 1),
      line('overdue', '1 when it is late or takes too long', loop.overdue ? 1 : 0),
    ]
  }

  return {
    /** Whether the database can be written, every part works and every loop keeps its time. */
    readiness(): { ready: boolean; problems: string[] } {
      const problem = databaseProblem()
      const stuck = loops.status().filter((loop) => loop.overdue)
      const problems = [
        ...(problem ? [problem] : []),
        ...probes.flatMap((probe) => probe().problem ?? []),
        ...stuck.map((loop) => `loop ${loop.name}: overdue`),
      ]
      return { ready: problems.length === 0, problems }
    },

    /** The state of the process as Prometheus text (exposition format 0.0.4). */
    metrics(): string {
      const { rss, heapUsed } = process.memoryUsage()
      const own: Gauge[] = [
        { name: 'linkstead_info', help: 'Version', value: 1, labels: { version } },
        {
          name: 'linkstead_uptime_seconds',
          help: 'Seconds since the start',
          value: Math.floor((clock.now() - startedAt) / 1000),
        },
        { name: 'process_resident_memory_bytes', help: 'Resident memory', value: rss },
        { name: 'linkstead_heap_bytes', help: 'JavaScript heap in use', value: heapUsed },
        ...loops.status().flatMap(loopGauges),
      ]
      return toText([...own, ...probes.flatMap((probe) => probe().gauges)])
    },
  }
}

function toText(gauges: readonly Gauge[]): string {
  const seen = new Set<string>()
  const lines: string[] = []
  const byName = gauges.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (const { name, help, value, type = 'gauge', suffix = '', labels = {} } of byName) {
    if (!seen.has(name)) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    seen.add(name)
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    lines.push(`${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`)
  }
  return `${lines.join('\n')}\n`
}

export type { BackupStatus } from './backups'
