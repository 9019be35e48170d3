import { type Client, createTestApp, type TestApp } from './app'
import type { Tenant } from './seed'
import { dashboardOf } from './signed-in'

export type BillingWorld = AsyncDisposable & {
  app: TestApp
  tenant: Tenant
  /** The tenant in the dashboard. */
  owner: Client
  superadmin: Client
  /** Does what is due; counts of it. */
  renew(): Promise<{ due: number; renewed: number; past_due: number; canceled: number }>
  /** `GET /api/v1/billing`. */
  billing(): ReturnType<Client['get']>
  /** Types and data of the tenant's events about money, oldest first. */
  told(): { type: string; data: Record<string, unknown> }[]
  /** Moves to a plan, and pays what that costs. */
  buy(plan: string, interval?: 'month' | 'year'): Promise<void>
}

const SECRET = 'the-secret-of-the-schedule'

/** A server with a tenant on Free whose period began now. */
export async function createBillingWorld({
  at,
  plan = 'free',
  env,
}: {
  at?: string
  plan?: string
  env?: Record<string, string>
} = {}): Promise<BillingWorld> {
  const app = await createTestApp({ env: { CRON_SECRET: SECRET, ...env } })
  if (at !== undefined) app.clock.set(at)
  const tenant = await app.seed.tenant({ plan })
  // Sessions end before a year is over: each call signs in anew.
  const signedIn = (person: { email: string }): Client => {
    const ask = (method: string) => async (path: string, body?: unknown) =>
      (await dashboardOf(app, person)).send(method, path, body)
    const [get, post, patch] = [ask('GET'), ask('POST'), ask('PATCH')]
    return {
      ...{ get, post, patch, delete: ask('DELETE') },
      send: (method, path, body) => ask(method)(path, body),
    }
  }
  const [owner, superadmin] = [signedIn(tenant), signedIn(app.seed.owner())]
  return {
    ...{ app, tenant, owner, superadmin },
    async renew() {
      const { status, json, text } = await app.as().post(`/api/cron?secret=${SECRET}&task=renew`)
      if (status !== 200) throw new Error(text)
      return json.ran.renew
    },
    billing: () => owner.get('/api/v1/billing'),
    told: () => moneyEvents(app, tenant.workspaceId),
    async buy(wanted, interval) {
      const body = { plan: wanted, ...(interval ? { interval } : {}) }
      const { json } = await owner.post('/api/v1/billing/change', body)
      if (!json.data.invoice) return
      await superadmin.post(`/api/v1/admin/invoices/${json.data.invoice.id}/pay`, {})
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

/** What a workspace was told of its subscription and its limits. */
export function moneyEvents(app: TestApp, workspaceId: string) {
  return app.services.db.sqlite
    .query<{ type: string; body: string }, [string]>(
      `SELECT type, CAST(body AS TEXT) AS body FROM events
       WHERE workspace_id = ? AND (type LIKE 'subscription.%' OR type LIKE 'usage.%')
       ORDER BY sequence`,
    )
    .all(workspaceId)
    .map(({ type, body }) => ({ type, data: JSON.parse(body).data as Record<string, unknown> }))
}

/** Every invoice as `[number, status, totalMinor]`, by number. */
export const ledgerOf = (app: TestApp) =>
  app.services.db.sqlite
    .query<{ number: number; status: string; total_minor: number }, []>(
      'SELECT number, status, total_minor FROM invoices ORDER BY number',
    )
    .all()
    .map((row) => [row.number, row.status, row.total_minor] as const)
