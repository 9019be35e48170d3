import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { BrowserError } from './browser-error'
import { pause, settlesWithin } from './loops'

/** Of one process of the browser, and of one file that it writes; enforced by the system. */
const PROCESS_KIB_MAX = 4 * 1024 * 1024
const FILE_BLOCKS_MAX = 512 * 1024
/** Of all its processes together. */
export const MEMORY_BYTES_MAX = 1024 * 1024 * 1024
const MEMORY_LOOK_MS = 200
const STDERR_CHARS_MAX = 16_384
const END_MS = 5_000

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/chrome-headless-shell',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The Chromium to start: the operator's, else the first one installed; null without. */
export const findBrowser = (chosen: string | null): string | null =>
  [...(chosen === null ? INSTALLED : [chosen])].find((path) => existsSync(path)) ?? null

/**
 * How Chromium is started: the net only through the proxy, loopback too, and no names looked up;
 * nothing over UDP; no word to any service of its maker; nothing stored, installed or asked.
 */
const FLAGS = [
  ...['--headless', '--remote-debugging-pipe', '--no-startup-window', '--no-first-run'],
  ...['--proxy-bypass-list=<-loopback>', '--disable-quic', '--dns-prefetch-disable'],
  ...['--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  ...['--force-webrtc-ip-handling-policy=disable_non_proxied_udp'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--disable-default-apps', '--disable-extensions', '--disable-domain-reliability'],
  ...['--disable-client-side-phishing-detection', '--disable-breakpad', '--no-pings'],
  ...['--metrics-recording-only', '--no-default-browser-check'],
  ...['--disable-search-engine-choice-screen', '--disable-field-trial-config'],
  '--disable-features=MediaRouter,DialMediaRouteProvider,OptimizationHints,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater,AsyncDns,NetworkTimeServiceQuerying',
  ...['--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--hide-scrollbars'],
  ...['--disable-print-preview', '--disable-notifications', '--disable-speech-api'],
  ...['--block-new-web-contents', '--deny-permission-prompts', '--password-store=basic'],
  ...['--use-mock-keychain', '--force-color-profile=srgb', '--lang=en-US'],
  ...['--disk-cache-size=1', '--js-flags=--max-old-space-size=512'],
]

export type BrowserStart = {
  executable: string
  /** A directory of this run alone; everything that it writes lies there. */
  home: string
  proxyPort: number
  /** Beside a path to programs, nothing of ours is in its environment but this. */
  env: Readonly<Record<string, string>>
  /** More flags; tests alone have a reason for any. */
  flags: readonly string[]
}

export type BrowserProcess = {
  pid: number
  input: Writable
  output: Readable
  /** Settles when it has ended, with why as far as its last words tell. */
  ended: Promise<BrowserError>
  /** Ends the whole tree at once and waits until it is gone. */
  kill(): Promise<void>
}

const NO_SANDBOX =
  /no usable sandbox|without --no-sandbox is not supported|failed to move to new namespace|SUID sandbox helper/i

/** What a shell answers for a program that it cannot start (POSIX, 2.8.2). */
const NOT_STARTED: readonly (number | null)[] = [126, 127]

function reasonOf(code: number | null, words: string): BrowserError {
  if (NOT_STARTED.includes(code)) return new BrowserError('no_browser', words)
  return new BrowserError(NO_SANDBOX.test(words) ? 'no_sandbox' : 'ended', words.slice(0, 2_000))
}

/** Kills every process of a group; none left is fine. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function spawnLimited({ executable, home, proxyPort, env, flags }: BrowserStart): ChildProcess {
  const limits = `ulimit -c 0; ulimit -d ${PROCESS_KIB_MAX}; ulimit -f ${FILE_BLOCKS_MAX}`
  const own = [`--user-data-dir=${home}/profile`, `--proxy-server=http://127.0.0.1:${proxyPort}`]
  const words = [executable, ...FLAGS, ...own, ...flags, 'about:blank']
  return spawn('/bin/sh', ['-c', `${limits}; exec "$0" "$@"`, ...words], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that all of it can be ended at once.
    detached: true,
    cwd: home,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, TMPDIR: home, ...env },
  })
}

/**
 * Starts Chromium in its sandbox. Its commands come over a pipe, which closes when this process
 * ends, however that happens; then Chromium ends as well. Throws {@link BrowserError}.
 */
export function startBrowserProcess(start: BrowserStart): BrowserProcess {
  const child = spawnLimited(start)
  const [, , stderr, input, output] = child.stdio
  const isWhole = input instanceof Writable && output instanceof Readable
  if (child.pid === undefined || !isWhole) throw new BrowserError('no_browser')
  const { pid } = child
  const { promise: ended, resolve } = Promise.withResolvers<BrowserError>()
  let words = ''
  if (stderr instanceof Readable) {
    stderr.on('data', (chunk: Buffer) => {
      if (words.length < STDERR_CHARS_MAX) words += chunk.toString('utf8')
    })
  }
  child.on('error', (error) => resolve(new BrowserError('no_browser', error)))
  child.on('close', (code) => resolve(reasonOf(code, words)))
  return {
    ...{ pid, input, output, ended },
    async kill() {
      killGroup(pid)
      await settlesWithin(ended, END_MS)
    },
  }
}

/** Memory of one process that nobody else has, in bytes; null once it is gone. */
async function memoryOf(pid: string, group: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name may hold spaces and brackets; the third field after it is the group (proc(5)).
  const [, , inGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (Number(inGroup) !== group) return 0
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [anonymous, shared] = ['RssAnon', 'RssShmem'].map((name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0),
  )
  return ((anonymous ?? 0) + (shared ?? 0)) * 1024
}

/** Settles when the processes of a group take more memory together than they may. */
export async function memoryExceeded(group: number, signal: AbortSignal): Promise<BrowserError> {
  while (!signal.aborted) {
    const names = await readdir('/proc').catch(() => [])
    const pids = names.filter((name) => /^\d+$/.test(name))
    const sizes = await Promise.all(pids.map((pid) => memoryOf(pid, group)))
    if (sizes.reduce((sum, size) => sum + size, 0) > MEMORY_BYTES_MAX) break
    await pause(MEMORY_LOOK_MS)
  }
  return new BrowserError('memory')
}
