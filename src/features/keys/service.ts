import { and, count, desc, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm'
import { actorOf, expandScopes, type Identity, type Principal, type Scope } from '../../core/access'
import { type Clock, MINUTE } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { Audit } from '../audit/service'
import type { Entitlements } from '../billing/service'
import { createKeyCredentials, type KeyOwner, newKeyText } from './credential'
import { parseOrigins } from './origins'
import type { CreateKey, ListKeys, UpdateKey, UsedKey } from './schema'
import { type KeyRow, keys } from './table'

export type KeyDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'requireRoom'>
  audit: Pick<Audit, 'record'>
  users: { findById(id: string): KeyOwner | undefined }
}

export type Keys = ReturnType<typeof createKeys>

/** All that a publishable key is for: it sends leads and sales. */
const PUBLISHABLE_SCOPES: ReadonlySet<Scope> = new Set(['conversions:write'])
const SORT = 'newest'

/** API keys: minted within the caller's own rights, shown once, revocable at once. */
export function createKeys(deps: KeyDeps) {
  const { db, clock, entitlements, audit } = deps
  const credentials = createKeyCredentials(deps)

  const used = (row: KeyRow): UsedKey => ({ row, lastUsedAt: credentials.lastUsedAt(row) })

  /** Keys of the selected workspace, and those of all workspaces of a caller who is a user. */
  function visibleTo({ workspaceId, userId }: Principal): SQL | undefined {
    const own = userId === null ? undefined : eq(keys.userId, userId)
    return and(isNull(keys.revokedAt), or(eq(keys.workspaceId, workspaceId), own))
  }

  function requireKey(tx: Tx, principal: Principal, id: string): KeyRow {
    const row = tx
      .select()
      .from(keys)
      .where(and(eq(keys.id, id), visibleTo(principal)))
      .get()
    if (!row) throw notFound('key')
    return row
  }

  function countLive(tx: Tx, principal: Principal): number {
    const live = or(isNull(keys.expiresAt), gt(keys.expiresAt, clock.now()))
    const counted = and(visibleTo(principal), live)
    return tx.select({ n: count() }).from(keys).where(counted).get()?.n ?? 0
  }

  function record(tx: Tx, principal: Principal, action: string, row: KeyRow, details: object) {
    audit.record(tx, {
      workspaceId: row.workspaceId,
      actor: actorOf(principal),
      action: `key.${action}`,
      subjectId: row.id,
      details: { name: row.name, prefix: row.prefix, ...details },
    })
  }

  function expiryOf(text: string | null): number | null {
    if (text === null) return null
    const at = Date.parse(text)
    if (at <= clock.now()) throw invalid('expires_at', 'A key can only expire in the future.')
    return at
  }

  return {
    /** Who a key is. Throws `account_blocked`. See {@link createKeyCredentials}. */
    identify: (text: string): Identity | undefined => credentials.identify(text),

    /**
     * Mints a key and returns its text, which nobody can read again. Throws `forbidden` for scopes
     * beyond the caller's, `validation_failed`, `limit_reached`.
     */
    create(principal: Principal, input: CreateKey): UsedKey & { text: string } {
      const { name, kind } = input
      const scopes = grantedScopes(principal, kind, input.scopes)
      const expiresAt = expiryOf(input.expires_at ?? null)
      const allowedOrigins = originsOf(kind, input.allowed_origins ?? null)
      const binding = bindingOf(principal, input)
      return db.write((tx) => {
        entitlements.requireRoom(tx, principal.workspaceId, 'keys', countLive(tx, principal))
        const { text, keyHash, prefix } = newKeyText(kind)
        const createdAt = clock.now()
        const row = tx
          .insert(keys)
          .values({
            id: newId('key', createdAt),
            ...binding,
            ...{ kind, name, keyHash, prefix, scopes, allowedOrigins, expiresAt },
            createdBy: principal.actorName,
            createdAt,
          })
          .returning()
          .get()
        record(tx, principal, 'created', row, { kind, scopes })
        return { row, lastUsedAt: null, text }
      })
    },

    /** One page of keys, newest first. Throws `validation_failed` for a foreign cursor. */
    list(principal: Principal, { limit, offset, cursor }: ListKeys): Page<UsedKey> {
      const at = cursor === undefined ? undefined : decodeCursor(cursor, SORT)
      const after = at && sql`(${keys.createdAt}, ${keys.id}) < (${at.value}, ${at.id})`
      const visible = visibleTo(principal)
      const rows = db.read
        .select()
        .from(keys)
        .where(and(visible, after))
        .orderBy(desc(keys.createdAt), desc(keys.id))
        .limit(limit + 1)
        .offset(at ? 0 : offset)
        .all()
      const total = db.read.select({ n: count() }).from(keys).where(visible).get()?.n ?? 0
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: SORT, value: last.createdAt, id: last.id })
        : null
      return { data: shown.map(used), meta: { total, limit, offset, nextCursor } }
    },

    /** Throws `not_found`. */
    requireById: (principal: Principal, id: string): UsedKey =>
      used(requireKey(db.read, principal, id)),

    /**
     * Changes a key. Throws `not_found`, `validation_failed`, and `forbidden` when it would get
     * more than the caller has.
     */
    update(principal: Principal, id: string, input: UpdateKey): UsedKey {
      return db.write((tx) => {
        const before = requireKey(tx, principal, id)
        const { kind } = before
        const { name, expires_at, allowed_origins } = input
        const changes: Partial<KeyRow> = {
          ...(name === undefined ? {} : { name }),
          ...(input.scopes === undefined
            ? {}
            : { scopes: grantedScopes(principal, kind, input.scopes) }),
          ...(expires_at === undefined ? {} : { expiresAt: expiryOf(expires_at) }),
          ...(allowed_origins === undefined
            ? {}
            : { allowedOrigins: originsOf(kind, allowed_origins) }),
        }
        const changed = Object.keys(changes)
        if (changed.length === 0) return used(before)
        const row = tx.update(keys).set(changes).where(eq(keys.id, id)).returning().get()
        record(tx, principal, 'updated', row, { changed })
        return used(row)
      })
    },

    /** Ends a key with this transaction: the next request that carries it gets 401. */
    revoke(principal: Principal, id: string): string {
      return db.write((tx) => {
        const row = requireKey(tx, principal, id)
        tx.update(keys).set({ revokedAt: clock.now() }).where(eq(keys.id, id)).run()
        record(tx, principal, 'revoked', row, {})
        return id
      })
    },

    /** Writes `last_used_at` once a minute, apart from the requests that used the keys. */
    loop: {
      name: 'keys.last-used',
      schedule: { everyMs: MINUTE },
      run: () => credentials.writeUses(),
    } satisfies Loop,

    /** Writes what the loop would; before the server stops. */
    writeUses: () => credentials.writeUses(),
  }
}

