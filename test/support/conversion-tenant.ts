import type { TestApp } from './app'

export const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

type MadeLink = { id: string; slug: string; shortUrl: string }

/** A tenant with two links that track conversions, and visitors who follow them. */
export async function conversionTenant(app: TestApp, plan = 'agency') {
  const tenant = await app.seed.tenant({ plan })
  const key = app.as(tenant.key())
  const links: MadeLink[] = []
  for (const path of ['one', 'two']) {
    const link = { url: `https://shop.example/${path}?a=1`, trackConversions: true }
    const { json } = await key.post('/api/v1/links', link)
    links.push(json.data)
  }

  let visitors = 0
  /** Follows a link as a new visitor and answers what arrives at the target. */
  async function visit(link = 0, headers: Record<string, string> = {}): Promise<URL> {
    visitors += 1
    const agent = { 'user-agent': `${BROWSER} Visitor/${visitors}` }
    const { slug } = links[link] ?? { slug: '' }
    const { headers: answered } = await app.as().get(`/${slug}`, { ...agent, ...headers })
    return new URL(answered.get('location') ?? '')
  }
  const click = async (link = 0, headers: Record<string, string> = {}): Promise<string> =>
    (await visit(link, headers)).searchParams.get('ls_id') ?? ''

  const lead = (body: object) =>
    key.post('/api/v1/track/leads', { customerExternalId: 'ada', eventName: 'Sign up', ...body })
  const sale = (body: object) =>
    key.post('/api/v1/track/sales', {
      ...{ customerExternalId: 'ada', amount: 1250, currency: 'EUR' },
      ...body,
    })
  return { tenant, key, links, visit, click, lead, sale }
}

export type ConversionTenant = Awaited<ReturnType<typeof conversionTenant>>
