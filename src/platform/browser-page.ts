import { BrowserError } from './browser-error'
import { type ProtocolEvent, type ProtocolPipe, recordOf } from './browser-pipe'
import type { VettingProxy } from './internet-proxy'
import { pause } from './loops'

/** Longest time that one command may take. */
const COMMAND_MS = 12_000
const SCRIPT_MS = 6_000

export type Viewport = { width: number; height: number; mobile: boolean }

/** What became of an address. */
export type OpenedPage = {
  /** Null where no document came. */
  finalUrl: string | null
  status: number | null
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  mimeType: string | null
  /** Why no document came, in the browser's word; null where one did. */
  failure: string | null
  /** Whether the net was quiet before the time was over. */
  settled: boolean
}

export type PagePicture = { bytes: Uint8Array; width: number; height: number }

export type BrowserPage = {
  /** Opens an address in a viewport, and waits until the net is quiet, `settleMs` at most. */
  open(url: string, viewport: Viewport, settleMs: number): Promise<OpenedPage>
  /**
   * Runs an expression in a world of its own, whose globals the page cannot change, and answers its
   * value as JSON has it.
   */
  evaluate(expression: string): Promise<unknown>
  /** The page from its top, as JPEG, at most so many pixels high. */
  picture(heightMax: number): Promise<PagePicture>
  /** Hosts that the page asked for, each once; and connections refused for where they lead. */
  traffic(): { hosts: string[]; refusals: number; isSpent: boolean }
}

type Answer = Record<string, unknown>
type Send = (method: string, params?: Answer) => Promise<Answer>

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** What is known of the document that is being opened, from the events that tell of it. */
function createDocumentWatch(frameId: string) {
  let document = recordOf(undefined)
  let loaderId: string | undefined
  let quiet = Promise.withResolvers<true>()
  return {
    begin(): void {
      document = {}
      loaderId = undefined
      quiet = Promise.withResolvers()
    },
    is(id: unknown): void {
      loaderId = textOf(id) ?? undefined
    },
    see({ method, params }: ProtocolEvent): void {
      if (params.frameId !== frameId) return
      const isDocument = method === 'Network.responseReceived' && params.type === 'Document'
      if (isDocument) document = recordOf(params.response)
      // A page that goes elsewhere by itself is another document, which has to settle anew.
      if (method === 'Page.lifecycleEvent' && params.name === 'init') {
        loaderId = textOf(params.loaderId) ?? undefined
      }
      const isQuiet = method === 'Page.lifecycleEvent' && params.name === 'networkIdle'
      if (isQuiet && params.loaderId === loaderId) quiet.resolve(true)
    },
    settled: (ms: number): Promise<boolean> =>
      Promise.race([quiet.promise, pause(ms).then(() => false)]),
    document: () => document,
  }
}

const headersOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(recordOf(value)).map(([name, text]) => [name.toLowerCase(), String(text)]),
  )

/** Answers what the page asks of its browser: no dialog stays, only the proxy gets a password. */
function attend(pipe: ProtocolPipe, sessionId: string, { credentials }: VettingProxy): void {
  const tried = new Set<unknown>()
  const tell = (method: string, params: Answer): void =>
    void pipe.send(method, params, sessionId).catch(() => undefined)
  pipe.onEvent(({ method, params, sessionId: about }) => {
    if (about !== sessionId) return
    const { requestId } = params
    if (method === 'Fetch.requestPaused') tell('Fetch.continueRequest', { requestId })
    if (method === 'Page.javascriptDialogOpening') {
      tell('Page.handleJavaScriptDialog', { accept: false })
    }
    if (method !== 'Fetch.authRequired') return
    const isOurs = recordOf(params.authChallenge).source === 'Proxy' && !tried.has(requestId)
    tried.add(requestId)
    const given = { response: 'ProvideCredentials', ...credentials }
    const authChallengeResponse = isOurs ? given : { response: 'CancelAuth' }
    tell('Fetch.continueWithAuth', { requestId, authChallengeResponse })
  })
}

