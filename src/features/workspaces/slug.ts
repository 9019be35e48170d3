import { eq } from 'drizzle-orm'
import { hashToken, randomToken } from '../../core/secret'
import type { Tx } from '../../platform/database'
import { workspaces } from './table'

const LENGTH_MAX = 40

/** The readable name of a workspace in addresses: `Müller & Söhne` → `muller-sohne`. */
function slugFrom(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LENGTH_MAX)
    .replace(/^-+|-+$/g, '')
  return slug || 'workspace'
}

/** A slug for `name` that no workspace has, deleted ones included. */
export function freeSlug(tx: Tx, name: string): string {
  const wanted = slugFrom(name)
  for (let slug = wanted; ; slug = `${wanted}-${suffix()}`) {
    const taken = tx
      .select({ no: workspaces.no })
      .from(workspaces)
      .where(eq(workspaces.slug, slug))
      .get()
    if (!taken) return slug
  }
}

/** Random rather than counted, so that a slug tells nothing about other tenants' names. */
const suffix = (): string => hashToken(randomToken()).slice(0, 4)
