import { and, asc, count, desc, eq, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import { type Clock, DAY, HOUR, MINUTE } from '../../core/clock'
import { notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Logger } from '../../platform/logger'
import type { Vault } from '../../platform/vault'
import { type MailRow, mails } from './table'

export type { MailBacklog } from './backlog'

const NEWEST = 'newest'

export type OutgoingMail = {
  to: string
  subject: string
  text: string
  html?: string
  /** Where the recipient ends mails of this kind (RFC 2369, RFC 8058). */
  unsubscribeUrl?: string
  /** `<left@right>`, the same on every try; the mailer's own choice without it. */
  messageId?: string
  /** Where answers go; to the sender without it. */
  replyTo?: string
  /** What it is for, e.g. `account.reset_password`. */
  kind: string
}

export type MailQuery = { limit: number; offset: number; cursor?: string | undefined }

export type MailBody = { text: string; html: string | null } & Pick<
  OutgoingMail,
  'unsubscribeUrl' | 'messageId' | 'replyTo'
>

export type MailOutcome = Pick<MailRow, 'state' | 'lastError'>

/** Takes mails to the world. An error with `permanent: true` is not worth another try. */
export type Mailer = {
  readonly configured: boolean
  send(mail: Omit<OutgoingMail, 'kind'>): Promise<void>
}

export type MailDeps = {
  db: Database
  clock: Clock
  vault: Vault
  logger: Logger
  mailer: Mailer
  audit: {
    record(
      tx: Tx,
      entry: { workspaceId: null; actor: Actor; action: string; subjectId: string },
    ): void
  }
}

export type MailService = ReturnType<typeof createMailService>

/** Waits after each failed try; after the last one the mail is given up. */
const RETRY_AFTER_MS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY] as const
/** Longer than any mailer's own timeout, so that a live sender keeps its row. */
const LEASE_MS = 5 * MINUTE
const BATCH = 10
const KEEP_MS = 90 * DAY
const PURGE_ROWS = 500

