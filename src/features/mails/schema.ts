import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { dataOf, pageOf, Timestamp } from '../../http/schema'
import type { MailBody } from './service'
import type { MailRow } from './table'

const mailFields = {
  id: z.string(),
  kind: z.string().meta({ examples: ['account.reset_password'] }),
  to: z.string(),
  subject: z.string(),
  state: z
    .enum(['pending', 'sent', 'failed', 'stored'])
    .describe('`stored`: written while no SMTP server was configured.'),
  attempts: z.int(),
  lastError: z.string().nullable(),
  createdAt: Timestamp,
  sentAt: Timestamp.nullable(),
}

export const MailPage = pageOf(z.object(mailFields).meta({ id: 'Mail' }))

export const MailWithBody = dataOf(
  z
    .object({
      ...mailFields,
      text: z.string().nullable().describe('Null once it was sent.'),
      html: z.string().nullable(),
    })
    .meta({ id: 'MailWithBody' }),
)

export function toMail(row: MailRow) {
  const { id, kind, recipient: to, subject, state, attempts, lastError } = row
  const createdAt = toIso(row.createdAt)
  const sentAt = toIsoOrNull(row.sentAt)
  return { id, kind, to, subject, state, attempts, lastError, createdAt, sentAt }
}

export function toMailWithBody(row: MailRow, body: MailBody | null): z.infer<typeof MailWithBody> {
  return { data: { ...toMail(row), text: body?.text ?? null, html: body?.html ?? null } }
}
