import { z } from 'zod'
import { toIso } from '../../core/clock'
import { pageOf, pageQuery, Timestamp } from '../../http/schema'
import type { LinkRule } from './control'
import { toRules } from './control-schema'
import { historyIdOf, type LinkVersion } from './history'
import { LinkQuery } from './schema'

export const ListHistory = pageQuery().extend(LinkQuery.shape)
export type ListHistory = z.infer<typeof ListHistory>

export const Rollback = z
  .object({
    historyId: z.string().min(1).max(200).optional().describe('The `id` of a change.'),
    version: z.int().min(1).max(1_000_000_000).optional().describe('Its `version`.'),
  })
  .refine(({ historyId, version }) => (historyId === undefined) !== (version === undefined), {
    path: ['version'],
    error: 'send either historyId or version',
  })
  .meta({ id: 'RollbackLink', examples: [{ version: 1 }] })
export type Rollback = z.infer<typeof Rollback>

export const LinkChange = z
  .object({
    id: z.string(),
    version: z.int().describe('1 for the first change; a rollback leads to what was before it.'),
    at: Timestamp,
    actor: z.string().describe('The person or key that made the change.'),
    changes: z
      .record(z.string(), z.object({ before: z.unknown(), after: z.unknown() }))
      .describe('By field: what it was and what it became.'),
  })
  .meta({ id: 'LinkChange' })
export type LinkChange = z.infer<typeof LinkChange>

export const LinkHistory = pageOf(LinkChange)

/** Columns that go by another name on the wire, or follow from another one. */
const WIRE_NAMES: Readonly<Record<string, string | null>> = {
  originalUrl: 'url',
  targetUrl: null,
  passwordHash: 'password',
}

/** What only says that it is there. */
const SECRETS: ReadonlySet<string> = new Set(['password'])

const time = (at: unknown) => toIso(Number(at))

/** Columns whose values look another way on the wire. */
const WIRE_VALUES: Readonly<Record<string, (value: unknown) => unknown>> = {
  startsAt: time,
  expiresAt: time,
  // The marked boundary: history holds what the column held.
  rules: (rules) => toRules(rules as LinkRule[]),
}

/** The only way in which a change becomes JSON. */
export function toLinkChange({ linkId, version, row }: LinkVersion): LinkChange {
  const changes = Object.entries(row.changes).flatMap(([column, { before, after }]) => {
    const name = WIRE_NAMES[column] === undefined ? column : WIRE_NAMES[column]
    if (name === null) return []
    const shown = (value: unknown) => {
      if (value === null || value === undefined) return null
      return SECRETS.has(name) ? 'set' : (WIRE_VALUES[column]?.(value) ?? value)
    }
    return [[name, { before: shown(before), after: shown(after) }]]
  })
  return {
    id: historyIdOf(linkId, version),
    version,
    at: toIso(row.at),
    actor: row.actorName,
    changes: Object.fromEntries(changes),
  }
}
