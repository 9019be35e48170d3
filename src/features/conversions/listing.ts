import { and, desc, eq, lt } from 'drizzle-orm'
import { notFound } from '../../core/errors'
import { decodeCursor, encodeCursor, type Page } from '../../core/page'
import { type ConversionFacts, type CustomerFacts, createConversionViews } from './facts'
import type { WorkspaceKey } from './records'
import type { ListConversions, ListCustomers } from './report-schema'
import type { ConversionDeps } from './service'
import { conversions, customers } from './table'

const SORT = 'newest'
/** Of a customer's newest conversions so many are shown with them. */
const SHOWN_MAX = 100

/** A customer with what is known of them. */
export type CustomerStory = CustomerFacts & { conversions: ConversionFacts[]; clickIds: string[] }

/** Pages of conversions and customers, newest first, each from an index. */
export function createConversionLists(deps: ConversionDeps) {
  const { db, clicks } = deps
  const views = createConversionViews(deps)
  const before = (cursor: string | undefined): number =>
    cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(decodeCursor(cursor, SORT).value)

  function pageOf<Row extends { no: number; id: string }>(rows: Row[], limit: number): Page<Row> {
    const data = rows.slice(0, limit)
    const last = rows.length > limit ? data.at(-1) : undefined
    const nextCursor = last ? encodeCursor({ sort: SORT, value: last.no, id: last.id }) : null
    return { data, meta: { total: null, limit, offset: 0, nextCursor } }
  }

  function listWhere(
    where: ReturnType<typeof and>,
    { limit, cursor }: ListConversions,
  ): Page<ConversionFacts> {
    const rows = db.read
      .select()
      .from(conversions)
      .where(and(where, lt(conversions.no, before(cursor))))
      .orderBy(desc(conversions.no))
      .limit(limit + 1)
      .all()
    const { data, meta } = pageOf(rows, limit)
    return { data: views.conversionsOf(data), meta }
  }

  return {
    /** Everything that was told of a workspace. Throws `validation_failed` for a foreign cursor. */
    list: ({ no }: WorkspaceKey, query: ListConversions): Page<ConversionFacts> =>
      listWhere(eq(conversions.workspaceNo, no), query),

    /** What is owed to clicks on a link, by the last of them or by the first. */
    listOfLink(linkNo: number, query: ListConversions, attribution: 'first' | 'last') {
      const column = attribution === 'first' ? conversions.firstLinkNo : conversions.lastLinkNo
      return listWhere(eq(column, linkNo), query)
    },

    listCustomers({ no }: WorkspaceKey, { limit, cursor, externalId }: ListCustomers) {
      const rows = db.read
        .select()
        .from(customers)
        .where(
          and(
            eq(customers.workspaceNo, no),
            lt(customers.no, before(cursor)),
            externalId === undefined ? undefined : eq(customers.externalId, externalId),
          ),
        )
        .orderBy(desc(customers.no))
        .limit(limit + 1)
        .all()
      const { data, meta } = pageOf(rows, limit)
      return { data: views.customersOf(data), meta }
    },

    /** A customer with their newest conversions and the clicks these were told with. Throws `not_found`. */
    requireCustomer({ no: workspaceNo }: WorkspaceKey, id: string): CustomerStory {
      const mine = and(eq(customers.workspaceNo, workspaceNo), eq(customers.id, id))
      const row = db.read.select().from(customers).where(mine).get()
      if (!row) throw notFound('customer')
      const told = db.read
        .select()
        .from(conversions)
        .where(eq(conversions.customerNo, row.no))
        .orderBy(desc(conversions.at), desc(conversions.no))
        .limit(SHOWN_MAX)
        .all()
      const seen = told.flatMap(({ clickId, clickLinkNo }) =>
        clickId === null || clickLinkNo === null
          ? []
          : clicks.clickIds.textOf({ id: clickId, linkNo: clickLinkNo, workspaceNo }),
      )
      return {
        ...views.customerOf(row),
        ...{ conversions: views.conversionsOf(told), clickIds: [...new Set(seen)] },
      }
    },
  }
}
