import type { Client, TestApp } from './app'
import { OWNER } from './owner'

type Person = { email: string }

/** A client with the access token of a person whose password is the tests' usual one. */
export async function tokenOf(app: TestApp, { email }: Person): Promise<Client> {
  const { json } = await app.as().post('/api/auth/token', { email, password: OWNER.password })
  return app.as(String(json.token))
}

/** A client with the dashboard's cookie of a person, and its CSRF token. */
export async function dashboardOf(app: TestApp, { email }: Person): Promise<Client> {
  const answer = await app.as().post('/api/session', { email, password: OWNER.password })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  return app.as({ cookie, 'x-csrf-token': String(answer.json.csrfToken) })
}

/** The secret in the newest mail to an address, as an operator without SMTP reads it. */
export function secretMailedTo(app: TestApp, email: string): string {
  const { mails } = app.services
  const row = mails
    .list({ limit: 100, offset: 0 })
    .rows.find(({ recipient }) => recipient === email)
  if (!row) throw new Error(`No mail went to ${email}.`)
  const reader = { kind: 'system', id: null, name: 'test' } as const
  const text = mails.requireById(row.id, reader).body?.text ?? ''
  return /\/invite\/([\w-]+)/.exec(text)?.[1] ?? ''
}
