import { Elysia } from 'elysia'
import { equalSecrets } from '../../core/secret'
import type { SystemService } from './service'

export type SystemRoutesDeps = { system: SystemService; metricsToken: string | null }

const plain = (body: string, status = 200): Response =>
  new Response(body, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } })

/** Probes and metrics for the operator's machines: plain answers outside the API. */
export const systemRoutes = ({ system, metricsToken }: SystemRoutesDeps) =>
  new Elysia({ name: 'features/system' })
    .get('/healthz', () => plain('ok\n'))
    .get('/readyz', () => {
      const { ready, problems } = system.readiness()
      return plain(ready ? 'ready\n' : `${problems.join('\n')}\n`, ready ? 200 : 503)
    })
    .get('/metrics', ({ request }) => {
      const bearer = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
      if (metricsToken === null) return plain('Set METRICS_TOKEN to read metrics.\n', 404)
      if (!equalSecrets(bearer, metricsToken)) {
        return plain('Send "Authorization: Bearer <METRICS_TOKEN>".\n', 401)
      }
      return plain(system.metrics())
    })
