import { type Color, contrastNeeded, contrastRatio, flattened, painted } from './contrast'
import type { PageFacts } from './facts'

/** Names the set of formulas below: a change of any of them is a new name. */
export const MEASURES_VERSION = 'measured-1'

export const MEASURES = [
  ...(['contrast', 'text_size', 'tap_targets', 'images', 'overflow'] as const),
  ...(['heading', 'call_to_action', 'identity'] as const),
] as const
export type MeasureName = (typeof MEASURES)[number]

/** Each formula as it is published; every score is from 0 to 100. */
export const FORMULAS: Readonly<Record<MeasureName, string>> = {
  contrast:
    '100 × text runs with the contrast of WCAG 2.2, 1.4.3 (4.5:1, large text 3:1) ÷ text runs whose background is known, of the first 1 000, at 1440 px',
  text_size:
    '100 × characters shown at 16 px or more ÷ characters of the first 1 000 text runs, at 390 px',
  tap_targets:
    '100 × targets of at least 24 × 24 px ÷ targets (WCAG 2.2, 2.5.8; links within sentences are left out), of the first 500, at 390 px',
  images: '100 × images that loaded ÷ images that ended loading, at 1440 px',
  overflow: '100 × min(1, 390 ÷ width of the page), at 390 px',
  heading: '100 ÷ headings of level 1 that are seen; 0 without any, at 1440 px',
  call_to_action:
    '50 for a button seen without scrolling at 1440 × 900, and 50 for one at 390 × 844; a button is padded, filled or framed, labelled and 24 px high',
  identity: '50 for an icon that loads, and 50 for an og:image that loads',
}

export type Measure = {
  /** 0 to 100; null where it cannot be known, and then `reason` says why. */
  score: number | null
  reason: 'nothing_to_measure' | 'not_reached' | 'picture_only' | null
  /** The numbers of the formula. */
  counts: Record<string, number>
  /** Where it fell short; at most five. */
  samples: string[]
}
export type Measures = Record<MeasureName, Measure>

/** Whether a picture that a page names is there; null where that could not be seen. */
export type Loads = boolean | null

const SAMPLES_MAX = 5
const PHONE_WIDTH = 390

/** One decimal place is all that counts of a page can carry. */
const rounded = (score: number): number => Math.round(score * 10) / 10

function share(good: number, all: number, counts: Measure['counts'], samples: string[]): Measure {
  const known = { counts, samples: [...new Set(samples)].slice(0, SAMPLES_MAX) }
  if (all === 0) return { score: null, reason: 'nothing_to_measure', ...known }
  return { score: rounded((100 * good) / all), reason: null, ...known }
}

function contrast({ runs }: PageFacts): Measure {
  const judged = runs.flatMap((run) => {
    if (run.backgrounds === null) return []
    const under = flattened(run.backgrounds)
    const ratio = contrastRatio(painted(run.color satisfies Color, under), under)
    return { run, ratio, passes: ratio >= contrastNeeded(run) }
  })
  const failing = judged.filter(({ passes }) => !passes).sort((a, b) => a.ratio - b.ratio)
  const samples = failing.map(({ run, ratio }) => `${ratio.toFixed(2)}:1 ${run.sample}`)
  const passing = judged.length - failing.length
  const counts = { passing, judged: judged.length, unknown: runs.length - judged.length }
  return share(passing, judged.length, counts, samples)
}

/** How much smaller a phone shows a page that is wider than its screen. */
const zoomOf = ({ screenWidth, innerWidth }: PageFacts): number =>
  Math.min(1, screenWidth / innerWidth)

function textSize(facts: PageFacts): Measure {
  const zoom = zoomOf(facts)
  const sum = (runs: PageFacts['runs']): number => runs.reduce((n, { chars }) => n + chars, 0)
  const small = facts.runs.filter(({ size }) => size * zoom < 16)
  const [all, tooSmall] = [sum(facts.runs), sum(small)]
  const samples = small.map(({ size, sample }) => `${rounded(size * zoom)} px ${sample}`)
  return share(all - tooSmall, all, { characters: all, below_16_px: tooSmall }, samples)
}

function tapTargets(facts: PageFacts): Measure {
  const zoom = zoomOf(facts)
  const own = facts.targets.filter(({ inline }) => !inline)
  const small = own.filter(({ width, height }) => Math.min(width, height) * zoom < 24)
  const samples = small.map(
    ({ width, height, label }) =>
      `${rounded(width * zoom)} × ${rounded(height * zoom)} px ${label}`,
  )
  const counts = { targets: own.length, below_24_px: small.length }
  return share(own.length - small.length, own.length, counts, samples)
}

function images({ images: { total, broken, pending, brokenUrls } }: PageFacts): Measure {
  const ended = total - pending
  return share(ended - broken, ended, { images: total, broken, pending }, brokenUrls)
}

function overflow({ scrollWidth }: PageFacts): Measure {
  // Widths are whole pixels, rounded up: one more is none.
  const width = scrollWidth <= PHONE_WIDTH + 1 ? PHONE_WIDTH : scrollWidth
  const counts = { page_width: Math.ceil(scrollWidth), viewport_width: PHONE_WIDTH }
  return share(PHONE_WIDTH, width, counts, [])
}

function heading({ headings }: PageFacts): Measure {
  const score = headings.length === 0 ? 0 : rounded(100 / headings.length)
  const samples = headings.length > 1 ? headings.slice(0, SAMPLES_MAX) : []
  return { score, reason: null, counts: { headings: headings.length }, samples }
}

function callToAction(desktop: PageFacts, phone: PageFacts): Measure {
  const [wide, narrow] = [desktop.actions.length, phone.actions.length]
  const score = (wide > 0 ? 50 : 0) + (narrow > 0 ? 50 : 0)
  const samples = [...new Set([...desktop.actions, ...phone.actions].map(({ label }) => label))]
  const counts = { at_1440_px: wide, at_390_px: narrow }
  return { score, reason: null, counts, samples: samples.slice(0, SAMPLES_MAX) }
}

function identity(icon: Loads, ogImage: Loads): Measure {
  const counts = { icon: Number(icon ?? 0), og_image: Number(ogImage ?? 0) }
  if (icon === null || ogImage === null) {
    return { score: null, reason: 'not_reached', counts, samples: [] }
  }
  return { score: 50 * (counts.icon + counts.og_image), reason: null, counts, samples: [] }
}

/** Every measure of a page, by {@link FORMULAS}, from what it shows at 1440 and at 390 px. */
export const measure = (
  desktop: PageFacts,
  phone: PageFacts,
  loads: { icon: Loads; ogImage: Loads },
): Measures => ({
  contrast: contrast(desktop),
  text_size: textSize(phone),
  tap_targets: tapTargets(phone),
  images: images(desktop),
  overflow: overflow(phone),
  heading: heading(desktop),
  call_to_action: callToAction(desktop, phone),
  identity: identity(loads.icon, loads.ogImage),
})

/** What a picture alone can tell of these: nothing, since each asks for the page behind it. */
export function measuresOfPicture(): Measures {
  const none: Measure = { score: null, reason: 'picture_only', counts: {}, samples: [] }
  const entries = MEASURES.map((name) => [name, none] as const)
  return Object.fromEntries(entries) as Measures
}
