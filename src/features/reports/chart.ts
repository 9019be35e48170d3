import { escapeHtml } from '../../core/html'
import type { ReportDay } from './figures'
import { countText, dayText } from './wording'

const WIDTH = 360
const HEIGHT = 190
/** Room above the bars for their numbers, and below for their days. */
const [TOP, BOTTOM] = [20, 24]

/** Clicks of each day as bars, in SVG for a page whose style names its colours. */
export function dayChart(days: readonly ReportDay[]): string {
  const most = Math.max(1, ...days.map(({ clicks }) => clicks))
  const slot = WIDTH / Math.max(1, days.length)
  const bars = days.map((day, nth) => barOf(day, { most, slot, left: nth * slot })).join('')
  const said = days.map(sentenceOf).join('; ')
  return (
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    'aria-labelledby="chart-title chart-said"><title id="chart-title">Clicks by day</title>' +
    `<desc id="chart-said">${escapeHtml(said)}</desc>` +
    `<path class="axis" d="M0 ${HEIGHT - BOTTOM}H${WIDTH}"/>${bars}</svg>`
  )
}

const sentenceOf = (day: ReportDay): string =>
  `${dayText(day.date)}: ${countText(day.clicks)} clicks, ${countText(day.uniques)} visitors`

type Place = { most: number; slot: number; left: number }

function barOf(day: ReportDay, { most, slot, left }: Place): string {
  const floor = HEIGHT - BOTTOM
  // A day with clicks is never drawn as one without.
  const height = day.clicks === 0 ? 0 : Math.max(2, (day.clicks / most) * (floor - TOP))
  const [middle, from, width] = [left + slot / 2, left + slot * 0.18, slot * 0.64].map(rounded)
  const [top, above] = [floor - height, floor - height - 6].map(rounded)
  return (
    `<g><title>${escapeHtml(sentenceOf(day))}</title>` +
    `<rect class="bar" x="${from}" y="${top}" width="${width}" height="${rounded(height)}" rx="2"/>` +
    `<text class="value" x="${middle}" y="${above}">${countText(day.clicks)}</text>` +
    `<text x="${middle}" y="${HEIGHT - 8}">${escapeHtml(dayText(day.date))}</text></g>`
  )
}

/** A share from 0 to 1 as a bar; the number stands beside it. */
export const shareBar = (share: number): string =>
  '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">' +
  `<rect class="track" width="100" height="4"/>` +
  `<rect class="bar" width="${rounded(share * 100)}" height="4"/></svg>`

const rounded = (value: number): number => Math.round(value * 10) / 10
