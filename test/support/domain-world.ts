import { type Answer, type Client, createTestApp, type TestApp } from './app'
import { createDnsServer } from './dns-server'
import type { Tenant } from './seed'

/** Where the server of these tests lives, as its visitors know it. */
export const SERVER = {
  host: 'links.agency.example',
  url: 'https://links.agency.example',
  v4: '198.51.100.7',
  v6: '2001:db8::7',
}

/** A server with a DNS of its own, in which it has its addresses. */
export async function createDomainWorld() {
  const dns = await createDnsServer({ [SERVER.host]: { A: [SERVER.v4], AAAA: [SERVER.v6] } })
  const app = await createTestApp({ env: { PUBLIC_URL: SERVER.url, DNS_SERVERS: dns.address } })
  const peer = { requestIP: () => ({ address: '203.0.113.9' }) }
  return {
    ...{ app, dns },

    /** A request as a visitor of some host makes it. */
    visit: async (url: string, init: RequestInit = {}): Promise<Response> =>
      app.runtime.handler(new Request(url, { redirect: 'manual', ...init }), peer),

    /** Sets the records that a domain asks for. */
    setRecords(domain: { records: { type: string; name: string; value: string }[] }): void {
      for (const { type, name, value } of domain.records) {
        const entry = dns.zone[name] ?? {}
        dns.zone[name] = entry
        if (type === 'CNAME') entry.CNAME = value
        else if (type === 'TXT') entry.TXT = [value]
        else if (type === 'A') entry.A = [value]
        else entry.AAAA = [value]
      }
    },

    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      dns[Symbol.dispose]()
    },
  }
}

export type DomainWorld = Awaited<ReturnType<typeof createDomainWorld>>

/** A client of a new tenant on a plan. */
export async function clientOf(
  app: TestApp,
  plan = 'agency',
): Promise<Client & { tenant: Tenant }> {
  const tenant = await app.seed.tenant({ plan })
  return { ...app.as(tenant.key()), tenant }
}

/** A verified domain with its records set. */
export async function verified(
  { setRecords }: DomainWorld,
  client: Client,
  domain: string,
  metadata: object = {},
): Promise<Answer['json']> {
  const made = await client.post('/api/v1/domains', { domain, ...metadata })
  if (made.status !== 201) throw new Error(made.text)
  setRecords(made.json.data)
  const answer = await client.post(`/api/v1/domains/${made.json.data.id}/verify`)
  if (answer.json.data.status !== 'verified') throw new Error(answer.text)
  return answer.json.data
}
