import type { Earnings, LinkLine, ReportFigures, ReportLine, SectionFigures } from './figures'
import { changeText, countryText, countText, dayText, moneyText } from './wording'

/** A figure as people read it, with how it moved. */
export type Headline = { label: string; value: string; change: string }

export type ShownLine = {
  label: string
  value: string
  /** Length of its bar, 0 to 1; null where there is none. */
  share: number | null
  detail?: string | undefined
  url?: string | undefined
}

export type ShownList = { title: string; lines: ShownLine[] }

export const WITHHELD =
  'The month is over the click limit of the plan: lists are withheld, nothing is lost.'

/** The figures that a week is known by. */
export function headlinesOf({ totals, previous, conversions }: ReportFigures): Headline[] {
  const counted = (label: string, now: number, before: number): Headline => ({
    ...{ label, value: countText(now), change: changeText(now, before) },
  })
  const figures = [
    counted('Clicks', totals.clicks, previous.clicks),
    counted('Visitors', totals.uniques, previous.uniques),
    counted('Bots, left out', totals.bots, previous.bots),
  ]
  if (!conversions) return figures
  const { leads, sales, previous: before } = conversions
  figures.push(counted('Leads', leads, before.leads), counted('Sales', sales, before.sales))
  return [...figures, ...revenueOf(conversions, before)]
}

/** By currency, never added up across them. */
function revenueOf(now: Earnings, before: Earnings): Headline[] {
  const earlier = new Map(before.revenue.map(({ currency, amount }) => [currency, amount]))
  return now.revenue.map(({ currency, amount }) => {
    const was = moneyText({ currency, amount: earlier.get(currency) ?? 0 })
    const value = moneyText({ currency, amount })
    return { label: `Revenue, ${currency}`, value, change: `${was} the week before` }
  })
}

/** Clicks by day, as parts of the busiest one. */
function daysOf({ days }: ReportFigures): ShownList {
  const most = Math.max(1, ...days.map(({ clicks }) => clicks))
  const lines = days.map(({ date, clicks }) => ({
    ...{ label: dayText(date), value: countText(clicks), share: clicks / most },
  }))
  return { title: 'Clicks by day', lines }
}

/** Every list that has lines, at most `rows` of each. */
export function topsOf(figures: ReportFigures, rows: number): ShownList[] {
  const { links, referrers, countries, sections } = figures
  const shown = (title: string, lines: ShownLine[] | undefined): ShownList[] =>
    lines && lines.length > 0 ? [{ title, lines: lines.slice(0, rows) }] : []
  return [
    ...shown('Links', links?.map(linkLine)),
    ...shown(
      'Where they came from',
      referrers?.map((line) => lineOf(line, line.name)),
    ),
    ...shown(
      'Countries',
      countries?.map((line) => lineOf(line, countryText(line.name))),
    ),
    ...sections.map((section) => sectionList(section, rows)),
  ]
}

const lineOf = ({ clicks, share }: ReportLine, label: string): ShownLine => ({
  ...{ label, value: countText(clicks), share },
})

function linkLine(link: LinkLine): ShownLine {
  const address = link.shortUrl.replace(/^https?:\/\//, '')
  return { ...lineOf(link, link.title || address), detail: link.title ? address : undefined }
}

function sectionList({ title, figures, items }: SectionFigures, rows: number): ShownList {
  const counted = figures.map(({ label, value, previous }) => ({
    ...{ label, value: countText(value), share: null },
    detail: previous === null ? undefined : changeText(value, previous),
  }))
  const found = items.slice(0, rows).map(({ label, detail, url }) => ({
    ...{ label, value: detail ?? '', share: null, url: url ?? undefined },
  }))
  return { title, lines: [...counted, ...found] }
}

/** The days and all lists. */
export const listsOf = (figures: ReportFigures, rows: number): ShownList[] => [
  daysOf(figures),
  ...topsOf(figures, rows),
]
