/**
 * A scan of a site of 2 000 pages on loopback, without the pause that websites get, beside a bare
 * loop that fetches as many pages two at a time and does nothing with them. The site is a process
 * of its own.
 */
import { join } from 'node:path'
import type { ScanRun } from './scan-run'
import { benchDirectory, measure } from './server'
import type { Table } from './table'

const PAGES = 2_000

async function startSite(pages: number) {
  const child = Bun.spawn(['bun', join(import.meta.dir, 'scan-site.ts'), String(pages)], {
    stdout: 'pipe',
  })
  for await (const chunk of child.stdout) {
    return { child, port: Number(new TextDecoder().decode(chunk)) }
  }
  throw new Error('The site did not start.')
}

export async function bench(pages = PAGES): Promise<Table> {
  using directory = benchDirectory()
  const site = await startSite(pages)
  try {
    const origin = `http://127.0.0.1:${site.port}`
    const run = await measure<ScanRun>('scan-run.ts', directory.path, origin, pages)
    if (run.pages !== pages) throw new Error(`${run.pages} of ${pages} pages were read.`)
    const ratio = run.scanPerSecond / run.barePerSecond
    const memory = [run.rssBeforeMb, run.rssHalfMb, run.rssMaxMb].map((mb) => mb.toFixed(0))
    return {
      headings: ['of a site', 'pages/s'],
      rows: [
        ['bare loop, two at a time', run.barePerSecond.toFixed(0)],
        ['scan, every page stored and judged', run.scanPerSecond.toFixed(0)],
      ],
      verdict: `reach: ≥ 300 pages/s; here ${run.scanPerSecond.toFixed(0)} (${ratio.toFixed(3)} × bare), longest turn ${run.longestTurnMs.toFixed(0)} ms, memory ${memory.join(' → ')} MB (before, half way, most of two scans).`,
    }
  } finally {
    site.child.kill('SIGTERM')
    await site.child.exited
  }
}
