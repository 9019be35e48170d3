/**
 * The examples for Caddy and nginx, run in front of a real server on loopback: a custom domain is
 * verified by real DNS questions, Caddy gets it a certificate because `tls-check` says so and none
 * for another name, its link is followed through both, with the visitor's own address, and an event
 * is heard through both at once.
 * Needs `caddy`, `nginx` and `openssl` in PATH. The names and ports of the examples are kept but
 * for what cannot be had on loopback: ports, certificates and their authority.
 */
import { Database } from 'bun:sqlite'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { createDnsServer } from '../support/dns-server'

const ROOT = join(import.meta.dir, '../..')
const MAIN = 'links.example.com'
const CUSTOM = 'go.example.com'
const STRANGER = 'stranger.example.com'
const EMAIL = 'admin@example.com'
const PASSWORD = 'correct horse battery'
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36'

const work = mkdtempSync(join(tmpdir(), 'linkstead-proxies-'))
const started: Bun.Subprocess[] = []

function expect(what: string, seen: unknown, wanted: unknown): void {
  if (Bun.deepEquals(seen, wanted)) return
  throw new Error(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}.`)
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

function start(command: string[], env: Record<string, string> = {}): Bun.Subprocess {
  const log = Bun.file(join(work, `${started.length}.log`))
  const child = Bun.spawn(command, { env: { ...process.env, ...env }, stdout: log, stderr: log })
  started.push(child)
  return child
}

async function stop(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGTERM')
  await child.exited
}

type Visit = { from?: string; headers?: Record<string, string> }
type Seen = { status: number; location: string | undefined; body: string }

/** What a browser does: TLS with the name, from an address of its own; a proxy's CA is no matter. */
const visit = (port: number, host: string, path: string, { from, headers }: Visit = {}) =>
  new Promise<Seen>((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port, path, servername: host, rejectUnauthorized: false },
        ...{ agent: false, timeout: 20_000, ...(from ? { localAddress: from } : {}) },
        headers: { host, 'user-agent': BROWSER, ...headers },
      },
      (answer) => {
        let body = ''
        answer.on('data', (chunk) => {
          body += String(chunk)
        })
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, body }),
        )
      },
    )
    asked.on('timeout', () => asked.destroy(new Error(`${host}${path}: no answer`)))
    asked.on('error', reject)
    asked.end()
  })

async function eventually(what: string, works: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await works().catch(() => false)) return
    await Bun.sleep(100)
  }
  throw new Error(`${what} did not come up. See the logs in ${work}.`)
}

async function serve(dnsServer: string) {
  const port = await freePort()
  const child = start([process.execPath, join(ROOT, 'src/main.ts'), 'serve'], {
    ...{ PORT: String(port), HOST: '127.0.0.1', DATA_DIR: join(work, 'data') },
    ...{ ADMIN_EMAIL: EMAIL, ADMIN_PASSWORD: PASSWORD, PUBLIC_URL: `https://${MAIN}` },
    ...{ TRUST_PROXY: '127.0.0.1', DNS_SERVERS: dnsServer },
  })
  const origin = `http://127.0.0.1:${port}`
  await eventually('Linkstead', async () => (await fetch(`${origin}/readyz`)).ok)
  let token = ''
  const post = async <T>(path: string, body: object, shape: z.ZodType<T>): Promise<T> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await fetch(`${origin}${path}`, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${text}`)
    return shape.parse(JSON.parse(text))
  }
  const SignedIn = z.object({ token: z.string() })
  token = (await post('/api/auth/token', { email: EMAIL, password: PASSWORD }, SignedIn)).token
  return { port, child, post, credential: `Bearer ${token}` }
}

const DomainAnswer = z.object({
  data: z.object({
    id: z.string(),
    status: z.string(),
    records: z.array(z.object({ type: z.string(), name: z.string(), value: z.string() })),
  }),
})

/** Adds the domain, sets in DNS what its records say, verifies it, and makes a link on it. */
async function makeLink(dns: Awaited<ReturnType<typeof createDnsServer>>, post: Post) {
  const { data } = await post('/api/v1/domains', { domain: CUSTOM }, DomainAnswer)
  for (const { type, name, value } of data.records) {
    dns.zone[name] = type === 'TXT' ? { TXT: [value] } : { CNAME: value }
  }
  const verified = await post(`/api/v1/domains/${data.id}/verify`, {}, DomainAnswer)
  expect('The domain after verify', verified.data.status, 'verified')
  const link = { url: 'https://example.com/landing', slug: 'promo', domain: CUSTOM }
  const made = await post(
    '/api/v1/links',
    link,
    z.object({ data: z.object({ shortUrl: z.string() }) }),
  )
  expect('Its short URL', made.data.shortUrl, `https://${CUSTOM}/promo`)
}
type Served = Awaited<ReturnType<typeof serve>>
type Post = Served['post']

/** What every proxy has to do. Each visitor has an address of their own, and may lie about it. */
async function follow(name: string, port: number, [one, two]: readonly [string, string]) {
  const promo = (visitor: Visit) => visit(port, CUSTOM, '/promo', visitor)
  const wanted = { status: 302, location: 'https://example.com/landing', body: '' }
  expect(`${name}: a link`, await promo({ from: one }), wanted)
  const forged = { 'x-forwarded-for': '8.8.8.8' }
  expect(`${name}: a forged address`, await promo({ from: one, headers: forged }), wanted)
  expect(`${name}: another visitor`, await promo({ from: two }), wanted)
  const statusOf = async (host: string, path: string) => (await visit(port, host, path)).status
  expect(`${name}: the API on it`, await statusOf(CUSTOM, '/api/v1/plans'), 404)
  expect(`${name}: the link on the main host`, await statusOf(MAIN, '/promo'), 404)
  expect(`${name}: the API on the main host`, await statusOf(MAIN, '/api/v1/plans'), 200)
  const check = `/internal/tls-check?domain=${CUSTOM}`
  expect(`${name}: tls-check from outside`, await statusOf(MAIN, check), 404)
  expect(`${name}: tls-check on a domain`, await statusOf(CUSTOM, check), 404)
}

