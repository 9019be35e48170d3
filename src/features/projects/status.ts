import type { Decision, ProjectScan, ScanStatus, SetupState } from './scanning'

export type Setup = {
  state: SetupState
  summary: string
  progress: { label: string; description: string; pageCount: number }
}

export type NextActions = {
  needsReview: boolean
  summary: string
  items: Decision[]
  background: number
}

type Told = { label: string; description: string; summary: string }

const countOf = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`

const pagesOf = ({ pageCount }: ProjectScan): string => countOf(pageCount, 'page', 'pages')

/** What is said of a scan in each of its states; the words of `mapping` are those of the seed. */
const TOLD: Record<ScanStatus, (scan: ProjectScan) => Told> = {
  queued: ({ isFirst }) => ({
    label: 'Waiting to start',
    description: 'Linkstead will look at the website as soon as it is its turn.',
    summary: isFirst ? 'The first website map is queued.' : 'Another website map is queued.',
  }),
  resolving: () => ({
    label: 'Finding website',
    description: 'Linkstead is finding out where the website lives and what it allows.',
    summary: 'The website is being located.',
  }),
  mapping: ({ isFirst }) => ({
    label: 'Mapping website',
    description: isFirst
      ? 'Linkstead is building the initial site map.'
      : 'Linkstead is building the site map again.',
    summary: isFirst
      ? 'The first website map is in progress.'
      : 'Another website map is in progress.',
  }),
  checking: (scan) => ({
    label: 'Checking pages',
    description: `Linkstead is checking what it found on ${pagesOf(scan)}.`,
    summary: 'The website is mapped, and its pages are being checked.',
  }),
  ready: (scan) => ({
    label: 'Ready',
    description: `Linkstead has checked ${pagesOf(scan)}.`,
    summary: 'The website is mapped and checked.',
  }),
  partial: (scan) => ({
    label: 'Partly checked',
    description: `Linkstead has checked ${pagesOf(scan)}, but not the whole website.`,
    summary: scan.reason ?? 'Only a part of the website could be checked.',
  }),
  failed: ({ reason }) => ({
    label: 'Could not be checked',
    description: 'Linkstead could not look at the website.',
    summary: reason ?? 'The website could not be reached.',
  }),
  canceled: (scan) => ({
    label: 'Canceled',
    description: `The scan was canceled after ${pagesOf(scan)}.`,
    summary: scan.reason ?? 'The scan was canceled. Start another one to go on.',
  }),
}

/** Before there was a scan. */
const UNSCANNED: Setup = {
  state: 'queued',
  summary: 'The website has not been looked at yet.',
  progress: {
    label: 'Waiting for the first scan',
    description: 'No scan of this website has begun.',
    pageCount: 0,
  },
}

/** How far a project is by its latest scan, in words that may be shown to its owner. */
export function setupOf(scan: ProjectScan | undefined): Setup {
  if (!scan) return UNSCANNED
  const { summary, ...progress } = TOLD[scan.status](scan)
  return { state: stateOf(scan), summary, progress: { ...progress, pageCount: scan.pageCount } }
}

/** A scan that was canceled leaves what it had found until then. */
function stateOf({ status, pageCount }: ProjectScan): SetupState {
  if (status !== 'canceled') return status
  return pageCount > 0 ? 'partial' : 'failed'
}

/** What is next, in one sentence and one by one: "1 decision needs you. 42 items handled quietly." */
export function nextActionsOf(items: Decision[], background: number): NextActions {
  const decisions =
    items.length === 0
      ? 'Nothing needs you.'
      : `${countOf(items.length, 'decision needs', 'decisions need')} you.`
  const quiet = background > 0 ? ` ${countOf(background, 'item', 'items')} handled quietly.` : ''
  return { needsReview: items.length > 0, summary: `${decisions}${quiet}`, items, background }
}
