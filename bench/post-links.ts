/**
 * Creates links over HTTP as fast as so many connections allow, each with one request in flight.
 * Arguments: origin, key, links, connections, name of the run. Prints one JSON line.
 */
const [origin = '', key = '', links = '0', connections = '0', run = ''] = process.argv.slice(2)

const total = Number(links)
const latencies: number[] = []
let sent = 0

async function post(): Promise<void> {
  while (sent < total) {
    const index = sent++
    const startedAt = performance.now()
    const answer = await fetch(`${origin}/api/v1/links`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        url: `https://example.com/page/${index}?a=1`,
        slug: `b${run}-${index}`,
        title: `Page ${index}`,
      }),
    })
    await answer.arrayBuffer()
    if (answer.status !== 201) throw new Error(`POST /links answered ${answer.status}.`)
    latencies.push(performance.now() - startedAt)
  }
}

const startedAt = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, post))
const seconds = (performance.now() - startedAt) / 1000
const sorted = latencies.toSorted((a, b) => a - b)
const percentile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
console.log(
  JSON.stringify({ perSecond: total / seconds, p50Ms: percentile(0.5), p99Ms: percentile(0.99) }),
)

export {}
