import type { Clock } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { LoopRunner } from '../../platform/loops'

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
  type?: 'gauge' | 'counter'
  labels?: Record<string, string>
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
        ...loops.status().flatMap((loop): Gauge[] => [
          {
            name: 'linkstead_loop_runs_total',
            help: 'Runs of a background loop',
            value: loop.runs,
            type: 'counter',
            labels: { loop: loop.name },
          },
          {
            name: 'linkstead_loop_errors_total',
            help: 'Failed runs of a background loop',
            value: loop.errors,
            type: 'counter',
            labels: { loop: loop.name },
          },
        ]),
      ]
      return toText([...own, ...probes.flatMap((probe) => probe().gauges)])
    },
  }
}

function toText(gauges: readonly Gauge[]): string {
  const seen = new Set<string>()
  const lines: string[] = []
  const byName = gauges.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (const { name, help, value, type = 'gauge', labels = {} } of byName) {
    if (!seen.has(name)) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    seen.add(name)
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`)
  }
  return `${lines.join('\n')}\n`
}
