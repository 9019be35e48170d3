import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { URL_LENGTH_MAX } from '../../core/url'
import { dataOf, Timestamp } from '../../http/schema'
import { FORMULAS, MEASURES, MEASURES_VERSION, type Measures } from './measures'
import { PICTURE_TYPES } from './picture'
import {
  ANALYSIS_STATUSES,
  type AnalysisRow,
  JUDGED_REASONS,
  MEASURED_REASONS,
  type SeenPage,
} from './table'

export const CreateAnalysis = z
  .object({
    url: z
      .string()
      .max(URL_LENGTH_MAX * 2, `must have at most ${URL_LENGTH_MAX} characters`)
      .optional()
      .describe('The page to look at; or send a picture instead.')
      .meta({ examples: ['https://example.com/'] }),
    file: z
      .string()
      .optional()
      .describe(
        'A picture in place of a page: PNG, JPEG or WebP, at most 10 MiB, as a part of a form.',
      )
      .meta({ format: 'binary' }),
  })
  .meta({ id: 'CreateAnalysis', examples: [{ url: 'https://example.com/' }] })
export type CreateAnalysis = z.infer<typeof CreateAnalysis>

const Measure = z.object({
  key: z.enum(MEASURES),
  formula: z.string().describe('How the score is made.'),
  score: z.number().min(0).max(100).nullable().describe('Null where it cannot be known.'),
  reason: z.enum(['nothing_to_measure', 'not_reached', 'picture_only']).nullable(),
  counts: z.record(z.string(), z.number()).describe('The numbers of the formula.'),
  samples: z.array(z.string()).describe('Where it fell short, or what was found; at most five.'),
})

const Evidence = z.object({
  quote: z.string().nullable().describe('Words that stand in the picture.'),
  box: z
    .object({
      picture: z.int(),
      ...{ left: z.number(), top: z.number(), width: z.number(), height: z.number() },
    })
    .nullable()
    .describe('A place, as shares of the width and height of the capture of that index.'),
})

const Judgement = z.object({
  key: z.string(),
  question: z.string(),
  level: z.int().min(0).max(4).nullable().describe('Median of three independent looks.'),
  anchor: z.string().nullable().describe('What this level means.'),
  spread: z.int().nullable().describe('Highest less lowest level of the looks.'),
  levels: z.array(z.int().nullable()),
  evidence: Evidence.nullable(),
})

export const Analysis = z
  .object({
    id: z.string().meta({ examples: ['ana_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    workspace_id: z.string(),
    source: z.enum(['url', 'picture']),
    url: z.string().nullable(),
    status: z
      .enum(ANALYSIS_STATUSES)
      .describe('complete when anything could be told; failed says why in `reason`.'),
    reason: z
      .enum([...new Set([...MEASURED_REASONS, ...JUDGED_REASONS])])
      .nullable()
      .describe('Why `measured` is null, else why `judged` is.'),
    page: z
      .object({
        final_url: z.string().nullable(),
        http_status: z.int().nullable(),
        title: z.string().nullable(),
        challenge: z.boolean().nullable().describe('Whether a bot wall answered instead.'),
        consent_banner: z.boolean().nullable(),
        settled: z.boolean().describe('Whether it came to rest within 8 s.'),
        refused_connections: z.int().describe('Connections to places that are not public.'),
      })
      .nullable(),
    captures: z.array(
      z.object({
        name: z.enum(['desktop', 'phone', 'upload']),
        media_type: z.enum(PICTURE_TYPES),
        width: z.int(),
        height: z.int(),
        sha256: z.string().describe('Equal for equal pictures, whenever they were taken.'),
        bytes: z.int(),
      }),
    ),
    measured: z
      .object({ version: z.string(), criteria: z.array(Measure) })
      .nullable()
      .describe('By formulas alone; never mixed with what was judged.'),
    measured_reason: z.enum(MEASURED_REASONS).nullable(),
    judged: z
      .object({ engine: z.string(), model: z.string().nullable(), criteria: z.array(Judgement) })
      .nullable()
      .describe('By a vision model; never mixed with what was measured.'),
    judged_reason: z.enum(JUDGED_REASONS).nullable(),
    created_at: Timestamp,
    started_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
  })
  .meta({ id: 'Analysis' })
export type Analysis = z.infer<typeof Analysis>

export const OneAnalysis = dataOf(Analysis)

const toPage = (page: SeenPage): Analysis['page'] => ({
  final_url: page.finalUrl,
  http_status: page.status,
  title: page.title,
  challenge: page.challenge,
  consent_banner: page.consentBanner,
  settled: page.settled,
  refused_connections: page.refusedConnections,
})

const toMeasured = (measures: Measures): Analysis['measured'] => ({
  version: MEASURES_VERSION,
  criteria: MEASURES.map((key) => ({ key, formula: FORMULAS[key], ...measures[key] })),
})

/** The only way in which an analysis becomes JSON. */
export const toAnalysis = (row: AnalysisRow): Analysis => ({
  id: row.id,
  workspace_id: row.workspaceId,
  source: row.url === null ? 'picture' : 'url',
  url: row.url,
  status: row.status,
  reason: row.measuredReason ?? row.judgedReason,
  page: row.page && toPage(row.page),
  captures: row.captures.map(({ name, mediaType, width, height, sha256, bytes }) => ({
    ...{ name, media_type: mediaType, width, height, sha256, bytes },
  })),
  measured: row.measured && toMeasured(row.measured),
  measured_reason: row.measuredReason,
  judged: row.judged,
  judged_reason: row.judgedReason,
  created_at: toIso(row.createdAt),
  started_at: toIsoOrNull(row.startedAt),
  finished_at: toIsoOrNull(row.finishedAt),
})
