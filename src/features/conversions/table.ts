import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { workspaces } from '../workspaces/table'

export const CONVERSION_TYPES = ['lead', 'sale', 'refund'] as const
export type ConversionType = (typeof CONVERSION_TYPES)[number]

/** Who told: the workspace's own server, a page with a publishable key, a payment provider. */
export const CONVERSION_SOURCES = ['api', 'browser', 'stripe'] as const
export type ConversionSource = (typeof CONVERSION_SOURCES)[number]

/** People as the workspace's own system knows them. */
export const customers = sqliteTable(
  'customers',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceNo: integer('workspace_no')
      .notNull()
      .references(() => workspaces.no),
    externalId: text('external_id').notNull(),
    email: text('email'),
    name: text('name'),
    /** By the time of the click, whenever it was told. Numbers of clicks and of their links. */
    firstClickId: integer('first_click_id'),
    firstLinkNo: integer('first_link_no'),
    lastClickId: integer('last_click_id'),
    lastLinkNo: integer('last_link_no'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('customers_id').on(table.id),
    uniqueIndex('customers_external').on(table.workspaceNo, table.externalId),
    index('customers_newest').on(table.workspaceNo, table.no),
  ],
)

export type CustomerRow = typeof customers.$inferSelect

/** Number in `click_terms` of what the last click was; null is unknown or absent. */
const fact = (name: string) => integer(name)

/**
 * Leads, sales and refunds, each with the clicks that it is owed to. Clicks and links are numbers
 * without a foreign key: clicks are dropped long before, and links are purged in chunks.
 */
export const conversions = sqliteTable(
  'conversions',
  {
    no: integer('no').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    workspaceNo: integer('workspace_no')
      .notNull()
      .references(() => workspaces.no),
    type: text('type', { enum: CONVERSION_TYPES }).notNull(),
    source: text('source', { enum: CONVERSION_SOURCES }).notNull(),
    customerNo: integer('customer_no')
      .notNull()
      .references(() => customers.no),
    /** When it was told. */
    at: integer('at').notNull(),
    eventName: text('event_name').notNull(),
    eventId: text('event_id'),
    invoiceId: text('invoice_id'),
    /** Minor units of the currency, negative for a refund; null for a lead. */
    amount: integer('amount'),
    /** ISO 4217 in capitals. */
    currency: text('currency'),
    /** The sale that a refund takes back, once it is known. */
    saleNo: integer('sale_no'),
    /** The click that it was told with. */
    clickId: integer('click_id'),
    clickLinkNo: integer('click_link_no'),
    /** What it is owed to: the customer's first and last click before it, see `attribution.ts`. */
    firstClickId: integer('first_click_id'),
    firstLinkNo: integer('first_link_no'),
    lastClickId: integer('last_click_id'),
    lastLinkNo: integer('last_link_no'),
    /** 1 until the facts below are those of the last click. */
    isPending: integer('is_pending', { mode: 'boolean' }).notNull(),
    country: fact('country'),
    region: fact('region'),
    city: fact('city'),
    device: fact('device'),
    os: fact('os'),
    browser: fact('browser'),
    referrer: fact('referrer'),
    utmSource: fact('utm_source'),
    utmMedium: fact('utm_medium'),
    utmCampaign: fact('utm_campaign'),
    utmTerm: fact('utm_term'),
    utmContent: fact('utm_content'),
    variant: fact('variant'),
    rule: fact('rule'),
    metadata: text('metadata', { mode: 'json' }).$type<Record<string, unknown>>(),
  },
  (table) => [
    uniqueIndex('conversions_id').on(table.id),
    uniqueIndex('conversions_event')
      .on(table.workspaceNo, table.type, table.eventId)
      .where(sql`event_id IS NOT NULL`),
    index('conversions_invoice')
      .on(table.workspaceNo, table.invoiceId)
      .where(sql`invoice_id IS NOT NULL`),
    index('conversions_newest').on(table.workspaceNo, table.no),
    index('conversions_customer').on(table.customerNo, table.at),
    index('conversions_sale').on(table.saleNo).where(sql`sale_no IS NOT NULL`),
    index('conversions_orphan')
      .on(table.customerNo)
      .where(sql`type = 'refund' AND sale_no IS NULL`),
    index('conversions_first_link').on(table.firstLinkNo, table.no),
    index('conversions_last_link').on(table.lastLinkNo, table.no),
    index('conversions_pending').on(table.lastClickId).where(sql`is_pending = 1`),
    // Everything that figures are made of, so that a span is read from here alone.
    index('conversions_figures').on(
      ...([table.workspaceNo, table.at, table.type, table.currency, table.amount] as const),
      ...([table.customerNo, table.firstLinkNo, table.lastLinkNo, table.lastClickId] as const),
      ...([table.isPending, table.country, table.region, table.city, table.device] as const),
      ...([table.os, table.browser, table.referrer, table.utmSource, table.utmMedium] as const),
      ...([table.utmCampaign, table.utmTerm, table.utmContent, table.variant] as const),
      table.rule,
    ),
  ],
)

export type ConversionRow = typeof conversions.$inferSelect
