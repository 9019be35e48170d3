import type { ClickService } from '../clicks/service'
import { type Organisation, UNFILED } from './organisation'
import type { CountedLink } from './schema'
import type { LinkRow } from './table'

export type LinkCountingDeps = {
  clicks: Pick<ClickService, 'totalsOf'>
  organisation: Pick<Organisation, 'labelsOf'>
  shortUrlOf: (row: LinkRow) => string
}

/** Puts beside rows what they alone do not know: clicks, labels that live, the short URL. */
export const createLinkCounting =
  ({ clicks, organisation, shortUrlOf }: LinkCountingDeps) =>
  (found: readonly LinkRow[]): CountedLink[] => {
    const totals = clicks.totalsOf(found.map((row) => row.no))
    const labels = organisation.labelsOf(found)
    return found.map((row) => ({
      row,
      totals: totals.get(row.no),
      labels: labels.get(row.no) ?? UNFILED,
      shortUrl: shortUrlOf(row),
    }))
  }
