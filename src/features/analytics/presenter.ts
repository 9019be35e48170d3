import { toIso } from '../../core/clock'
import type { ListName, ListRow } from './question'
import { toEarned, toPoint, toRow } from './schema'
import { type AnalyticsService, type Answered, changeOf, LISTS, periodFor } from './service'

/** Lists as members of an answer. */
const MEMBERS = {
  link: 'links',
  domain: 'domains',
  folder: 'folders',
  tag: 'tags',
  referrer: 'referrers',
  utm_source: 'utm_sources',
  utm_medium: 'utm_mediums',
  utm_campaign: 'utm_campaigns',
  utm_term: 'utm_terms',
  utm_content: 'utm_contents',
  country: 'countries',
  region: 'regions',
  city: 'cities',
  device: 'devices',
  os: 'os',
  browser: 'browsers',
  variant: 'variants',
  rule: 'rules',
} as const satisfies Record<ListName, string>

type Names = Pick<AnalyticsService, 'shortUrlOf' | 'domainNameOf'>

export const toOverview = (answered: Answered) => {
  const { totals, earned, previous } = answered.reply
  const span = answered.previous
  const { clicks = 0, uniques = 0, bots = 0 } = previous ?? {}
  return {
    ...{ ...periodFor(answered), ...totals, ...toEarned(earned, totals.clicks) },
    previous:
      span && previous
        ? {
            ...{ start: toIso(span.startMs), end: toIso(span.endMs), clicks, uniques, bots },
            ...toEarned(previous.earned, clicks),
            change: changeOf(totals, previous),
          }
        : null,
  }
}

const toPoints = ({ reply: { chart } }: Answered) => ({
  grain: chart?.grain ?? ('day' as const),
  points: (chart?.points ?? []).map(toPoint),
})

export const toChart = (answered: Answered) => ({
  ...periodFor(answered),
  totals: answered.reply.totals,
  ...toPoints(answered),
})

const rowsOf = <Name extends ListName>({ reply }: Answered, names: readonly Name[]) =>
  // The marked boundary: the keys are exactly those of the names given.
  Object.fromEntries(
    names.map((name) => [MEMBERS[name], (reply.lists[name] ?? []).map(toRow)]),
  ) as { [N in Name as (typeof MEMBERS)[N]]: ReturnType<typeof toRow>[] }

const toTraffic = ({ reply }: Answered, { shortUrlOf, domainNameOf }: Names) => ({
  links: (reply.lists.link ?? []).flatMap((row: ListRow) =>
    row.link
      ? [{ ...toRow(row), id: row.link.id, shortUrl: shortUrlOf(row.link), title: row.link.title }]
      : [],
  ),
  domains: (reply.lists.domain ?? []).map((row) => ({
    ...toRow(row),
    name: domainNameOf(row.name),
  })),
  folders: (reply.lists.folder ?? []).map(toLabelRow),
  tags: (reply.lists.tag ?? []).map(toLabelRow),
})

const toLabelRow = (row: ListRow) => ({ ...toRow(row), id: row.id ?? '' })

const toTops = (answered: Answered) =>
  rowsOf(answered, [...LISTS.acquisition, ...LISTS.geo, ...LISTS.technology])

const toPanel = (answered: Answered) => ({
  ...periodFor(answered),
  withheld: answered.withheld,
  totals: answered.reply.totals,
})

export const toTrafficPanel = (answered: Answered, names: Names) => ({
  ...toPanel(answered),
  ...toTraffic(answered, names),
})
export const toAcquisitionPanel = (answered: Answered) => ({
  ...toPanel(answered),
  ...rowsOf(answered, LISTS.acquisition),
})
export const toGeoPanel = (answered: Answered) => ({
  ...toPanel(answered),
  ...rowsOf(answered, LISTS.geo),
})
export const toTechnologyPanel = (answered: Answered) => ({
  ...toPanel(answered),
  ...rowsOf(answered, LISTS.technology),
})

export const toReport = (answered: Answered, names: Names) => ({
  ...{ ...toOverview(answered), withheld: answered.withheld, chart: toPoints(answered) },
  ...{ ...toTraffic(answered, names), ...toTops(answered) },
})

export const toDetail = ({
  answered,
  link,
  decided,
  edits,
}: Awaited<ReturnType<AnalyticsService['detail']>>) => ({
  ...{ ...link, ...periodFor(answered), ...answered.reply.totals },
  ...toEarned(answered.reply.earned, answered.reply.totals.clicks),
  ...{ withheld: answered.withheld, chart: toPoints(answered), ...toTops(answered) },
  ...{ ...decided, edits },
})
