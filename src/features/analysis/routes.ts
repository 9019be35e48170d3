import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { IdParams } from '../../http/schema'
import { findUploadedFile } from '../../http/upload'
import { CreateAnalysis, OneAnalysis, toAnalysis } from './schema'
import type { Analyses } from './service'

export type AnalysisRoutesDeps = { access: AccessPlugin; analyses: Analyses }

export const analysisRoutes = ({ access, analyses }: AnalysisRoutesDeps) =>
  new Elysia({ name: 'features/analysis', prefix: '/analyze', tags: ['Brand analysis'] })
    .use(access)
    .post(
      '',
      async ({ body, principal, request, once, status }) => {
        const subject = await analyses.read(body, findUploadedFile(request))
        return await once(() =>
          status(202, { data: toAnalysis(analyses.create(principal, subject)) }),
        )
      },
      {
        access: { scope: 'tracking:write', feature: 'analyze', upload: 'or-json' },
        body: CreateAnalysis,
        response: { 202: OneAnalysis },
        detail: {
          summary: 'Have a page or a picture looked at',
          description:
            'Done in the background; look at it until its status is `complete` or `failed`. What is measured and what a model judges are kept apart, and what cannot be known is null with its reason.',
          'x-errors': ['invalid_url', 'conflict'],
        },
      },
    )
    .get(
      '/:id',
      ({ params, principal }) => ({ data: toAnalysis(analyses.find(principal, params.id)) }),
      {
        access: { scope: 'tracking:read', feature: 'analyze' },
        params: IdParams,
        response: { 200: OneAnalysis },
        detail: { summary: 'Show what was found of a page or a picture' },
      },
    )
