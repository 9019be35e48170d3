import { Elysia } from 'elysia'
import type { Principal } from '../../core/access'
import type { AccessPlugin } from '../../http/access'
import { ConversionAnswer, TrackLead, TrackSale, toConversion } from './schema'
import type { ConversionSource, Conversions, Recorded } from './service'

export type TrackRoutesDeps = { access: AccessPlugin; conversions: Conversions }

const WRITE = { scope: 'conversions:write', feature: 'conversions', publishable: true } as const

/** Anyone can read a publishable key in a page, so that it gets nothing that is stored. */
const isPage = ({ kind }: Principal): boolean => kind === 'publishable_key'

const sourceOf = (principal: Principal): ConversionSource => (isPage(principal) ? 'browser' : 'api')

const told = (principal: Principal, { conversion, isDuplicate }: Recorded) => ({
  data: isPage(principal)
    ? { accepted: true as const, duplicate: isDuplicate }
    : toConversion(conversion),
  duplicate: isDuplicate,
})

/** Where leads and sales are told. */
export const trackRoutes = ({ access, conversions }: TrackRoutesDeps) =>
  new Elysia({ name: 'features/conversions/track', prefix: '/track', tags: ['Conversions'] })
    .use(access)
    .post(
      '/leads',
      ({ principal, body, once, status }) =>
        once(() => {
          const [workspace, source] = [conversions.keyOf(principal), sourceOf(principal)]
          const recorded = conversions.recordLead(workspace, body, source)
          return status(recorded.isDuplicate ? 200 : 201, told(principal, recorded))
        }),
      {
        access: WRITE,
        body: TrackLead,
        response: { 200: ConversionAnswer, 201: ConversionAnswer },
        detail: { summary: 'Tell of a lead; once for each eventId' },
      },
    )
    .post(
      '/sales',
      ({ principal, body, once, status }) =>
        once(() => {
          const [workspace, source] = [conversions.keyOf(principal), sourceOf(principal)]
          const recorded = conversions.recordSale(workspace, body, source)
          return status(recorded.isDuplicate ? 200 : 201, told(principal, recorded))
        }),
      {
        access: WRITE,
        body: TrackSale,
        response: { 200: ConversionAnswer, 201: ConversionAnswer },
        detail: { summary: 'Tell of a sale or a refund; once for each eventId and invoice' },
      },
    )
