import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { LIMITS, type RateGate } from '../../http/rate-limit'
import { contextOf } from '../../http/request-context'
import { BacklinkChecks, CheckBacklinks, CheckQuery, toBacklinkChecks } from './check-schema'
import { evidenceCsv } from './evidence-csv'
import type { PublicCheck } from './public-check'
import { userAgentOf } from './sending'

export type BacklinkCheckRoutesDeps = {
  access: AccessPlugin
  rates: RateGate
  publicCheck: PublicCheck
  publicUrl: () => string
}

const csvAnswer = (text: string): Response =>
  new Response(text, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': 'attachment; filename="backlinks.csv"',
    },
  })

/** `POST /directories/check-backlinks`, for everybody. */
export const backlinkCheckRoutes = (deps: BacklinkCheckRoutesDeps) => {
  const { access, rates, publicCheck, publicUrl } = deps
  return new Elysia({
    ...{ name: 'features/backlinks/check', prefix: '/directories', tags: ['Backlinks'] },
  })
    .use(access)
    .post(
      '/check-backlinks',
      async ({ body, query, request }) => {
        await rates.spendForAddress(contextOf(request), LIMITS.check)
        const { domain, checked } = await publicCheck.check(body.domain, body.urls)
        const accepts = request.headers.get('accept') ?? ''
        const isCsv =
          query.format === undefined ? /\btext\/csv\b/i.test(accepts) : query.format === 'csv'
        if (isCsv) return csvAnswer(evidenceCsv(checked, userAgentOf(publicUrl()))) as never
        return toBacklinkChecks(domain, checked)
      },
      {
        access: 'public',
        body: CheckBacklinks,
        query: CheckQuery,
        response: { 200: BacklinkChecks },
        detail: {
          summary: 'Check up to 25 pages for links to a domain',
          description:
            'Without a key. Each page gets a result with its evidence, whatever its host does: what could not be seen is `unknown`, never missing. Ten calls a minute per address.',
          'x-media-type': 'application/json, text/csv',
          'x-errors': ['invalid_domain'],
        },
      },
    )
}
