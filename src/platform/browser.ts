import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrowserError } from './browser-error'
import { type BrowserPage, openBrowserPage } from './browser-page'
import { createProtocolPipe } from './browser-pipe'
import { findBrowser, killGroup, memoryExceeded, startBrowserProcess } from './browser-process'
import type { ProxyLimits, VettingProxy } from './internet-proxy'
import type { Logger } from './logger'
import { pause } from './loops'

const PROXY_LIMITS: ProxyLimits = { connectionsMax: 64, bytesMax: 64 * 1024 * 1024 }
/** From start to answer of the browser itself. */
const START_MS = 15_000

/** How tests start theirs; nothing of it can be configured. */
export type BrowserOverrides = {
  executable?: string
  env?: Readonly<Record<string, string>>
  flags?: readonly string[]
}

export type BrowserDeps = {
  /** `CHROME_PATH`; null looks where Chromium is usually installed. */
  chromePath: string | null
  /** Holds what a browser writes while it runs, and nothing else. */
  directory: string
  openProxy: (limits: ProxyLimits) => Promise<VettingProxy>
  logger: Logger
  overrides?: BrowserOverrides | undefined
}

export type Browser = {
  /** Whether there is one to start. */
  isInstalled(): boolean
  /**
   * One page in a fresh, sandboxed Chromium that reaches the net only through a vetting proxy of
   * its own. One at a time: later calls wait. Whatever happens, Chromium, all its processes and its
   * files are gone when this settles. Rejects with `BrowserError`.
   */
  visit<T>(work: (page: BrowserPage) => Promise<T>, limits: VisitLimits): Promise<T>
  /** Ends and removes what a run that was killed has left. */
  sweep(): void
}

export type VisitLimits = { timeoutMs: number; signal: AbortSignal }

/** The first failure wins over work that would go on. */
function failing(
  reasons: readonly Promise<BrowserError>[],
  { timeoutMs, signal }: VisitLimits,
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const reason of reasons) void reason.then(reject)
  void pause(timeoutMs).then(() => reject(new BrowserError('timeout')))
  signal.addEventListener('abort', () => reject(new BrowserError('aborted')), { once: true })
  promise.catch(() => undefined)
  return promise
}

/** The one browser of this server. */
export function createBrowser(deps: BrowserDeps): Browser {
  const { chromePath, directory, openProxy, logger, overrides = {} } = deps
  let before: Promise<unknown> = Promise.resolve()
  mkdirSync(directory, { recursive: true, mode: 0o700 })

  async function run<T>(work: (page: BrowserPage) => Promise<T>, limits: VisitLimits): Promise<T> {
    if (limits.signal.aborted) throw new BrowserError('aborted')
    const executable = findBrowser(overrides.executable ?? chromePath)
    if (executable === null) throw new BrowserError('no_browser')
    const home = join(directory, randomBytes(8).toString('hex'))
    mkdirSync(home, { mode: 0o700 })
    await using proxy = await openProxy(PROXY_LIMITS)
    const { env = {}, flags = [] } = overrides
    const chromium = startBrowserProcess({ executable, home, proxyPort: proxy.port, env, flags })
    const stopping = new AbortController()
    try {
      writeFileSync(join(home, 'pid'), String(chromium.pid), { mode: 0o600 })
      const pipe = createProtocolPipe(chromium.input, chromium.output)
      const tooMuch = memoryExceeded(chromium.pid, stopping.signal)
      const failure = failing([chromium.ended, tooMuch], limits)
      const starting = failing([], { ...limits, timeoutMs: START_MS })
      // A pipe that closes says less than the process that ended: that has the word.
      const orEnd = <R>(promise: Promise<R>): Promise<R> =>
        promise.catch(async (error: unknown) => {
          const isEnd = error instanceof BrowserError && error.reason === 'ended'
          throw isEnd ? await chromium.ended : error
        })
      const opening = orEnd(openBrowserPage(pipe, proxy))
      const page = await Promise.race([opening, failure, starting])
      return await Promise.race([orEnd(work(page)), failure])
    } catch (error) {
      if (error instanceof BrowserError) logger.info('browser failed', { reason: error.reason })
      throw error
    } finally {
      stopping.abort()
      await chromium.kill()
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    }
  }

  return {
    isInstalled: () => findBrowser(overrides.executable ?? chromePath) !== null,

    visit(work, limits) {
      const turn = before.then(() => run(work, limits))
      before = turn.catch(() => undefined)
      return turn
    },

    sweep() {
      for (const name of readdirSync(directory)) {
        const home = join(directory, name)
        endLeftOver(home)
        rmSync(home, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
}

/** Ends a browser that outlived its server, if the process of that number still is that browser. */
function endLeftOver(home: string): void {
  try {
    const pid = Number(readFileSync(join(home, 'pid'), 'utf8'))
    if (Number.isInteger(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(home)) {
      killGroup(pid)
    }
  } catch {
    // No such process, or none that can be looked at: nothing to end.
  }
}
