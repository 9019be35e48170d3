import { z } from 'zod'
import { URL_LENGTH_MAX } from '../../core/url'
import { oneLine } from '../../http/text'

const webAddress = z
  .string()
  .max(URL_LENGTH_MAX, `must have at most ${URL_LENGTH_MAX} characters`)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http or https URL',
  )
  .meta({ examples: ['https://directory.example/thanks'] })

/** What a person shows for having handed something in, or tells with any other move. */
export const GivenEvidence = z.object({
  confirmation_url: webAddress.optional().describe('The page that confirmed it.'),
  message_id: oneLine(300)
    .min(1, 'must not be empty')
    .optional()
    .describe('Of the mail that confirmed or made it.'),
  screenshot_url: webAddress.optional(),
  note: oneLine(2_000).optional(),
})
export type GivenEvidence = z.infer<typeof GivenEvidence>

/** Everything that is kept with a move: what people gave, and what the server saw itself. */
export const Evidence = GivenEvidence.extend({
  sent_to: z.string().optional().describe('The address that a mail went to.'),
  final_url: z.string().optional().describe('Where the answer to a form came from.'),
  http_status: z.int().optional(),
  snippet: z.string().optional().describe('The beginning of the text of that page.'),
  sha256: z.string().optional().describe('Of its body, in hex.'),
  listing_url: z.string().optional(),
  existing_url: z.string().optional(),
  amount: z.int().optional().describe('Minor units that were approved.'),
  currency: z.string().optional(),
  verdict: z.string().optional().describe('What the checker of links saw.'),
  reasons: z.array(z.string()).optional(),
}).meta({ id: 'SubmissionEvidence' })
export type Evidence = z.infer<typeof Evidence>

/** Whether it shows that something was handed in; a note alone does not. */
export const isProof = (evidence: Evidence): boolean =>
  [evidence.confirmation_url, evidence.message_id, evidence.screenshot_url, evidence.sha256].some(
    (shown) => shown !== undefined,
  )

export const WebAddress = webAddress
