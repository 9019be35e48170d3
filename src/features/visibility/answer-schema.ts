import { z } from 'zod'
import { toIsoOrNull } from '../../core/clock'
import { pageOf, pageQuery, Timestamp } from '../../http/schema'
import { type AnswerRow, ASK_STATUSES, PROMPT_KINDS } from './table'

export const ListAnswers = pageQuery().omit({ offset: true })
export type ListAnswers = z.infer<typeof ListAnswers>

const Source = z.object({
  url: z.string(),
  title: z.string().nullable(),
  host: z.string().nullable(),
})

export const Answer = z
  .object({
    id: z.string().meta({ examples: ['ans_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    run_id: z.string(),
    prompt_id: z.string(),
    prompt: z.string().describe('As it was asked.'),
    kind: z.enum(PROMPT_KINDS),
    sample: z.int(),
    status: z.enum(ASK_STATUSES),
    attempts: z.int(),
    text: z.string().nullable(),
    spans: z.array(
      z.object({
        brand: z.string().describe('`own`, or the id of a competitor.'),
        term: z.string(),
        start: z.int().describe('In UTF-16 units of the text, as end.'),
        end: z.int(),
        kind: z.enum(['named', 'absence', 'echo']),
        cjk: z.boolean(),
      }),
    ),
    mentioned: z.boolean().nullable(),
    occurrences: z.int().nullable(),
    position: z.int().nullable(),
    list_index: z.int().nullable(),
    cited: z.boolean().nullable().describe('Whether an own page is cited; null is not known.'),
    retrieved: z.boolean().nullable().describe('Whether one was found, yet not cited.'),
    domain_mentioned: z.boolean().nullable(),
    competitors: z.array(z.string()).describe('Ids of those that are named.'),
    sources: z.object({
      cited: z.array(Source).nullable(),
      retrieved: z.array(Source).nullable(),
    }),
    model: z.string().nullable(),
    cost_micro: z.int().nullable(),
    failure: z.string().nullable().describe('Why there is no answer.'),
    asked_at: Timestamp.nullable(),
  })
  .meta({ id: 'TrackedAnswer' })

export const AnswerList = pageOf(Answer)

const pages = (list: readonly z.infer<typeof Source>[] | null | undefined) =>
  list?.map(({ url, title, host }) => ({ url, title, host })) ?? null

export const toAnswer = (row: AnswerRow): z.infer<typeof Answer> => ({
  id: row.id,
  run_id: row.runId,
  prompt_id: row.promptId,
  prompt: row.prompt,
  kind: row.kind,
  sample: row.sample,
  status: row.status,
  attempts: row.attempts,
  text: row.signals ? (row.answer?.text ?? null) : null,
  spans: row.detection?.spans ?? [],
  mentioned: row.signals?.mentioned ?? null,
  occurrences: row.signals?.occurrences ?? null,
  position: row.signals?.position ?? null,
  list_index: row.signals?.listIndex ?? null,
  cited: row.signals?.cited ?? null,
  retrieved: row.signals?.retrieved ?? null,
  domain_mentioned: row.signals?.domainMentioned ?? null,
  competitors: row.signals?.rivals ?? [],
  sources: { cited: pages(row.answer?.cited), retrieved: pages(row.answer?.retrieved) },
  model: row.answer?.model ?? null,
  cost_micro: row.costMicro,
  failure: row.answer?.failure?.message ?? null,
  asked_at: toIsoOrNull(row.askedAt),
})