/** The scopes asked for, which the caller must hold; by default all that the caller holds. */
function grantedScopes(
  principal: Principal,
  kind: KeyRow['kind'],
  names: readonly string[] | undefined,
): Scope[] {
  const byDefault = kind === 'publishable' ? PUBLISHABLE_SCOPES : principal.scopes
  const scopes = names === undefined ? byDefault : expandScopes(names)
  if (scopes.size === 0) throw invalid('scopes', 'Name at least one scope.')
  for (const scope of scopes) {
    if (kind === 'publishable' && !PUBLISHABLE_SCOPES.has(scope)) {
      throw invalid('scopes', 'A publishable key can only have conversions:write.')
    }
    if (principal.scopes.has(scope)) continue
    throw new AppError('forbidden', `A key cannot get ${scope}, which you do not have yourself.`, {
      field: 'scopes',
    })
  }
  return [...scopes]
}

function originsOf(kind: KeyRow['kind'], texts: readonly string[] | null): string[] | null {
  if (texts === null) return null
  if (kind === 'publishable') return parseOrigins(texts, 'allowed_origins')
  throw invalid('allowed_origins', 'Only a publishable key has allowed origins.')
}

/** To the workspace that the body names (the gate has entered it), else as the caller is bound. */
function bindingOf(principal: Principal, { kind, workspace_id }: CreateKey) {
  const { workspaceId, boundWorkspaceId, userId } = principal
  if (boundWorkspaceId !== null && workspace_id === null) {
    throw new AppError('forbidden', 'A key of one workspace can only make keys of that workspace.')
  }
  if (typeof workspace_id === 'string' && workspace_id !== workspaceId) {
    throw invalid('workspace_id', 'This is not the workspace that the request selects otherwise.')
  }
  if (kind === 'publishable' && workspace_id === null) {
    throw invalid('workspace_id', 'A publishable key belongs to one workspace.')
  }
  const bound = boundWorkspaceId !== null || kind === 'publishable' || workspace_id !== undefined
  if (bound && workspace_id !== null) return { workspaceId, userId: null }
  return { workspaceId: null, userId }
}
