import { firstIdAt } from '../../src/features/clicks/click-id'
import { createRollup } from '../../src/features/clicks/rollup'
import type { TestApp } from './app'

export type MadeClick = {
  at: string
  /** Which of the tenant's two links. */
  link?: number
  verdict?: number
  firsts?: number
  country?: string
  device?: string
  utm_source?: string
}

/** A tenant with two links, and a way to give them clicks of any time. */
export async function analyticsTenant(app: TestApp, plan = 'agency') {
  const { db, directory } = app.services
  const tenant = await app.seed.tenant({ plan })
  const key = app.as(tenant.key())
  const links: { id: string; slug: string; shortUrl: string }[] = []
  for (const slug of ['one', 'two']) {
    const { json } = await key.post('/api/v1/links', { url: `https://example.com/${slug}` })
    links.push(json.data)
  }
  const workspaceNo = directory.findLive(tenant.workspaceId)?.no ?? 0
  const linkNo = db.sqlite.query<{ no: number }, [string]>('SELECT no FROM links WHERE id = ?')
  const termNo = db.sqlite.query<{ no: number }, [string]>(
    'INSERT INTO click_terms (text) VALUES (?) ON CONFLICT DO UPDATE SET text = text RETURNING no',
  )
  const insert = db.sqlite.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       utm_source) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)`,
  )
  const term = (text: string | undefined) => (text ? (termNo.get(text)?.no ?? null) : null)

  /** Stores clicks, all but the newest rolled up. */
  async function add(clicks: readonly MadeClick[]): Promise<void> {
    const inOrder = clicks.toSorted((a, b) => (a.at < b.at ? -1 : 1))
    const rollup = createRollup({ db })
    db.write(() => {
      for (const [index, click] of inOrder.entries()) {
        if (index === inOrder.length - 1) while (rollup.rollSome()) {}
        const at = Date.parse(click.at)
        const no = linkNo.get(links[click.link ?? 0]?.id ?? '')?.no ?? 0
        const values = [term(click.country), term(click.device), term(click.utm_source)]
        const { verdict = 0, firsts = 0 } = click
        insert.run(firstIdAt(at) + index, no, workspaceNo, at, verdict, firsts, ...values)
      }
    })
  }
  return { tenant, key, links, workspaceNo, add }
}
