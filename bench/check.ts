/**
 * The public check of 25 pages on hosts of their own, each answering after 200 ms, beside the check
 * of one of them; the page that they link to answers at once. The server is a process of its own, and
 * so is the web.
 */
import { join } from 'node:path'
import { createDnsServer } from '../test/support/dns-server'
import { benchDirectory, median, prepare, startServer } from './server'
import type { Table } from './table'

const PAGES = 25
const DELAY_MS = 200
const ROUNDS = 12

/** Loopback addresses are hosts of their own, and need no names. */
const hostOf = (round: number, page: number): string => `127.0.${round + 1}.${page + 1}`

async function startWeb() {
  const child = Bun.spawn(['bun', join(import.meta.dir, 'check-web.ts'), String(DELAY_MS)], {
    stdout: 'pipe',
  })
  for await (const chunk of child.stdout) {
    return { child, port: Number(new TextDecoder().decode(chunk)) }
  }
  throw new Error('The web did not start.')
}

async function timeCheck(url: string, urls: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const answer = await fetch(`${url}/api/v1/directories/check-backlinks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ domain: 'example.com', urls }),
  })
  const { results = [] } = (await answer.json()) as { results?: { targetStatus: number }[] }
  const tookMs = performance.now() - startedAt
  const seen = results.filter(({ targetStatus }) => targetStatus === 200).length
  if (seen !== urls.length) {
    throw new Error(`Of ${urls.length} pages ${seen} were found with their link and its target.`)
  }
  return tookMs
}

export async function bench(rounds = ROUNDS): Promise<Table> {
  using directory = benchDirectory()
  await prepare(directory.path)
  const web = await startWeb()
  using dns = await createDnsServer({ 'example.com': { A: ['127.0.0.2'] } })
  const env = { OUTBOUND_ALLOW: '127.0.0.0/8', DNS_SERVERS: dns.address }
  const server = await startServer(directory.path, undefined, env)
  const pagesOf = (round: number): string[] =>
    Array.from({ length: PAGES }, (_, page) => `http://${hostOf(round, page)}:${web.port}/listing`)
  const one: number[] = []
  const all: number[] = []
  try {
    // The first call of a server loads what it needs.
    await timeCheck(server.url, pagesOf(200).slice(0, 1))
    for (let round = 0; round < rounds; round++) {
      one.push(await timeCheck(server.url, pagesOf(100 + round).slice(0, 1)))
      all.push(await timeCheck(server.url, pagesOf(round)))
    }
  } finally {
    server.child.kill('SIGTERM')
    web.child.kill('SIGTERM')
    await Promise.all([server.child.exited, web.child.exited])
  }
  const times = (values: readonly number[]): string[] =>
    [median(values), Math.min(...values), Math.max(...values)].map((ms) => `${ms.toFixed(0)} ms`)
  return {
    headings: ['check', 'median', 'fastest', 'slowest'],
    rows: [
      ['one page', ...times(one)],
      [`${PAGES} pages`, ...times(all)],
    ],
    verdict: `reach: ≤ 1.5 × one page; here ${(median(all) / median(one)).toFixed(2)} ×.`,
  }
}
