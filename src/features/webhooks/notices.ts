import { and, eq, isNull, sql } from 'drizzle-orm'
import { type Clock, toIso } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { MailService } from '../mails/service'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

const EVERY_MS = 5_000
const TOLD_PER_RUN = 50

export type NoticesDeps = {
  db: Database
  clock: Clock
  mails: Pick<MailService, 'enqueue'>
  directory: {
    /** A workspace that is not deleted. */
    findLive(id: string): { name: string } | undefined
    /** Who owns a workspace. */
    ownerIdsOf(id: string): string[]
  }
  users: { findById(id: string): { email: string; name: string } | undefined }
  /** Origin of the server, without a trailing slash. */
  publicUrl: () => string
}

const WHY: Record<'gone' | 'failing', string> = {
  gone: 'It answered 410 Gone, by which a receiver says that it wants nothing more.',
  failing: 'For five days every delivery to it has failed.',
}

/** Tells the owners of a workspace when one of its endpoints was switched off by itself. */
export function createNotices(deps: NoticesDeps) {
  const { db, clock, mails, directory, users, publicUrl } = deps
  const untold = and(
    isNull(webhookEndpoints.ownerToldAt),
    // As the index has it: only literals let SQLite use it.
    sql`disabled_reason IN ('gone', 'failing')`,
    isNull(webhookEndpoints.deletedAt),
  )

  function textFor(row: WebhookEndpointRow, workspace: string): string {
    const why = row.disabledReason === 'gone' ? WHY.gone : WHY.failing
    const since = row.failingSince === null ? [] : [`Failing since ${toIso(row.failingSince)}.`]
    return [
      `the webhook ${row.url} of the workspace "${workspace}" was switched off. ${why}`,
      ...since,
      'What waited for it was canceled, and nothing more is sent. Mend the receiver, enable the webhook, and replay what it missed:',
      `${publicUrl()}/webhooks`,
      '— Linkstead',
    ].join('\n\n')
  }

  /** Queues the mails about one endpoint and notes that they are, in one transaction. */
  function tell(row: WebhookEndpointRow): void {
    db.write((tx) => {
      const workspace = directory.findLive(row.workspaceId)
      const owners = workspace ? directory.ownerIdsOf(row.workspaceId) : []
      for (const id of owners) {
        const owner = users.findById(id)
        if (!owner || !workspace) continue
        const text = `Hello ${owner.name},\n\n${textFor(row, workspace.name)}\n`
        const subject = `A webhook of ${workspace.name} was switched off`
        mails.enqueue(tx, { to: owner.email, kind: 'webhook.disabled', subject, text })
      }
      tx.update(webhookEndpoints)
        .set({ ownerToldAt: clock.now() })
        .where(eq(webhookEndpoints.id, row.id))
        .run()
    })
  }

  return {
    /** Tells of endpoints that were switched off since the last look, each once. */
    loop: {
      name: 'webhooks.notices',
      schedule: { everyMs: EVERY_MS },
      run(): void {
        const rows = db.read.select().from(webhookEndpoints).where(untold).limit(TOLD_PER_RUN).all()
        for (const row of rows) tell(row)
      },
    } satisfies Loop,
  }
}
