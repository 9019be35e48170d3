/** Runs before every test file: one zone, no outside world, no silent complaints. */

process.env.TZ = 'UTC'
// @sparticuz/chromium unpacks its own system libraries only where it believes to be on Lambda.
process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs22.x'
for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) {
  delete process.env[name]
  delete process.env[name.toLowerCase()]
}

const LOOPBACK = /^(localhost|[^.]+\.localhost|127(\.\d+){3}|\[::1\])$/
const realFetch = globalThis.fetch

const loopbackFetch = async (
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> => {
  const url = new URL(input instanceof Request ? input.url : input)
  if (!/^https?:$/.test(url.protocol) || !LOOPBACK.test(url.hostname)) {
    throw new Error(`Tests reach loopback only, not ${url.href}.`)
  }
  return realFetch(input, init)
}
globalThis.fetch = Object.assign(loopbackFetch, { preconnect: realFetch.preconnect })

console.error = (...complaint: unknown[]): never => {
  throw new Error(`console.error in a test: ${complaint.map(String).join(' ')}`)
}
