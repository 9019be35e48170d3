import PostalMime from 'postal-mime'
import type { TestApp } from './app'

/** Writes the weekly reports that are due by the test's clock. */
export const runWeekly = ({ services, clock }: Pick<TestApp, 'services' | 'clock'>) =>
  services.reports.weekly.run(clock.now(), new AbortController().signal)

/** The Monday after the week in which tests begin, 08:00 UTC. */
export const FIRST_MONDAY = '2026-03-16T08:00:00.000Z'

/** A mail as a client of mail reads it, with header names in lower case. */
export async function parsedMail(source: string) {
  const { subject = '', html = '', text = '', headers, to } = await PostalMime.parse(source)
  const header = (name: string): string | undefined =>
    headers.find(({ key }) => key === name)?.value
  return { subject, html, text, header, to: to?.[0]?.address ?? '' }
}

/** Rows that a weekly report consists of, of all workspaces. */
export function storedWeeks({ services }: Pick<TestApp, 'services'>) {
  const { sqlite } = services.db
  const all = <Row>(sql: string): Row[] => sqlite.query<Row, []>(sql).all()
  return {
    reports: all<{ workspace_id: string; week: string; status: string }>(
      'SELECT workspace_id, week, status FROM reports ORDER BY week, workspace_id',
    ),
    events: all<{ workspace_id: string; body: Uint8Array }>(
      "SELECT workspace_id, body FROM events WHERE type = 'report.weekly' ORDER BY sequence",
    ).map((row) => ({ ...row, body: JSON.parse(Buffer.from(row.body).toString()) })),
    mails: all<{ recipient: string; subject: string }>(
      "SELECT recipient, subject FROM mails WHERE kind = 'report.weekly' ORDER BY recipient",
    ),
  }
}
