import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database'
import { type ConversionRow, type ConversionType, conversions, customers } from './table'

const value = sql.placeholder

export type ConversionRows = ReturnType<typeof createConversionRows>

/** The look-ups of every lead and sale, compiled once per connection. */
export function createConversionRows({ read }: Pick<Database, 'read'>) {
  const conversionWhere = (where: ReturnType<typeof and>) =>
    read.select().from(conversions).where(where).orderBy(conversions.no).limit(1).prepare()
  const inWorkspace = eq(conversions.workspaceNo, value('workspaceNo'))
  const ofType = eq(conversions.type, value('type'))
  const byNo = conversionWhere(eq(conversions.no, value('no')))
  const byEvent = conversionWhere(
    and(inWorkspace, ofType, eq(conversions.eventId, value('eventId'))),
  )
  const byInvoice = conversionWhere(
    and(inWorkspace, eq(conversions.invoiceId, value('invoiceId')), eq(conversions.type, 'sale')),
  )
  const refundAlike = conversionWhere(
    and(
      ...[inWorkspace, eq(conversions.invoiceId, value('invoiceId'))],
      ...[eq(conversions.type, 'refund'), eq(conversions.amount, value('amount'))],
      eq(conversions.currency, value('currency')),
    ),
  )
  const customerByExternalId = read
    .select()
    .from(customers)
    .where(
      and(
        eq(customers.workspaceNo, value('workspaceNo')),
        eq(customers.externalId, value('externalId')),
      ),
    )
    .prepare()
  const customerByNo = read
    .select()
    .from(customers)
    .where(eq(customers.no, value('no')))
    .prepare()

  function requireConversion(no: number): ConversionRow {
    const row = byNo.get({ no })
    if (!row) throw new Error('A conversion went away under the hands.')
    return row
  }

  return {
    requireConversion,

    findByEvent: (workspaceNo: number, type: ConversionType, eventId: string) =>
      byEvent.get({ workspaceNo, type, eventId }),

    /** The sale of an invoice. */
    findSale: (workspaceNo: number, invoiceId: string) => byInvoice.get({ workspaceNo, invoiceId }),

    /** A refund of as much of the same invoice. */
    findRefund: (query: {
      workspaceNo: number
      invoiceId: string
      amount: number
      currency: string
    }) => refundAlike.get(query),

    findCustomer: (workspaceNo: number, externalId: string) =>
      customerByExternalId.get({ workspaceNo, externalId }),

    requireCustomer(no: number) {
      const row = customerByNo.get({ no })
      if (!row) throw new Error('A conversion has no customer.')
      return row
    },
  }
}
