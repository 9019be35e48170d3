import chromium from '@sparticuz/chromium'
import { type BrowserOverrides, createBrowser } from '../../src/platform/browser'
import { createInternet } from '../../src/platform/internet'
import { createLogger } from '../../src/platform/logger'

/**
 * The Chromium of the tests. It runs without its sandbox, which many places where tests run do not
 * have; that it is refused without one has a test of its own.
 */
export async function testChromium(): Promise<BrowserOverrides> {
  const executable = await chromium.executablePath()
  // The package has put there where its libraries and fonts lie.
  const { LD_LIBRARY_PATH = '', FONTCONFIG_PATH = '' } = process.env
  const env = { LD_LIBRARY_PATH, FONTCONFIG_PATH }
  return { executable, env, flags: ['--no-sandbox', '--no-zygote'] }
}

/** A browser that may reach loopback at `port` alone, under whatever name. */
export function browserFor(port: number, directory: string, overrides: BrowserOverrides) {
  const { openProxy } = createInternet({
    ...{ outboundAllow: [`127.0.0.1:${port}`], dnsServers: [] },
    resolve: async () => ['127.0.0.1'],
  })
  const logger = createLogger('silent')
  return createBrowser({ chromePath: null, directory, openProxy, logger, overrides })
}

export const DESKTOP = { width: 1440, height: 900, mobile: false }
export const PHONE = { width: 390, height: 844, mobile: true }