/** No proxy may hold back what is told as it happens, though the answer never ends. */
async function hear(name: string, port: number, { post, credential }: Served): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const asked = request(
    {
      ...{ host: '127.0.0.1', port, path: '/api/v1/events/stream', servername: MAIN },
      ...{ rejectUnauthorized: false, agent: false, timeout: 20_000 },
      headers: { host: MAIN, authorization: credential, 'accept-encoding': 'gzip' },
    },
    (answer) => {
      let told = ''
      answer.on('data', (chunk) => {
        told += String(chunk)
        if (told.includes('event: link.created')) resolve('told')
        else if (told.includes('the events follow')) void happen().catch(reject)
      })
      answer.on('end', () => reject(new Error(`${name} ended the stream: ${told}`)))
    },
  )
  let begun = false
  async function happen(): Promise<void> {
    if (begun) return
    begun = true
    await post('/api/v1/links', { url: 'https://example.com/heard' }, z.object({}))
  }
  asked.on('timeout', () => asked.destroy(new Error(`${name} holds the stream back`)))
  asked.on('error', reject)
  asked.end()
  expect(`${name}: an event`, await promise, 'told')
  asked.destroy()
}

async function runCaddy(served: Served): Promise<void> {
  const [http, https] = [await freePort(), await freePort()]
  const options = [
    ...['local_certs', 'skip_install_trust', 'admin off'],
    ...[`http_port ${http}`, `https_port ${https}`, 'default_bind 127.0.0.1'],
    `storage file_system ${join(work, 'caddy')}`,
  ]
  const config = readFileSync(join(ROOT, 'examples/Caddyfile'), 'utf8')
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${served.port}`)
    .replace('\ton_demand_tls', `\t${options.join('\n\t')}\n\ton_demand_tls`)
  const path = join(work, 'Caddyfile')
  writeFileSync(path, config)
  const caddy = start(['caddy', 'run', '--adapter', 'caddyfile', '--config', path], {
    ...{ HOME: work, XDG_CONFIG_HOME: work, XDG_DATA_HOME: work },
  })
  await eventually('Caddy', async () => (await visit(https, MAIN, '/healthz')).status === 200)
  await follow('Caddy', https, ['127.0.0.11', '127.0.0.12'])
  await hear('Caddy', https, served)
  const refused = await visit(https, STRANGER, '/').then(
    ({ status }) => `answered ${status}`,
    () => 'no certificate',
  )
  expect('Caddy: a name that nobody verified', refused, 'no certificate')
  await stop(caddy)
}

async function runNginx(served: Served): Promise<void> {
  const https = await freePort()
  const folder = join(work, 'nginx')
  mkdirSync(folder)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', `/CN=${MAIN}`, '-addext', `subjectAltName=DNS:${MAIN},DNS:${CUSTOM}`]
  const files = ['-keyout', key, '-out', cert]
  const made = Bun.spawnSync([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-nodes', '-days', '2', ...subject, ...files],
  ])
  expect('openssl', made.exitCode, 0)
  const example = readFileSync(join(ROOT, 'examples/nginx.conf'), 'utf8')
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${served.port}`)
    .replaceAll('listen 443 ssl', `listen 127.0.0.1:${https} ssl`)
    // The stream has to ask for it itself, behind a proxy that nobody told of streams.
    .replaceAll('proxy_buffering off;', 'proxy_buffering on;')
    .replace(/ssl_certificate .*;/g, `ssl_certificate ${cert};`)
    .replace(/ssl_certificate_key .*;/g, `ssl_certificate_key ${key};`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n')
  const path = join(folder, 'nginx.conf')
  const outer = `daemon off; pid ${join(folder, 'pid')}; error_log stderr; events {}`
  writeFileSync(path, `${outer}\nhttp { access_log off; ${temporary}\n${example}\n}`)
  const nginx = start(['nginx', '-p', folder, '-e', join(folder, 'error.log'), '-c', path])
  await eventually('nginx', async () => (await visit(https, MAIN, '/healthz')).status === 200)
  await follow('nginx', https, ['127.0.0.21', '127.0.0.22'])
  await hear('nginx', https, served)
  await stop(nginx)
}

/** Each proxy brought two visitors, one of them twice: the flag marks the first visit of the day. */
function expectVisitors(): void {
  const db = new Database(join(work, 'data/linkstead.db'))
  const rows = db
    .query<{ clicks: number; visitors: number; firsts: number }, []>(
      `SELECT count(*) AS clicks, count(DISTINCT visitor) AS visitors, sum(firsts & 1) AS firsts
       FROM clicks`,
    )
    .get()
  db.close()
  expect('Clicks and visitors', rows, { clicks: 6, visitors: 4, firsts: 4 })
}

try {
  using dns = await createDnsServer({ [MAIN]: { A: ['127.0.0.1'] } })
  const served = await serve(dns.address)
  await makeLink(dns, served.post)
  await runCaddy(served)
  await runNginx(served)
  await stop(served.child)
  expectVisitors()
  console.log(
    'A link on a custom domain is followed through Caddy and nginx by its own visitors, and events are heard.',
  )
} finally {
  for (const child of started) child.kill('SIGKILL')
  rmSync(work, { recursive: true, force: true })
}
