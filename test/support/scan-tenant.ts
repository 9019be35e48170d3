import { eq } from 'drizzle-orm'
import { actions, scanPages, scans } from '../../src/features/scans/table'
import type { TestApp } from './app'

type Scanned = { app: TestApp; workspaceId: string; projectId: string; mark: string }

/** Pages of a scan, as a crawl stores them, without one: that would have to ask somebody. */
export function plantPages({ app, mark }: Scanned, scanId: string): void {
  app.services.db.write((tx) => {
    const scan = tx.select().from(scans).where(eq(scans.id, scanId)).get()
    if (!scan) throw new Error(`There is no scan ${scanId}.`)
    for (const path of ['', 'a', 'b']) {
      const url = `https://${mark}.example/${path}`
      const found = { state: 'done' as const, status: 200, depth: 1, inSitemap: true }
      tx.insert(scanPages)
        .values({ scanNo: scan.no, url, path: url, ...found })
        .run()
    }
  })
}

/** Actions, as a scan makes them; answers the id of one. */
export function plantActions({ app, workspaceId, projectId, mark }: Scanned): string {
  const now = app.clock.now()
  const times = { firstSeenAt: now, lastSeenAt: now, updatedAt: now }
  const samples = [{ url: `https://${mark}.example/`, evidence: mark, foundOn: [] }]
  app.services.db.write((tx) => {
    for (const check of ['title_missing', 'h1_missing']) {
      const id = `act_${mark}_${check}`
      const values = { id, workspaceId, projectId, check, state: 'open' as const, ...times }
      tx.insert(actions)
        .values({ ...values, affected: 1, samples })
        .run()
    }
  })
  return `act_${mark}_title_missing`
}
