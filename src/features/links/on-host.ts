import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Database, Tx } from '../../platform/database'
import { isReservedSlug } from './slug'
import { type LinkRow, links } from './table'
import { parseLinkTarget } from './target'

/** How many live links a host has, counted no further than `max`. */
function countLinksOn(tx: Tx, host: string, max: number): number {
  const some = tx
    .select({ one: sql<number>`1`.as('one') })
    .from(links)
    .where(and(eq(links.host, host), isNull(links.deletedAt)))
    .limit(max)
    .as('some')
  return tx.select({ n: sql<number>`count(*)` }).from(some).get()?.n ?? 0
}

const value = sql.placeholder

/** Finds a workspace's link by slug on any of some hosts: the first by name, so '' before all. */
export function createSlugSearch({ read }: Pick<Database, 'read'>) {
  const found = read
    .select()
    .from(links)
    .where(
      and(
        eq(links.workspaceId, value('workspaceId')),
        isNull(links.deletedAt),
        eq(links.slug, value('slug')),
        sql`${links.host} IN (SELECT value FROM json_each(${value('hosts')}))`,
      ),
    )
    .orderBy(asc(links.host))
    .limit(1)
    .prepare()
  return (workspaceId: string, hosts: readonly string[], slug: string): LinkRow | undefined =>
    found.get({ workspaceId, hosts: JSON.stringify(hosts), slug })
}

/** Origin of a host of links: that of the server when it is '', else the same with another name. */
export function originOf(publicUrl: string, host: string): string {
  if (host === '') return publicUrl
  const { protocol, port } = new URL(publicUrl)
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}`
}

/** What domains have to know of links. */
export const linksOnHosts = (publicUrl: () => string) => ({
  countOn: countLinksOn,
  isReservedSlug,
  parseTarget: (text: string, field: string): URL => parseLinkTarget(text, publicUrl(), { field }),
})