/** A blank page without history, storage or permissions, whose proxy knows it. */
async function openTarget(pipe: ProtocolPipe, proxy: VettingProxy) {
  const { browserContextId } = await pipe.send('Target.createBrowserContext')
  await pipe.send('Browser.setDownloadBehavior', { behavior: 'deny', browserContextId })
  const blank = { url: 'about:blank', browserContextId }
  const { targetId } = await pipe.send('Target.createTarget', blank)
  const attached = await pipe.send('Target.attachToTarget', { targetId, flatten: true })
  const sessionId = textOf(attached.sessionId) ?? ''
  attend(pipe, sessionId, proxy)
  const send: Send = async (method, params) => {
    const late = pause(COMMAND_MS).then(() => {
      throw new BrowserError('timeout', method)
    })
    return await Promise.race([pipe.send(method, params, sessionId), late])
  }
  const handleAuthRequests = true
  await send('Fetch.enable', { handleAuthRequests, patterns: [{ urlPattern: '*' }] })
  await send('Page.enable')
  await send('Page.setLifecycleEventsEnabled', { enabled: true })
  // Bodies are not kept: nobody asks for them.
  await send('Network.enable', { maxTotalBufferSize: 1, maxResourceBufferSize: 1 })
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-reduced-motion', value: 'reduce' }],
  })
  return { send, sessionId }
}

/** Opens a page in a browser that has just started. Rejects with `BrowserError`. */
export async function openBrowserPage(
  pipe: ProtocolPipe,
  proxy: VettingProxy,
): Promise<BrowserPage> {
  const { send, sessionId } = await openTarget(pipe, proxy)
  const frameId = textOf(recordOf(recordOf((await send('Page.getFrameTree')).frameTree).frame).id)
  const watch = createDocumentWatch(frameId ?? '')
  pipe.onEvent((event) => {
    if (event.sessionId !== sessionId) return
    if (event.method === 'Inspector.targetCrashed') pipe.close(new BrowserError('crashed'))
    else watch.see(event)
  })

  return {
    async open(url, { width, height, mobile }, settleMs) {
      await send('Emulation.setDeviceMetricsOverride', {
        ...{ width, height, mobile, deviceScaleFactor: 1 },
      })
      await send('Emulation.setTouchEmulationEnabled', { enabled: mobile })
      watch.begin()
      const gone = await Promise.race([send('Page.navigate', { url }), pause(settleMs)])
      watch.is(recordOf(gone).loaderId)
      const failure = gone === undefined ? 'timeout' : (textOf(gone.errorText) ?? null)
      const settled = failure === null && (await watch.settled(settleMs))
      const { url: finalUrl, status, headers, mimeType } = watch.document()
      return {
        ...{ finalUrl: textOf(finalUrl), status: typeof status === 'number' ? status : null },
        ...{ headers: headersOf(headers), mimeType: textOf(mimeType), failure, settled },
      }
    },

    async evaluate(expression) {
      const world = await send('Page.createIsolatedWorld', { frameId })
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        ...{ expression, contextId: world.executionContextId },
        ...{ returnByValue: true, timeout: SCRIPT_MS },
      })
      if (exceptionDetails === undefined) return recordOf(result).value
      throw new BrowserError('protocol', recordOf(exceptionDetails).text)
    },

    async picture(heightMax) {
      const { cssContentSize, cssLayoutViewport } = await send('Page.getLayoutMetrics')
      const width = numberOf(recordOf(cssLayoutViewport).clientWidth)
      const whole = Math.max(1, Math.ceil(numberOf(recordOf(cssContentSize).height)))
      const height = Math.min(heightMax, whole)
      const { data } = await send('Page.captureScreenshot', {
        ...{ format: 'jpeg', quality: 80, captureBeyondViewport: true },
        clip: { x: 0, y: 0, width, height, scale: 1 },
      })
      return { bytes: Buffer.from(textOf(data) ?? '', 'base64'), width, height }
    },

    traffic: () => ({
      ...{ hosts: proxy.asked(), refusals: proxy.refusals(), isSpent: proxy.isSpent() },
    }),
  }
}
