import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import type { LinkPayload } from './content'
import type { LinkRule, LinkVariant } from './control'
import type { Controls } from './control-judge'
import { type LinkRow, linkCounts, links, slugTombstones } from './table'

const value = sql.placeholder

export type LinkRows = ReturnType<typeof createLinkRows>

/**
 * The statements of every request that creates or opens a link, compiled once per connection:
 * building them anew would cost more than running them.
 */
export function createLinkRows({ read }: Pick<Database, 'read'>) {
  return { ...lookUps(read), ...creation(read) }
}

function lookUps(read: Database['read']) {
  const mine = and(eq(links.workspaceId, value('workspaceId')), isNull(links.deletedAt))
  const isAt = and(eq(links.host, value('host')), eq(links.slug, value('slug')))
  const byId = read
    .select()
    .from(links)
    .where(and(mine, eq(links.id, value('id'))))
    .prepare()
  const bySlug = read.select().from(links).where(and(mine, isAt)).prepare()
  const live = read
    .select({ no: links.no })
    .from(links)
    .where(and(isAt, isNull(links.deletedAt)))
    .prepare()
  const byExternalId = read
    .select()
    .from(links)
    .where(and(mine, eq(links.externalId, value('externalId'))))
    .prepare()
  const tombstone = read
    .select({ workspaceId: slugTombstones.workspaceId })
    .from(slugTombstones)
    .where(and(eq(slugTombstones.host, value('host')), eq(slugTombstones.slug, value('slug'))))
    .prepare()
  return {
    findById: (workspaceId: string, id: string): LinkRow | undefined =>
      byId.get({ workspaceId, id }),
    findBySlug: (workspaceId: string, host: string, slug: string): LinkRow | undefined =>
      bySlug.get({ workspaceId, host, slug }),
    /** Whether any workspace's live link has the slug. */
    isLive: (host: string, slug: string): boolean => live.get({ host, slug }) !== undefined,
    findByExternalId: (workspaceId: string, externalId: string): LinkRow | undefined =>
      byExternalId.get({ workspaceId, externalId }),
    /** The workspace whose deleted link had the slug. */
    formerOwnerOf: (host: string, slug: string): string | undefined =>
      tombstone.get({ host, slug })?.workspaceId,
  }
}

/** What stands between a visitor and a link; JSON as {@link creation} writes it. */
const CONTROL = {
  passwordHash: value('passwordHash'),
  rules: sql<LinkRule[]>`${value('rules')}`,
  variants: sql<LinkVariant[]>`${value('variants')}`,
  startsAt: value('startsAt'),
  expiresAt: value('expiresAt'),
  expiredUrl: value('expiredUrl'),
  clickLimit: value('clickLimit'),
  forwardQuery: value('forwardQuery'),
  trackConversions: value('trackConversions'),
}

function creation(read: Database['read']) {
  const columns = {
    id: value('id'),
    workspaceId: value('workspaceId'),
    host: value('host'),
    slug: value('slug'),
    kind: value('kind'),
    originalUrl: value('originalUrl'),
    targetUrl: value('targetUrl'),
    title: value('title'),
    notes: value('notes'),
    externalId: value('externalId'),
    isActive: true,
    createdBy: value('createdBy'),
    createdAt: value('at'),
    updatedAt: value('at'),
    // Written as JSON below: a placeholder of the column itself would make null the text "null".
    payload: sql<LinkPayload>`${value('payload')}`,
    ...CONTROL,
  }
  const insert = read.insert(links).values(columns).returning().prepare()
  const count = read
    .select({ live: linkCounts.live })
    .from(linkCounts)
    .where(eq(linkCounts.workspaceId, value('workspaceId')))
    .prepare()
  const move = read
    .insert(linkCounts)
    .values({ workspaceId: value('workspaceId'), live: value('first') })
    .onConflictDoUpdate({
      target: linkCounts.workspaceId,
      set: { live: sql`${linkCounts.live} + ${value('by')}` },
    })
    .prepare()
  return {
    insert: ({ payload, rules, variants, ...row }: NewLink): LinkRow =>
      insert.get({
        ...row,
        payload: payload && JSON.stringify(payload),
        rules: rules && JSON.stringify(rules),
        variants: variants && JSON.stringify(variants),
      }),
    /** How many live links a workspace has, from its counter: counting rows would grow with them. */
    countLive: (workspaceId: string): number => count.get({ workspaceId })?.live ?? 0,
    /** Moves the counter in the transaction that adds or hides a link. */
    moveLiveCount: (workspaceId: string, by: 1 | -1): void =>
      void move.run({ workspaceId, by, first: Math.max(0, by) }),
  }
}

/** What a new link is made of; `at` is when. */
export type NewLink = Controls &
  Pick<
    LinkRow,
    | 'id'
    | 'workspaceId'
    | 'host'
    | 'slug'
    | 'kind'
    | 'payload'
    | 'passwordHash'
    | 'originalUrl'
    | 'targetUrl'
    | 'title'
    | 'notes'
    | 'externalId'
    | 'createdBy'
  > & { at: number }
