import { lookup, Resolver } from 'node:dns/promises'

/** Longest time that one name may take to resolve. */
export const DNS_TIMEOUT_MS = 5_000

/** All addresses of a host name; rejects when there is none. */
export type Resolve = (host: string) => Promise<string[]>

// What a resolver says when the name certainly has no address (RFC 1035 RCODE 3, RFC 2308 NODATA).
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME', 'EAI_NONAME', 'EAI_NODATA'])

/** A name without an answer: `missing` when DNS says so, `unavailable` when it did not say. */
export class DnsError extends Error {
  override readonly name = 'DnsError'
  readonly verdict: 'missing' | 'unavailable'

  constructor(verdict: 'missing' | 'unavailable', cause?: unknown) {
    super(
      verdict === 'missing'
        ? 'The host name does not resolve.'
        : 'The host name could not be looked up in time.',
      { cause },
    )
    this.verdict = verdict
  }
}

function toDnsError(error: unknown): DnsError {
  if (error instanceof DnsError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new DnsError(NO_SUCH_NAME.has(code) ? 'missing' : 'unavailable', error)
}

function withBudget<T>(work: Promise<T>, budgetMs: number, giveUp?: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp?.()
      reject(new DnsError('unavailable'))
    }, budgetMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function askSystem(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map((answer) => answer.address)
}

async function askServers(resolver: Resolver, host: string): Promise<string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses
  const failures = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [toDnsError(answer.reason)] : [],
  )
  throw failures.find((failure) => failure.verdict === 'unavailable') ?? failures[0]
}

/** How {@link createResolve} asks: `servers` are `ip` or `ip:port`, `ask` replaces them in tests. */
export type ResolveOptions = {
  servers?: readonly string[] | undefined
  ask?: Resolve | undefined
  timeoutMs?: number | undefined
}

/**
 * Resolves names through the system, or only through `servers` when there are any; then A and AAAA
 * are asked and `localhost` is loopback without a question (RFC 6761 §6.3). Nothing is cached, so
 * that every vetting sees the answer of its own moment. The result rejects with {@link DnsError},
 * at the latest after `timeoutMs`. Throws at once for a server that is not an address.
 */
export function createResolve(options: ResolveOptions = {}): Resolve {
  const { servers = [], timeoutMs = DNS_TIMEOUT_MS } = options
  if (servers.length > 0) new Resolver().setServers(servers)
  const askOnce = (host: string): Promise<string[]> => {
    if (options.ask !== undefined) return withBudget(options.ask(host), timeoutMs)
    if (servers.length === 0) return withBudget(askSystem(host), timeoutMs)
    if (host === 'localhost' || host.endsWith('.localhost')) {
      return Promise.resolve(['127.0.0.1', '::1'])
    }
    const resolver = new Resolver()
    resolver.setServers(servers)
    return withBudget(askServers(resolver, host), timeoutMs, () => resolver.cancel())
  }
  return async (host) => {
    try {
      const addresses = await askOnce(host)
      if (addresses.length === 0) throw new DnsError('missing')
      return addresses
    } catch (error) {
      throw toDnsError(error)
    }
  }
}

/**
 * The records of one type that a name has: none when DNS says that there are none (`missing`), and
 * none when it did not say (`unavailable`: a failing, silent or unreachable server).
 */
export type DnsAnswer = { verdict: 'found' | 'missing' | 'unavailable'; values: string[] }

/** What DNS says of a name, record by record. Never rejects. */
export type DnsRecords = {
  /** The texts of its TXT records, each joined from its strings. */
  txt(name: string): Promise<DnsAnswer>
  /** The name that it is an alias of, in lower case and without a trailing dot. */
  cname(name: string): Promise<DnsAnswer>
  /** Its IPv4 addresses, through aliases. */
  a(name: string): Promise<DnsAnswer>
  /** Its IPv6 addresses, through aliases. */
  aaaa(name: string): Promise<DnsAnswer>
}

/**
 * Asks for records of the system's servers, or only of `servers` when there are any. Nothing is
 * cached; each question ends at the latest after `timeoutMs`.
 */
export function createDnsRecords(options: Omit<ResolveOptions, 'ask'> = {}): DnsRecords {
  const { servers = [], timeoutMs = DNS_TIMEOUT_MS } = options
  async function ask(question: (resolver: Resolver) => Promise<string[]>): Promise<DnsAnswer> {
    const resolver = new Resolver()
    try {
      if (servers.length > 0) resolver.setServers(servers)
      const values = await withBudget(question(resolver), timeoutMs, () => resolver.cancel())
      return { verdict: values.length > 0 ? 'found' : 'missing', values }
    } catch (error) {
      return { verdict: toDnsError(error).verdict, values: [] }
    }
  }
  return {
    txt: (name) =>
      ask(async (resolver) => (await resolver.resolveTxt(name)).map((strings) => strings.join(''))),
    cname: (name) =>
      ask(async (resolver) =>
        (await resolver.resolveCname(name)).map((target) =>
          target.toLowerCase().replace(/\.$/, ''),
        ),
      ),
    a: (name) => ask((resolver) => resolver.resolve4(name)),
    aaaa: (name) => ask((resolver) => resolver.resolve6(name)),
  }
}