/** The outbox of mails: joins a transaction, is sent by a loop, and can be read without SMTP. */
export function createMailService({ db, clock, vault, logger, mailer, audit }: MailDeps) {
  const sealContext = (id: string) => `mail ${id}`

  function bodyOf(row: MailRow): MailBody | null {
    if (row.bodySealed === null) return null
    const body: unknown = JSON.parse(vault.open(row.bodySealed, sealContext(row.id)))
    return body as MailBody
  }

  /** Takes due mails; a claim is fenced by its number of attempts. */
  function claim(): MailRow[] {
    const now = clock.now()
    const free = or(isNull(mails.leasedUntil), lte(mails.leasedUntil, now))
    return db.write((tx) => {
      const due = tx
        .select()
        .from(mails)
        .where(and(eq(mails.state, 'pending'), lte(mails.nextAttemptAt, now), free))
        .orderBy(asc(mails.nextAttemptAt))
        .limit(BATCH)
        .all()
      return due.map((row) => {
        const claimed = { attempts: row.attempts + 1, leasedUntil: now + LEASE_MS }
        tx.update(mails).set(claimed).where(eq(mails.id, row.id)).run()
        return { ...row, ...claimed }
      })
    })
  }

  function finish(row: MailRow, result: Partial<MailRow>): void {
    db.write((tx) => {
      tx.update(mails)
        .set({ leasedUntil: null, ...result })
        .where(
          and(eq(mails.id, row.id), eq(mails.attempts, row.attempts), eq(mails.state, 'pending')),
        )
        .run()
    })
  }

  async function deliver(row: MailRow): Promise<void> {
    const body = bodyOf(row)
    if (!body) return finish(row, { state: 'failed', lastError: 'The body is missing.' })
    const { html, ...rest } = body
    const mail = { to: row.recipient, subject: row.subject, ...rest }
    try {
      await mailer.send(html === null ? mail : { ...mail, html })
      finish(row, { state: 'sent', sentAt: clock.now(), bodySealed: null, lastError: null })
    } catch (failure) {
      const lastError = failure instanceof Error ? failure.message.slice(0, 500) : 'Unknown error'
      const waitMs = isPermanent(failure) ? undefined : RETRY_AFTER_MS[row.attempts - 1]
      if (waitMs === undefined) finish(row, { state: 'failed', lastError })
      else finish(row, { nextAttemptAt: clock.now() + waitMs, lastError })
      logger.warn('A mail could not be sent.', {
        mailId: row.id,
        kind: row.kind,
        givenUp: waitMs === undefined,
        cause: failure,
      })
    }
  }

  function purge(): number {
    return db.write((tx) => {
      const old = tx
        .select({ id: mails.id })
        .from(mails)
        .where(lt(mails.createdAt, clock.now() - KEEP_MS))
        .limit(PURGE_ROWS)
      const gone = tx.delete(mails).where(inArray(mails.id, old)).returning({ id: mails.id })
      return gone.all().length
    })
  }

  return {
    /** Whether mails leave the server; otherwise they are stored for a superadmin. */
    configured: mailer.configured,

    /** Queues a mail within the caller's transaction and answers its id. */
    enqueue(tx: Tx, { to, subject, kind, html, ...rest }: OutgoingMail): string {
      const now = clock.now()
      const id = newId('mail', now)
      const body = { ...rest, html: html ?? null }
      const bodySealed = vault.seal(JSON.stringify(body), sealContext(id))
      tx.insert(mails)
        .values({
          id,
          kind,
          recipient: to,
          subject,
          bodySealed,
          state: mailer.configured ? 'pending' : 'stored',
          attempts: 0,
          nextAttemptAt: now,
          createdAt: now,
        })
        .run()
      if (!mailer.configured) {
        db.afterCommit(() =>
          logger.info('A mail was stored, since SMTP_URL is not set. Superadmins can read it.', {
            mailId: id,
            kind,
            recipientDomain: to.slice(to.lastIndexOf('@') + 1),
            subject,
          }),
        )
      }
      return id
    },

    /** What became of a mail so far; undefined once it is forgotten. */
    outcomeOf(id: string): MailOutcome | undefined {
      const { state, lastError } = mails
      return db.read.select({ state, lastError }).from(mails).where(eq(mails.id, id)).get()
    },

    /** A page of mails, newest first, without their bodies. Throws `validation_failed`. */
    list({ limit, offset, cursor }: MailQuery) {
      const after = cursor === undefined ? undefined : decodeCursor(cursor, NEWEST)
      const older = after && sql`(${mails.createdAt}, ${mails.id}) < (${after.value}, ${after.id})`
      const found = db.read
        .select()
        .from(mails)
        .where(older)
        .orderBy(desc(mails.createdAt), desc(mails.id))
        .limit(limit + 1)
        .offset(after ? 0 : offset)
        .all()
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      return {
        rows,
        total: db.read.select({ n: count() }).from(mails).get()?.n ?? 0,
        nextCursor: last
          ? encodeCursor({ sort: NEWEST, value: last.createdAt, id: last.id })
          : null,
      }
    },

    /**
     * A mail with its body, null once it was sent. Reading is recorded, since links in it open
     * other people's accounts. Throws `not_found`.
     */
    requireById(id: string, reader: Actor): { row: MailRow; body: MailBody | null } {
      return db.write((tx) => {
        const row = tx.select().from(mails).where(eq(mails.id, id)).get()
        if (!row) throw notFound('mail')
        audit.record(tx, { workspaceId: null, actor: reader, action: 'mail.read', subjectId: id })
        return { row, body: bodyOf(row) }
      })
    },

    /** Sends what is due. */
    loop: {
      name: 'mails',
      schedule: { everyMs: 2_000 },
      async run(signal: AbortSignal): Promise<void> {
        if (!mailer.configured) return
        for (let rows = claim(); rows.length > 0 && !signal.aborted; rows = claim()) {
          for (const row of rows) {
            if (!signal.aborted) await deliver(row)
          }
        }
      },
    },

    /** Forgets mails older than 90 days, daily, a few hundred at a time. */
    retentionLoop: {
      name: 'mails-retention',
      schedule: { everyMs: DAY },
      async run(signal: AbortSignal): Promise<void> {
        while (!signal.aborted && purge() > 0) {
          // Each turn removes what it counted.
        }
      },
    },
  }
}

const isPermanent = (failure: unknown): boolean =>
  failure instanceof Error && 'permanent' in failure && failure.permanent === true
