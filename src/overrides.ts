import type { Clock } from './core/clock'
import type { ScanPace } from './features/scans/service'
import type { BrowserOverrides } from './platform/browser'
import type { DnsRecords } from './platform/dns'
import type { Logger } from './platform/logger'
import type { Mailer } from './platform/mailer'
import type { PasswordOptions } from './platform/passwords'

/** What tests put in place of the world. */
export type Overrides = {
  clock?: Clock
  logger?: Logger
  /** Names to addresses, in place of DNS. */
  resolve?: (host: string) => Promise<string[]>
  /** Records of names, in place of DNS. */
  dns?: DnsRecords
  mailer?: Mailer
  /** Another Chromium, started in another way. */
  browser?: BrowserOverrides
  passwordCost?: PasswordOptions
  /** Expand clicks in this thread, when asked to by `drain`, instead of in a Worker. */
  inThread?: boolean
  /** How fast websites are scanned, and where they begin. */
  scanPace?: Partial<ScanPace>
  /** Longest that an engine may take for an answer. */
  answerTimeoutMs?: number
  /** A clock that is never set, in place of the machine's. */
  monotonicMs?: () => number
}
