import { hasUnsafeCharacters } from '../core/url'

export type Mail = {
  /** One address, without a display name. */
  to: string
  subject: string
  text: string
  html?: string | undefined
  /** `<left@right>`; the same on every retry, so that a receiver sees one mail. */
  messageId?: string | undefined
  /** One address that answers go to; the sender's without it. */
  replyTo?: string | undefined
  /** Where the recipient ends mails of this kind; over https with one click (RFC 8058). */
  unsubscribeUrl?: string | undefined
}

/** A mail that was not handed over. `permanent`: the same mail will be refused again. */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly permanent: boolean

  constructor(message: string, permanent: boolean, cause?: unknown) {
    super(message, { cause })
    this.permanent = permanent
  }
}

export type Mailer = {
  /** Whether there is a server to send through. */
  configured: boolean
  /** Resolves once the server has taken the mail. Rejects with {@link MailError}. */
  send(mail: Mail): Promise<void>
}

export type MailerDeps = {
  /** `smtp://` or `smtps://`, options of nodemailer in its query (`?requireTLS=true`); null: none. */
  smtpUrl: string | null
  /** `Name <address>` or an address. */
  from: string
  /** Longest silence of the server, at each step. */
  timeoutMs?: number | undefined
}

const ADDRESS = /^[^\s,;:<>()[\]"\\@]{1,64}@[^\s,;:<>()[\]"\\@]{1,255}$/
const MESSAGE_ID = /^<[^\s<>@]{1,200}@[^\s<>@]{1,200}>$/
const WEB_ADDRESS = /^https?:\/\/[^\s<>]{1,1000}$/
// C0 and C1 controls and the Unicode line breaks, all of which some mailer takes for a new line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const LINE_BREAKERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

function refuse(what: string): MailError {
  return new MailError(`The mail has no valid ${what}.`, true)
}

/** 5xx to the envelope or the content is final (RFC 5321 §4.2.1); 5xx to our credentials is not. */
function isPermanent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const responseCode = 'responseCode' in error ? Number(error.responseCode) : 0
  const code = 'code' in error ? String(error.code) : ''
  return responseCode >= 500 && responseCode < 600 && ['EENVELOPE', 'EMESSAGE'].includes(code)
}

/** One click needs https (RFC 8058 §3.1); over http the recipient opens the page (RFC 2369 §3.2). */
function unsubscribeHeaders(url: string): Record<string, string> {
  const list = { 'List-Unsubscribe': `<${url}>` }
  if (!url.startsWith('https:')) return list
  return { ...list, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
}

type Transport = Awaited<ReturnType<typeof createSmtp>>

/** Loaded with the first mail: a server without SMTP starts without it. */
async function createSmtp(url: string, timeoutMs: number) {
  const { createTransport } = await import('nodemailer')
  return createTransport({
    url,
    pool: false,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/**
 * Hands mails to the operator's SMTP server, one connection each. Recipients and ids with line
 * breaks or lists are refused, line breaks in a subject become spaces. Without `smtpUrl` nothing
 * is configured and every `send` rejects.
 */
export function createMailer({ smtpUrl, from, timeoutMs = 10_000 }: MailerDeps): Mailer {
  let transport: Promise<Transport> | undefined
  return {
    configured: smtpUrl !== null,
    async send({ to, subject, text, html, messageId, replyTo, unsubscribeUrl }) {
      if (smtpUrl === null) throw new MailError('No mail server is configured.', false)
      if (!ADDRESS.test(to) || hasUnsafeCharacters(to)) throw refuse('recipient')
      if (replyTo !== undefined && (!ADDRESS.test(replyTo) || hasUnsafeCharacters(replyTo))) {
        throw refuse('address for answers')
      }
      if (messageId !== undefined && !MESSAGE_ID.test(messageId)) throw refuse('message id')
      if (unsubscribeUrl !== undefined && !WEB_ADDRESS.test(unsubscribeUrl)) {
        throw refuse('address to unsubscribe at')
      }
      const mail = {
        from,
        to: { name: '', address: to },
        subject: subject.replace(LINE_BREAKERS, ' ').trim(),
        text,
        ...(html === undefined ? {} : { html }),
        ...(messageId === undefined ? {} : { messageId }),
        ...(replyTo === undefined ? {} : { replyTo: { name: '', address: replyTo } }),
        ...(unsubscribeUrl === undefined ? {} : { headers: unsubscribeHeaders(unsubscribeUrl) }),
      }
      try {
        transport ??= createSmtp(smtpUrl, timeoutMs)
        await (await transport).sendMail(mail)
      } catch (error) {
        const permanent = isPermanent(error)
        const what = permanent ? 'refused the mail' : 'did not take the mail'
        throw new MailError(`The mail server ${what}.`, permanent, error)
      }
    },
  }
}

/** Connects and signs in as for a mail, and sends none. Rejects with what the server said. */
export async function verifySmtp(smtpUrl: string, timeoutMs = 5_000): Promise<void> {
  const transport = await createSmtp(smtpUrl, timeoutMs)
  await transport.verify()
}
