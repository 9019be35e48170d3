import { parse } from 'csv-parse/sync'
import type { Client } from './app'

/** What came of an ad. Revenue in minor units by currency, refunds taken off. */
export type Figures = {
  clicks: number
  bots: number
  leads: number
  sales: number
  refunds: number
  revenue: Record<string, number>
}

/** What one place tells, no more than it knows of. */
export type Told = { place: string; figures: Partial<Figures> }

type Conversion = { type: string; amount: number | string | null; currency: string | null }
type Money = { currency: string; amount: number }[]
// biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
type Json = any

/** Counts single leads, sales and refunds; amounts of a CSV are texts, empty where there is none. */
export function countOf(conversions: readonly Conversion[]) {
  const of = (type: string): number => conversions.filter((one) => one.type === type).length
  const revenue: Record<string, number> = {}
  for (const { amount, currency } of conversions) {
    if (currency) revenue[currency] = (revenue[currency] ?? 0) + Number(amount)
  }
  return { leads: of('lead'), sales: of('sale'), refunds: of('refund'), revenue }
}

const moneyOf = (revenue: Money) =>
  Object.fromEntries(revenue.map(({ currency, amount }) => [currency, amount]))

/** Leads, sales and revenue of an answer, and whatever else of it has a name in {@link Figures}. */
const earnedOf = (told: Json, ...more: (keyof Figures)[]): Partial<Figures> => ({
  ...{ leads: told.leads, sales: told.sales, revenue: moneyOf(told.revenue) },
  ...Object.fromEntries(more.map((name) => [name, told[name]])),
})

/** Sums of a list whose rows share out all clicks; rows know no revenue. */
const rowsOf = (rows: readonly Json[]): Partial<Figures> => {
  const sum = (name: string): number => rows.reduce((all, row) => all + row[name], 0)
  return { clicks: sum('clicks'), leads: sum('leads'), sales: sum('sales') }
}

const csvOf = (text: string): Json[] => parse(text, { columns: true, bom: true })
const ndjsonOf = (text: string): Json[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const isCounted = ({ verdict }: Json): boolean => verdict === 'human' || verdict === 'duplicate'
const clicksOf = (clicks: readonly Json[]): Partial<Figures> => ({
  clicks: clicks.filter(isCounted).length,
  bots: clicks.filter((click) => !isCounted(click)).length,
})

/** Lists whose rows share out all clicks. Those of campaigns only show clicks that name one. */
const LISTS = {
  traffic_panel: ['links', 'domains'],
  acquisition_panel: ['referrers'],
  geo_panel: ['countries'],
  technology_panel: ['devices', 'os', 'browsers'],
} as const
const CAMPAIGN = ['utm_sources', 'utm_mediums'] as const

type Asked = { key: Client; link: { id: string; slug: string }; customer: string }

/** What every place tells of a workspace whose only visited link is `link`. */
export async function toldEverywhere({ key, link, customer }: Asked): Promise<Told[]> {
  const told: Told[] = []
  const add = (place: string, figures: Partial<Figures>) => told.push({ place, figures })
  const get = async (path: string): Promise<Json> => (await key.get(`/api/v1${path}`)).json.data

  const overview = await get('/analytics/overview')
  add('overview', earnedOf(overview, 'clicks', 'bots'))
  const report = await get('/analytics/report')
  add('report', earnedOf(report, 'clicks', 'bots'))
  const chart = await get('/analytics/chart')
  add('chart', { clicks: chart.totals.clicks, bots: chart.totals.bots })
  add('chart over time', { clicks: rowsSum(chart.points, 'clicks') })
  const detail = await get(`/links/${link.id}/detail`)
  add('link detail', earnedOf(detail, 'clicks', 'bots'))
  for (const [panel, lists] of Object.entries(LISTS)) {
    const answer = await get(`/analytics/${panel}`)
    add(panel, { clicks: answer.totals.clicks, bots: answer.totals.bots })
    const all = panel === 'acquisition_panel' ? [...lists, ...CAMPAIGN] : lists
    for (const list of all) {
      add(`${panel} ${list}`, rowsOf(answer[list]))
      add(`report ${list}`, rowsOf(report[list]))
      if (panel !== 'traffic_panel') add(`link detail ${list}`, rowsOf(detail[list]))
    }
  }
  for (const attribution of ['last', 'first']) {
    const summary = await get(`/conversions/summary?attribution=${attribution}`)
    const place = `summary by ${attribution} click`
    add(place, earnedOf(summary, 'clicks', 'refunds'))
    add(`${place}, of the link`, earnedOf(summary.links[0], 'clicks', 'refunds'))
    const points = summary.points.map((point: Json) => earnedOf(point, 'refunds'))
    const earning = points.filter((point: Figures) => point.leads + point.sales + point.refunds > 0)
    add(`${place}, over time`, earning[0])
    const list = await get(`/links/${link.id}/conversions?attribution=${attribution}`)
    add(`conversions of the link by ${attribution} click`, countOf(list))
  }
  add('conversion events', countOf(await get('/conversions/events')))
  const [{ id }] = await get(`/customers?externalId=${customer}`)
  add('customer', countOf((await get(`/customers/${id}`)).conversions))
  await addExports(key, link, add)
  add('link', { clicks: (await get(`/links/${link.slug}`)).clicks })
  const links: Json[] = (await key.get('/api/v1/links')).json.data
  add('links', { clicks: rowsSum(links, 'clicks') })
  add('usage', { clicks: (await get('/me')).usage.clicksUsed })
  return told
}

const rowsSum = (rows: readonly Json[], name: string): number =>
  rows.reduce((sum, row) => sum + row[name], 0)

async function addExports(
  key: Client,
  link: { id: string },
  add: (place: string, figures: Partial<Figures>) => void,
): Promise<void> {
  for (const [format, read] of [
    ['csv', csvOf],
    ['ndjson', ndjsonOf],
  ] as const) {
    const lines = async (path: string): Promise<Json[]> =>
      read((await key.get(`/api/v1${path}?format=${format}`)).text)
    const conversions = await lines('/conversions/events/export')
    add(`conversions as ${format}`, countOf(conversions))
    const owed = conversions.filter(({ linkId }) => linkId === link.id)
    add(`conversions of the link as ${format}`, countOf(owed))
    add(`clicks as ${format}`, clicksOf(await lines('/clicks/export')))
    add(`clicks of the link as ${format}`, clicksOf(await lines(`/links/${link.id}/events/export`)))
    const links = await lines('/links/export')
    const row = links.find(({ id }) => id === link.id)
    add(`links as ${format}`, { clicks: Number(row?.clicks) })
  }
}
