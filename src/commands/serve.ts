import { compose, type Runtime } from '../compose'
import { readConfig } from '../config'
import { SECOND, systemClock } from '../core/clock'
import type { Logger } from '../platform/logger'
import { pause } from '../platform/loops'

/** Time for requests and deliveries in flight before they are cut, and for all of the stop. */
const STOP_MS = 15 * SECOND
const LAST_WORDS_MS = 50

/** Runs until `signal` asks to stop; then answers what is under way, stores it, and ends. */
export async function serve(signal: AbortSignal): Promise<number> {
  const startedAt = systemClock.now()
  const config = readConfig()
  const runtime = compose(config)
  try {
    const { health, logger } = runtime.services
    health.onFailure((failure, error) => {
      if (failure === 'broken') leaveAtOnce(logger, error)
    })
    // Who is ready must be able to sign in; a set-up link needs the port, known after listening.
    if (config.adminEmail !== null) await runtime.firstStart()
    const { url } = runtime.listen()
    runtime.start()
    const tookMs = systemClock.now() - startedAt
    welcome(runtime, { url, tookMs, setupUrl: await runtime.firstStart() })
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    logger.info('Stopping: finishing what is under way.')
  } finally {
    await runtime.stop(STOP_MS)
  }
  return 0
}

/** What memory holds and what the disk holds may differ now; the next start reads the disk anew. */
function leaveAtOnce(logger: Logger, error: unknown): void {
  logger.error('The disk failed to keep what was written. Ending, to start again from the disk.', {
    error,
  })
  // Until then the request that met it is answered 500.
  void pause(LAST_WORDS_MS).then(() => process.exit(1))
}

type FirstWords = { url: string; tookMs: number; setupUrl: string | null }

/** Where to go and how to sign in. */
function welcome({ services }: Runtime, { url, tookMs, setupUrl }: FirstWords): void {
  const { logger, version } = services
  const origin = services.publicUrl()
  if (!services.config.rateLimits) logger.warn('RATE_LIMITS=off: nobody is slowed down.')
  logger.info(`Linkstead ${version} is ready at ${origin}`, { listening: url, tookMs })
  // Nobody could ever sign in without the link of the first start.
  if (services.config.logLevel === 'silent' && setupUrl === null) return
  const lines = [
    `Linkstead ${version}`,
    `  Open        ${origin}`,
    `  API         ${origin}/docs`,
    setupUrl
      ? `  First start ${setupUrl}   (works once: choose the first account's password)`
      : `  Sign in     ${origin}/login`,
  ]
  console.log(lines.join('\n'))
}
