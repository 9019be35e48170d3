import type { Clock } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Tx } from '../../platform/database'
import type { LinkRows } from './rows'
import { generateSlug, parseSlug } from './slug'
import { type LinkRow, slugTombstones } from './table'

/** The namespace of the server's own host. */
export const MAIN_HOST = ''

const GENERATED_LENGTH = 6
const TRIES_PER_LENGTH = 4

export type SlugRegistryDeps = { clock: Clock; rows: Pick<LinkRows, 'isLive' | 'formerOwnerOf'> }

/** Which slugs of a host are taken, and new ones that are not. */
export function createSlugRegistry({ clock, rows }: SlugRegistryDeps) {
  return {
    parse: parseSlug,

    /** Throws `slug_taken` unless the workspace may use the slug now. */
    requireFree(workspaceId: string, slug: string, host: string = MAIN_HOST): void {
      const formerOwner = rows.formerOwnerOf(host, slug)
      // Who has proven a domain also decides what its old addresses mean.
      const isOwn = formerOwner === undefined || formerOwner === workspaceId
      if ((isOwn || host !== MAIN_HOST) && !rows.isLive(host, slug)) return
      throw new AppError('slug_taken', `The slug "${slug}" is taken. Choose another one.`, {
        field: 'slug',
      })
    },

    /** A slug that was never used, longer when the short ones are crowded. */
    generate(host: string = MAIN_HOST): string {
      for (let tries = 0; ; tries++) {
        const slug = generateSlug(GENERATED_LENGTH + Math.floor(tries / TRIES_PER_LENGTH))
        const isNew = rows.formerOwnerOf(host, slug) === undefined
        if (isNew && !rows.isLive(host, slug)) return slug
      }
    },

    /** Reserves the slug of a link that gives it up for that link's workspace. */
    entomb(tx: Tx, { host, slug, workspaceId }: LinkRow): void {
      const deletedAt = clock.now()
      tx.insert(slugTombstones)
        .values({ host, slug, workspaceId, deletedAt })
        .onConflictDoUpdate({
          target: [slugTombstones.host, slugTombstones.slug],
          set: { workspaceId, deletedAt },
        })
        .run()
    },
  }
}
