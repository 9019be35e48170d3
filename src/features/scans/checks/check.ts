import type { Finding, SiteView } from '../site-view'
import type { Proof } from './proof'

export const CHECK_GROUPS = [
  ...(['findable', 'paths', 'snippet', 'structure'] as const),
  ...(['languages', 'trust', 'media', 'ai'] as const),
] as const
export type CheckGroup = (typeof CHECK_GROUPS)[number]

/** The gravest first. */
export const SEVERITIES = ['critical', 'warning', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a scan looks for: pure, by what was seen alone, and the words that the finding is told in. */
export type Check = {
  group: CheckGroup
  severity: Severity
  /** Small: minutes; medium: hours; large: days. */
  effort: 'S' | 'M' | 'L'
  title: string
  why: string
  howToFix: string
  /** Each address at most once, in the order of the scan. */
  find(site: SiteView): Finding[]
  /** When a scan that does not find it any more may say that it is fixed. */
  provenBy: Proof
}
