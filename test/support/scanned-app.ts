import { type Client, createTestApp, type TestApp, type TestAppOptions } from './app'
import { type SiteReply, startSite } from './site-server'

export type ScannedApp = AsyncDisposable & {
  app: TestApp
  client: Client
  origin: string
  hits: Map<string, number>
  /** The id of the project. */
  projectId: string
  /** Its path in the API. */
  path: string
  scanRunId: string
  /** Everything that is to be scanned is. */
  scan(): Promise<void>
}

/** How a site of loopback is scanned: at once, under any name. */
export const pacedFor = (origin: () => string) => ({
  resolve: async () => ['127.0.0.1'],
  scanPace: {
    gapMs: 0,
    pause: async () => {},
    originsOf: () => [origin()],
  },
})

/** A server, a website on loopback, and the project of it. */
export async function createScannedApp(
  answer: (path: string, origin: string) => SiteReply,
  options: TestAppOptions & { plan?: string } = {},
): Promise<ScannedApp> {
  let origin = ''
  const site = await startSite((path) => answer(path, origin))
  origin = `http://acme.example:${site.receiver.port}`
  const app = await createTestApp({
    ...options,
    overrides: { ...pacedFor(() => origin), ...options.overrides },
  })
  const tenant = await app.seed.tenant(options.plan === undefined ? {} : { plan: options.plan })
  const client = app.as(tenant.key())
  const { json } = await client.post('/api/v1/projects', { domain: 'acme.example' })
  const projectId = String(json.project.id)
  return {
    ...{ app, client, origin, hits: site.hits, projectId },
    path: `/api/v1/projects/${projectId}`,
    scanRunId: String(json.onboarding.scanRunId),
    scan: () => app.services.loops.run('scans.run'),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    },
  }
}
