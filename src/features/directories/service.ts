import { and, asc, count, eq, gt, gte, inArray, isNull, lte, or, sql } from 'drizzle-orm'
import type { Principal } from '../../core/access'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import type { Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import { type Excluded, exclusionOf, unknownDirectory } from './eligibility'
import {
  columnsOf,
  createDirectoryImport,
  type DirectoryImportDeps,
  newDirectory,
} from './importing'
import { createInstructing, type InstructingDeps } from './instructing'
import { directoryKeyOf, seededDirectories } from './inventory'
import { type AskedField, USUAL_FIELDS } from './recipe'
import type { DirectoryCoverage, DirectoryImport, ListDirectories } from './schema'
import { DIRECTORY_PRICES, type DirectoryRow, directories, SUBMISSION_MODES } from './table'
import { TIERS, tierOf } from './tier'

export type { Excluded, Exclusion } from './eligibility'
export type { AskedField, PackField } from './recipe'
export type { DirectoryRow } from './table'

/** What became of a submission, without anything that names its directory. */
export type DeliveryExample = DirectoryCoverage['delivery_examples'][number]

export type DirectoryDeps = DirectoryImportDeps &
  InstructingDeps & {
    entitlements: Pick<Entitlements, 'limitsOf'>
    /** Who knows what became of submissions. */
    deliveries: readonly (() => DeliveryExample[])[]
  }

export type Directories = ReturnType<typeof createDirectories>

const SORT = 'id'
const UNRATED = { source: null, fetchedAt: 0 }

/** The places that list websites: one inventory for the whole installation. */
export function createDirectories(deps: DirectoryDeps) {
  const { db, clock, entitlements, deliveries } = deps
  const isActive = eq(directories.status, 'active')
  const drMaxOf = (workspaceId: string) => entitlements.limitsOf(workspaceId).directoryRating

  /** What a plan reaches: everything unrated, and what is rated up to its cap. */
  const withinCap = (drMax: number | null) =>
    drMax === null ? undefined : or(isNull(directories.dr), lte(directories.dr, drMax))

  function filterOf({ category, price, mode, q, min_dr, max_dr }: ListDirectories) {
    const part = q?.trim().toLowerCase() ?? ''
    return and(
      category === undefined
        ? undefined
        : sql`EXISTS (SELECT 1 FROM json_each(${directories.categories}) WHERE lower(value) = ${category.toLowerCase()})`,
      price && eq(directories.price, price),
      mode && eq(directories.mode, mode),
      part === ''
        ? undefined
        : sql`(instr(lower(${directories.name}), ${part}) > 0 OR instr(${directories.key}, ${part}) > 0)`,
      min_dr === undefined ? undefined : gte(directories.dr, min_dr),
      max_dr === undefined ? undefined : lte(directories.dr, max_dr),
    )
  }

  const importFile = createDirectoryImport(deps)
  /** Of every active directory; forgotten when some change, since anybody may ask for them. */
  let totals: Omit<DirectoryCoverage, 'delivery_examples'> | undefined

  function totalsNow() {
    const rows = db.read.select().from(directories).where(isActive).all()
    return {
      total: rows.length,
      by_category: counted(rows.flatMap(({ categories }) => categories)),
      by_price: countedIn(
        DIRECTORY_PRICES,
        rows.map(({ price }) => price),
      ),
      by_mode: countedIn(
        SUBMISSION_MODES,
        rows.map(({ mode }) => mode),
      ),
      by_tier: countedIn(
        TIERS,
        rows.map(({ dr }) => tierOf(dr)),
      ),
    }
  }

  return {
    /** How each takes submissions, for superadmins. */
    instructing: createInstructing(deps),

    /** Those of these ids that there are, whatever their status. */
    byIds: (tx: Tx, ids: readonly number[]): DirectoryRow[] =>
      tx
        .select()
        .from(directories)
        .where(inArray(directories.id, [...ids]))
        .all(),

    /** What a directory asks for, in the order of its form. */
    fieldsOf: ({ fields }: Pick<DirectoryRow, 'fields'>): readonly AskedField[] =>
      fields ?? USUAL_FIELDS,

    /** The band of a rating. */
    tierOf: ({ dr }: Pick<DirectoryRow, 'dr'>) => tierOf(dr),

    /** Reads a file of the operator's. Throws `validation_failed`. */
    import(...given: Parameters<typeof importFile>): DirectoryImport {
      return db.write(() => {
        db.afterCommit(() => {
          totals = undefined
        })
        return importFile(...given)
      })
    },

    /** Adds those of the first inventory that are not there: ids from 1 in its order. */
    seed(tx: Tx): void {
      const known = new Set(
        tx
          .select({ key: directories.key })
          .from(directories)
          .all()
          .map(({ key }) => key),
      )
      const now = clock.now()
      for (const given of seededDirectories()) {
        if (known.has(directoryKeyOf(given.home_url))) continue
        const values = newDirectory(given, columnsOf(given, UNRATED), now)
        tx.insert(directories).values(values).run()
      }
    },

    /** One page of what the plan reaches, by id. Throws `validation_failed` for a foreign cursor. */
    list({ workspaceId }: Principal, query: ListDirectories): Page<DirectoryRow> {
      const { limit, offset, cursor } = query
      const after = cursor === undefined ? undefined : Number(decodeCursor(cursor, SORT).value)
      const chosen = and(isActive, withinCap(drMaxOf(workspaceId)), filterOf(query))
      const rows = db.read
        .select()
        .from(directories)
        .where(and(chosen, after === undefined ? undefined : gt(directories.id, after)))
        .orderBy(asc(directories.id))
        .limit(limit + 1)
        .offset(after === undefined ? offset : 0)
        .all()
      const total = db.read.select({ n: count() }).from(directories).where(chosen).get()?.n ?? 0
      const data = rows.slice(0, limit)
      const last = rows.length > limit ? data.at(-1) : undefined
      const nextCursor = last
        ? encodeCursor({ sort: SORT, value: last.id, id: String(last.id) })
        : null
      return { data, meta: { total, limit, offset, nextCursor } }
    },

    /**
     * Which of these directories (all, without ids) take submissions of a workspace, in the order
     * given, and why the others do not.
     */
    eligible(tx: Tx, workspaceId: string, ids?: readonly number[]) {
      const drMax = drMaxOf(workspaceId)
      const wanted = ids && [...new Set(ids)]
      const named = wanted && inArray(directories.id, wanted)
      const rows = tx.select().from(directories).where(named).orderBy(asc(directories.id)).all()
      const known = new Map(rows.map((row) => [row.id, row]))
      const eligible: DirectoryRow[] = []
      const excluded: Excluded[] = []
      for (const id of wanted ?? known.keys()) {
        const row = known.get(id)
        const exclusion = row ? exclusionOf(row, drMax) : unknownDirectory(id)
        if (exclusion) excluded.push(exclusion)
        else if (row) eligible.push(row)
      }
      return { eligible, excluded }
    },

    /** What there is, in numbers that name nobody. */
    coverage(): DirectoryCoverage {
      totals ??= totalsNow()
      return { ...totals, delivery_examples: deliveries.flatMap((examples) => examples()) }
    },
  }
}

/** How often each name is there, in a given order. */
const countedIn = <T extends string>(names: readonly T[], all: readonly T[]) =>
  names.map((name) => ({ name, count: all.filter((one) => one === name).length }))

/** How often each name is there, largest first. */
function counted(all: readonly string[]) {
  const counts = new Map<string, number>()
  for (const name of all) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .map(([name, n]) => ({ name, count: n }))
    .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}
