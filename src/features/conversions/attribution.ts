import type { Database } from '../../platform/database'
import type { FactsOfClicks } from '../clicks/service'
import type { ConversionRow, CustomerRow } from './table'

/** A click as it is owed something: its number, its link's, and when it was. */
export type OwedClick = { id: number; linkNo: number; at: number }

export type AttributionDeps = {
  db: Database
  clicks: FactsOfClicks
}

export type Attribution = ReturnType<typeof createAttribution>

const FIRST = 'first_click_id, first_link_no'
const LAST = 'last_click_id, last_link_no'

/**
 * What conversions are owed to. A lead or a sale is owed to the customer's clicks before it and to
 * the click that it was told with: to the last of them by the time of the clicks, and, kept beside
 * it, to the first. So the order in which clicks, leads and sales are told does not matter. A
 * refund is owed to whatever its sale is. Everything here joins the caller's transaction.
 */
export function createAttribution({ db, clicks }: AttributionDeps) {
  const { setFirst, setLast, oweFirst, oweLast, oweOwnFirst, oweOwnLast } = prepareOwing(db, clicks)
  const refunds = prepareRefunds(db, clicks)
  const settle = db.sqlite.query(
    `UPDATE conversions SET is_pending = 0, ${clicks.names.map((name) => `${name} = ?`).join()}
     WHERE last_click_id = ? AND is_pending = 1`,
  )

  function settleWith(clickId: number, terms: readonly (number | null)[]): void {
    settle.run(...clicks.names.map((_, index) => terms[index] ?? null), clickId)
  }

  /** Notes what stored clicks were on the conversions that wait for it; the rest waits on. */
  function settleClicks(clickIds: readonly number[]): void {
    const found = clicks.of(clickIds)
    for (const { id, terms } of found) settleWith(id, terms)
    const known = new Set(found.map(({ id }) => id))
    const storedTo = clicks.storedTo()
    // Stored once and not there any more: dropped with the link, or too old to be kept.
    for (const id of clickIds) if (id <= storedTo && !known.has(id)) settleWith(id, [])
  }

  return {
    settleClicks,

    /** The customer is known by one more click: whatever came after it may be owed to it. */
    learn({ no }: CustomerRow, { id, linkNo, at }: OwedClick): void {
      setFirst.run(id, linkNo, no)
      setLast.run(id, linkNo, no)
      oweFirst.run(id, linkNo, no, at)
      oweLast.run(id, linkNo, no, at)
      settleClicks([id])
      refunds.followOfCustomer.run(no, at)
    },

    /** A new lead or sale is owed to the click that it was told with, and to no other by that. */
    owe({ no }: ConversionRow, { id, linkNo }: OwedClick): void {
      oweOwnFirst.run(id, linkNo, no)
      oweOwnLast.run(id, linkNo, no)
      settleClicks([id])
    },

    /** Refunds that were told before this sale take it back. */
    adopt({ no, workspaceNo, customerNo, invoiceId, currency }: ConversionRow): void {
      if (invoiceId !== null) refunds.adoptByInvoice.run(no, workspaceNo, invoiceId)
      refunds.adoptOfCustomer.run(no, customerNo, currency)
      refunds.followSale.run(no)
    },

    /** A sale is to go: its refunds wait for another. */
    release: (saleNo: number): void => void refunds.release.run(saleNo),

    /** The sale that a new refund takes back: of its invoice, or the customer's newest. */
    refund({ no, workspaceNo, customerNo, invoiceId, currency }: ConversionRow): void {
      const sale =
        invoiceId === null
          ? refunds.newestSale.get(customerNo, currency ?? '')
          : refunds.saleOfInvoice.get(workspaceNo, invoiceId)
      if (!sale) return
      refunds.setSale.run(sale.no, no)
      refunds.followSale.run(sale.no)
    },
  }
}

