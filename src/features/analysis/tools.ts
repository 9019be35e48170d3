import { z } from 'zod'
import { type Tool, tool } from '../../http/tool'
import { CreateAnalysis, OneAnalysis, toAnalysis } from './schema'
import type { Analyses } from './service'

const Page = z.object({ url: CreateAnalysis.shape.url.unwrap() })
const NamedAnalysis = z.object({
  analysisId: z.string().min(1).max(200).describe('Id of an analysis: ana_…'),
})

export const analysisTools = ({ analyses }: { analyses: Analyses }): Tool[] => [
  tool({
    name: 'page_analysis_start',
    title: 'Have a page looked at',
    description:
      'Have a page opened in a real browser and measured: contrast, text size, tap targets and more, each by a published formula. `page_analysis_get` shows what was found, usually within a minute.',
    access: { scope: 'tracking:write', feature: 'analyze' },
    effect: 'adds',
    input: Page,
    output: OneAnalysis,
    async run({ principal, once }, input) {
      const subject = await analyses.read(input, null)
      return await once(() => ({ data: toAnalysis(analyses.create(principal, subject)) }))
    },
  }),
  tool({
    name: 'page_analysis_get',
    title: 'Show what was found of a page',
    description:
      'Show an analysis: what was measured, and apart from it what a model judged. What cannot be known is null with its reason.',
    access: { scope: 'tracking:read', feature: 'analyze' },
    effect: 'reads',
    input: NamedAnalysis,
    output: OneAnalysis,
    run: ({ principal }, { analysisId }) => ({
      data: toAnalysis(analyses.find(principal, analysisId)),
    }),
  }),
]
