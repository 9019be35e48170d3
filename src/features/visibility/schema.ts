import { z } from 'zod'
import { toIso } from '../../core/clock'
import { hasUnsafeText, isPublicHostName, normaliseHost } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { Aliases, GivenAlias, nameOf } from '../../http/text'
import type { JudgedCompetitor, JudgedPrompt } from './panel'
import { PROMPT_KINDS } from './table'

const PROMPT_LENGTH_MAX = 2_000

const question = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(PROMPT_LENGTH_MAX, `must have at most ${PROMPT_LENGTH_MAX} characters`)
  .refine(
    (text) => !hasUnsafeText(text.replace(/[\n\t]/g, ' ')),
    'must not contain control characters',
  )
  .describe('Sent word for word, in a conversation of its own.')
  .meta({ examples: ['Which link shorteners would you recommend to a small agency?'] })

const kind = z
  .enum(PROMPT_KINDS, { error: `must be one of ${PROMPT_KINDS.join(', ')}` })
  .nullish()
  .describe('Decided by the names in the text when left out or null.')

const tags = z
  .array(nameOf(50))
  .max(20, 'must have at most 20 items')
  .overwrite((names) => [...new Set(names)])

export const CreatePrompt = z
  .object({ text: question, kind, tags: tags.default([]) })
  .meta({ id: 'CreatePrompt' })
export type CreatePrompt = z.infer<typeof CreatePrompt>

export const UpdatePrompt = z
  .object({ text: question.optional(), kind, tags: tags.optional() })
  .meta({ id: 'UpdatePrompt' })
export type UpdatePrompt = z.infer<typeof UpdatePrompt>

export const ListPrompts = pageQuery()

const code = z.string().describe('What is odd, for programs.')

export const Prompt = z
  .object({
    id: z.string().meta({ examples: ['prm_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    workspace_id: z.string(),
    text: z.string(),
    kind: z.enum(PROMPT_KINDS).describe('Only unbranded prompts are part of the score.'),
    kind_given: z.boolean().describe('Whether somebody said so; else the names in the text did.'),
    tags: z.array(z.string()),
    warnings: z.array(z.object({ code, message: z.string() })),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Prompt' })
export type Prompt = z.infer<typeof Prompt>

export const OnePrompt = dataOf(Prompt)
export const PromptList = pageOf(Prompt)

export const toPrompt = ({ row, kind: decided, warnings }: JudgedPrompt): Prompt => ({
  id: row.id,
  workspace_id: row.workspaceId,
  text: row.text,
  kind: decided,
  kind_given: row.givenKind !== null,
  tags: row.tags,
  warnings,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})

const names = <T extends z.ZodType>(name: T) => z.array(name).max(50, 'must have at most 50 items')

const isDomain = (text: string): boolean => !/[/:@\s]/.test(text) && isPublicHostName(text)

const competitorFields = {
  aliases: names(GivenAlias)
    .optional()
    .describe('Further names; a rule for the text of the name itself goes for the name.'),
  negative_aliases: names(nameOf(100))
    .optional()
    .describe('Names that look alike and mean somebody else.'),
  domain: z
    .string()
    .trim()
    .max(253, 'must have at most 253 characters')
    .refine(isDomain, 'must be a public domain such as example.com')
    .overwrite(normaliseHost)
    .nullish()
    .describe('Tells its pages among sources; never taken for a name.'),
}

const competitorName = nameOf(100).meta({ examples: ['Globex'] })

export const CreateCompetitor = z
  .object({ name: competitorName, ...competitorFields })
  .meta({ id: 'CreateCompetitor' })
export type CreateCompetitor = z.infer<typeof CreateCompetitor>

export const UpdateCompetitor = z
  .object({ name: competitorName.optional(), ...competitorFields })
  .meta({ id: 'UpdateCompetitor' })
export type UpdateCompetitor = z.infer<typeof UpdateCompetitor>

export const ListCompetitors = pageQuery()

export const TermWarnings = z.array(
  z.object({ term: z.string().describe('The name that is ambiguous.'), code, message: z.string() }),
)

export const Competitor = z
  .object({
    id: z.string().meta({ examples: ['cmp_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
    workspace_id: z.string(),
    name: z.string(),
    aliases: Aliases,
    negative_aliases: z.array(z.string()),
    domain: z.string().nullable(),
    warnings: TermWarnings,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Competitor' })
export type Competitor = z.infer<typeof Competitor>

export const OneCompetitor = dataOf(Competitor)
export const CompetitorList = pageOf(Competitor)

export const toCompetitor = ({ row, warnings }: JudgedCompetitor): Competitor => ({
  id: row.id,
  workspace_id: row.workspaceId,
  name: row.name,
  aliases: row.aliases,
  negative_aliases: row.negativeAliases,
  domain: row.domain,
  warnings,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})
