import { DAY } from '../../src/core/clock'
import type { Answer, Client, TestApp } from './app'
import { formOf } from './imports'
import { plantActions, plantPages } from './scan-tenant'
import type { Tenant } from './seed'
import { secretMailedTo, tokenOf } from './signed-in'

/** A tenant with every way to call, who owns one row of everything. */
export type Inhabitant = {
  app: TestApp
  tenant: Tenant
  /** A word that is in the text of each of their rows, and in nobody else's. */
  mark: string
  key: Client
  person: Client
  /** Ids by template, `/api/v1/links/{id}`; filled in the order of {@link ROWS}. */
  ids: Record<string, string>
}

type Row = {
  /** Makes a row and answers what stands in the path for it. */
  make(owner: Inhabitant): string | Promise<string>
  /** What a stranger gets, where it is not 404. */
  refusal?: 403
}

/**
 * How to make a row of each kind, by the path up to its parameter. A new path parameter needs an
 * entry here: the isolation test then drives every operation on it as another tenant.
 */
export const ROWS: Readonly<Record<string, Row>> = {
  '/api/v1/workspaces/{id}': {
    async make({ person, tenant, mark }) {
      const path = `/api/v1/workspaces/${tenant.workspaceId}`
      return idOf(await person.patch(path, { name: `Workspace ${mark}` }))
    },
  },
  '/api/v1/workspaces/{id}/members/{memberId}': {
    async make({ app, person, tenant, mark }) {
      const { email } = await app.seed.tenant({ email: `member-${mark}@example.com`, name: mark })
      const path = `/api/v1/workspaces/${tenant.workspaceId}/members`
      return idOf(await person.post(path, { email, role: 'viewer' }))
    },
  },
  '/api/v1/workspaces/{id}/invitations/{invitationId}': {
    async make({ person, tenant, mark }) {
      const path = `/api/v1/workspaces/${tenant.workspaceId}/invitations`
      return idOf(await person.post(path, { email: `${mark}@example.org`, role: 'viewer' }))
    },
  },
  '/api/v1/invitations/{token}': {
    make: ({ app, mark }) => secretMailedTo(app, `${mark}@example.org`),
    refusal: 403,
  },
  '/api/v1/keys/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/keys', { name: `Key ${mark}` })),
  },
  '/api/v1/api-keys/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/api-keys', { name: mark })),
  },
  '/api/v1/webhooks/{id}': {
    make: async ({ key, mark }) =>
      idOf(
        await key.post('/api/v1/webhooks', {
          ...{ url: `http://127.0.0.1:9999/${mark}`, events: ['link.created'] },
          description: mark,
        }),
      ),
  },
  '/api/v1/links/{id}': {
    async make({ key, mark }) {
      const link = { url: `https://example.com/${mark}`, slug: `s-${mark}` }
      const id = idOf(await key.post('/api/v1/links', link))
      // A change, so that there is one to go back to.
      return idOf(await key.patch(`/api/v1/links/${id}`, { notes: mark }))
    },
  },
  '/api/v1/customers/{id}': {
    async make({ key, mark }) {
      const lead = { customerExternalId: mark, eventName: mark }
      const { json } = await key.post('/api/v1/track/leads', lead)
      return String(json.data.customer.id)
    },
  },
  '/api/v1/imports/{id}': {
    async make({ app, key, mark }) {
      const lines = [1, 2, 3].map((nth) => `https://example.com/${mark}/${nth},${mark}-${nth}`)
      const file = `url,slug\n${lines.join('\n')}\n`
      const { body, headers } = await formOf(file, { source: 'csv' }, `${mark}.csv`)
      const id = idOf(await key.post('/api/v1/imports', body, headers))
      await app.services.loops.run('imports')
      return id
    },
  },
  '/api/v1/link_folders/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/link_folders', { name: mark })),
  },
  '/api/v1/link_tags/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/link_tags', { name: mark })),
  },
  '/api/v1/utm_templates/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/utm_templates', { name: mark })),
  },
  '/api/v1/domains/{id}': {
    make: async ({ key, mark }) =>
      idOf(await key.post('/api/v1/domains', { domain: `go.${mark}.example` })),
  },
  '/api/v1/projects/{id}': {
    async make({ key, mark }) {
      const { status, text, json } = await key.post('/api/v1/projects', {
        ...{ domain: `https://www.${mark}.example/start`, name: `Project ${mark}` },
      })
      if (status !== 201) throw new Error(`A project could not be made: ${text}`)
      return String(json.project.id)
    },
  },
  '/api/v1/projects/{id}/scans/{scanId}': {
    async make({ app, key, tenant, ids, mark }) {
      const projectId = ids['/api/v1/projects/{id}'] ?? ''
      const id = idOf(await key.post(`/api/v1/projects/${projectId}/scans`))
      plantPages({ app, workspaceId: tenant.workspaceId, projectId, mark }, id)
      return id
    },
  },
  '/api/v1/projects/{id}/actions/{actionId}': {
    make({ app, tenant, ids, mark }) {
      const projectId = ids['/api/v1/projects/{id}'] ?? ''
      return plantActions({ app, workspaceId: tenant.workspaceId, projectId, mark })
    },
  },
  '/api/v1/sites/{id}': {
    make: async ({ key, mark }) =>
      idOf(await key.post('/api/v1/sites', { url: `https://${mark}.example/${mark}`, name: mark })),
  },
  '/api/v1/jobs/{id}': {
    make: async ({ key, ids }) => {
      const job = { site_id: ids['/api/v1/sites/{id}'], directory_ids: [1, 2, 3, 4] }
      return idOf(await key.post('/api/v1/jobs', job))
    },
  },
  '/api/v1/submissions/{id}': {
    make: async ({ key, ids }) => {
      const { json } = await key.get(`/api/v1/jobs/${ids['/api/v1/jobs/{id}']}/submissions`)
      return String(json.data[0].id)
    },
  },
  '/api/v1/backlinks/{id}': {
    async make({ key, mark, ids }) {
      const { status, text, json } = await key.post('/api/v1/backlinks', {
        project_id: ids['/api/v1/projects/{id}'],
        urls: [`http://127.0.0.1:9999/${mark}`],
      })
      if (status !== 201) throw new Error(`A backlink could not be made: ${text}`)
      return String(json.data.results[0].id)
    },
  },
  '/api/v1/analyze/{id}': {
    make: async ({ key, mark }) =>
      idOf(await key.post('/api/v1/analyze', { url: `https://${mark}.example/` })),
  },
  '/api/v1/prompts/{id}': {
    make: async ({ key, mark }) =>
      idOf(await key.post('/api/v1/prompts', { text: `Which ${mark} is best?` })),
  },
  '/api/v1/competitors/{id}': {
    make: async ({ key, mark }) => idOf(await key.post('/api/v1/competitors', { name: mark })),
  },
  '/api/v1/tracking/{id}': {
    async make({ key, tenant, mark }) {
      await key.patch(`/api/v1/workspaces/${tenant.workspaceId}`, { brand: { name: mark } })
      const { status, text, json } = await key.post('/api/v1/tracking', { platforms: ['local'] })
      if (status !== 202) throw new Error(`A run could not be made: ${text}`)
      return String(json.data[0].id)
    },
  },
  '/api/v1/deliveries/{id}': {
    make: async ({ key, ids }) => {
      const endpoint = ids['/api/v1/webhooks/{id}']
      return idOf(await key.post(`/api/v1/webhooks/${endpoint}/test`))
    },
  },
  '/api/v1/events/{id}': {
    make: async ({ key }) => {
      const answer = await key.get('/api/v1/events')
      return String(answer.json.data[0].id)
    },
  },
  '/api/v1/track/providers/stripe/{token}': {
    // Not by its route, which a plan may not include.
    make: ({ app, tenant }) =>
      app.services.stripe.put(tenant.principal, {}).url.split('/').at(-1) ?? '',
  },
  '/api/v1/reports/{id}': {
    async make({ app, key }) {
      const later = app.clock.now() + 14 * DAY
      await app.services.reports.weekly.run(later, new AbortController().signal)
      const { json } = await key.get('/api/v1/reports')
      return String(json.data[0].id)
    },
  },
  '/api/v1/admin/users/{id}': { make: ({ tenant }) => tenant.userId },
  '/api/v1/admin/workspaces/{id}': { make: ({ tenant }) => tenant.workspaceId },
  // Of no tenant: a number that stands in no other text by chance.
  '/api/v1/admin/directories/{id}': { make: () => '90071992547' },
  // Not the plan of the tenants, which would lose by a change what their rows need.
  '/api/v1/admin/plans/{id}': { make: () => 'creator' },
  '/api/v1/billing/invoices/{id}': {
    make({ app, tenant }) {
      const { subscriber } = app.services.billing
      const wanted = { plan: 'agency', interval: 'year' } as const
      return subscriber.change(tenant.principal, wanted).invoice?.id ?? ''
    },
  },
  '/api/v1/admin/invoices/{id}': {
    make: ({ ids }) => ids['/api/v1/billing/invoices/{id}'] ?? '',
  },
  '/api/v1/admin/subscriptions/{id}': {
    make: ({ app, tenant }) => app.services.billing.subscriptionOf(tenant.workspaceId)?.id ?? '',
  },
  '/api/v1/admin/mails/{id}': {
    make({ app, mark }) {
      const { rows } = app.services.mails.list({ limit: 100, offset: 0 })
      return rows.find(({ recipient }) => recipient === `${mark}@example.org`)?.id ?? ''
    },
  },
}

/** A tenant with a row of everything that {@link ROWS} knows. */
export async function inhabitant(app: TestApp, mark: string): Promise<Inhabitant> {
  const tenant = await app.seed.tenant({ email: `${mark}@example.com`, name: `Person ${mark}` })
  const owner: Inhabitant = {
    ...{ app, tenant, mark, ids: {} },
    ...{ key: app.as(tenant.key()), person: await tokenOf(app, tenant) },
  }
  for (const [template, { make }] of Object.entries(ROWS)) owner.ids[template] = await make(owner)
  return owner
}

function idOf({ status, text, json }: Answer): string {
  if (status > 299) throw new Error(`A row could not be made: ${text}`)
  return String(json.data.id)
}
