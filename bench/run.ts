/**
 * `bun run bench [name …] [size]`: runs the benchmarks named, or all, and prints their tables. A
 * size is for those that can do with less.
 */
import { cpus, totalmem } from 'node:os'
import type { Table } from './table'

const BENCHES: Record<string, () => Promise<{ bench: (size?: number) => Promise<Table> }>> = {
  check: () => import('./check'),
  analytics: () => import('./analytics'),
  clicks: () => import('./clicks'),
  delete: () => import('./delete'),
  detect: () => import('./detect'),
  export: () => import('./export'),
  redirect: () => import('./redirect'),
  scan: () => import('./scan'),
  links: () => import('./links'),
  outbox: () => import('./outbox'),
  start: () => import('./start'),
}

const given = process.argv.slice(2)
const isSize = (text: string): boolean => /^\d+$/.test(text)
const asked = given.filter((text) => !isSize(text))
const size = given.find(isSize)
const unknown = asked.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(
    `No benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`,
  )
  process.exit(1)
}

const [cpu] = cpus()
console.log(
  `Bun ${Bun.version}, ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB`,
)
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  const load = BENCHES[name]
  if (load === undefined) continue
  const { bench } = await load()
  const { headings, rows, verdict } = await (size === undefined ? bench() : bench(Number(size)))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  console.log(`\n## ${name}\n`)
  console.log(line(headings))
  console.log(line(widths.map((width) => '-'.repeat(width))))
  for (const row of rows) console.log(line(row))
  console.log(`\n${verdict}`)
}