/** Puts nothing in place of what the click was. */
const forgetFacts = ({ names }: FactsOfClicks): string =>
  names.map((name) => `${name} = NULL`).join()

function prepareOwing({ sqlite }: Database, clicks: FactsOfClicks) {
  const noFacts = forgetFacts(clicks)
  return {
    setFirst: sqlite.query(
      `UPDATE customers SET first_click_id = ?1, first_link_no = ?2
     WHERE no = ?3 AND (first_click_id IS NULL OR first_click_id > ?1)`,
    ),
    setLast: sqlite.query(
      `UPDATE customers SET last_click_id = ?1, last_link_no = ?2
     WHERE no = ?3 AND (last_click_id IS NULL OR last_click_id < ?1)`,
    ),
    oweFirst: sqlite.query(
      `UPDATE conversions SET first_click_id = ?1, first_link_no = ?2
     WHERE customer_no = ?3 AND at >= ?4 AND type <> 'refund'
       AND (first_click_id IS NULL OR first_click_id > ?1)`,
    ),
    oweLast: sqlite.query(
      `UPDATE conversions SET last_click_id = ?1, last_link_no = ?2, is_pending = 1, ${noFacts}
     WHERE customer_no = ?3 AND at >= ?4 AND type <> 'refund'
       AND (last_click_id IS NULL OR last_click_id < ?1)`,
    ),
    oweOwnFirst: sqlite.query(
      `UPDATE conversions SET first_click_id = ?1, first_link_no = ?2
     WHERE no = ?3 AND (first_click_id IS NULL OR first_click_id > ?1)`,
    ),
    oweOwnLast: sqlite.query(
      `UPDATE conversions SET last_click_id = ?1, last_link_no = ?2, is_pending = 1, ${noFacts}
     WHERE no = ?3 AND (last_click_id IS NULL OR last_click_id < ?1)`,
    ),
  }
}

function prepareRefunds({ sqlite }: Database, clicks: FactsOfClicks) {
  const noFacts = forgetFacts(clicks)
  const copied = `${FIRST}, ${LAST}, is_pending, ${clicks.names.join()}`
  const follow = `UPDATE conversions SET (${copied}) =
      (SELECT ${copied} FROM conversions AS sale WHERE sale.no = conversions.sale_no)`
  return {
    followOfCustomer: sqlite.query(
      `${follow} WHERE sale_no IN (SELECT no FROM conversions
       WHERE customer_no = ? AND at >= ? AND type = 'sale')`,
    ),
    followSale: sqlite.query(`${follow} WHERE sale_no = ?`),
    adoptByInvoice: sqlite.query(
      `UPDATE conversions SET sale_no = ? WHERE workspace_no = ? AND invoice_id = ?
       AND type = 'refund' AND sale_no IS NULL`,
    ),
    adoptOfCustomer: sqlite.query(
      `UPDATE conversions SET sale_no = ? WHERE customer_no = ? AND currency = ?
       AND type = 'refund' AND invoice_id IS NULL AND sale_no IS NULL`,
    ),
    release: sqlite.query(
      `UPDATE conversions SET sale_no = NULL, first_click_id = NULL, first_link_no = NULL,
       last_click_id = NULL, last_link_no = NULL, is_pending = 0, ${noFacts} WHERE sale_no = ?`,
    ),
    saleOfInvoice: sqlite.query<{ no: number }, [number, string]>(
      `SELECT no FROM conversions WHERE workspace_no = ? AND invoice_id = ? AND type = 'sale'
     ORDER BY no LIMIT 1`,
    ),
    newestSale: sqlite.query<{ no: number }, [number, string]>(
      `SELECT no FROM conversions WHERE customer_no = ? AND currency = ? AND type = 'sale'
     ORDER BY at DESC, no DESC LIMIT 1`,
    ),
    setSale: sqlite.query('UPDATE conversions SET sale_no = ? WHERE no = ?'),
  }
}
