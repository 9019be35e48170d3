import {
  generalInterval,
  type Interval,
  panelChange,
  panelInterval,
  panelMean,
  type Share,
} from './statistics'

/** Changes with every change of what a figure means. */
export const FORMULA = 'vis-1'

/**
 * How asking ended. Refused and truncated answers count like others: a reader gets them too.
 * `unknown`: it was asked, and nobody knows what came of it.
 */
export const ANSWER_STATUSES = [
  ...(['ok', 'refused', 'truncated'] as const),
  ...(['error', 'rate_limited', 'skipped_budget', 'unknown'] as const),
] as const
export type AnswerStatus = (typeof ANSWER_STATUSES)[number]

export const isValid = (status: AnswerStatus): boolean =>
  status === 'ok' || status === 'refused' || status === 'truncated'

/**
 * To the one digit that figures are shown with; halves away from zero, those included that lost
 * their last bit on the way.
 */
export const rounded = (value: number): number =>
  Number((value + Math.sign(value) * 1e-9).toFixed(1))

/** What a planned answer to an unbranded prompt says of the brand. */
export type ScoredAnswer = {
  /** Tells prompts apart by what they ask. */
  prompt: string
  engine: string
  status: AnswerStatus
  mentioned: boolean
  /** 1 + how many other tracked brands are named before it; null when it is not named. */
  position: number | null
  /** Whether an own page is among the cited sources; null where the engine does not tell them. */
  cited: boolean | null
  /** Ids of the other tracked brands that it names. */
  rivals: readonly string[]
}

/** Of less than this share of the planned answers there is no headline. */
const SCORED_SHARE_MIN = 0.5
/** Of less than this share it is marked as partial. */
const WHOLE_SHARE_MIN = 0.9

export type Coverage = 'whole' | 'partial' | 'too_few'

/** Percentages are from 0 to 100 and not rounded; null is not known. */
export type Figures = {
  score: number | null
  coverage: Coverage
  /** No question was asked twice of an engine. */
  low_confidence: boolean
  planned_count: number
  answer_count: number
  failed_count: number
  mention_count: number
  /** Prompts × engines with a valid answer: what the score is the mean of. */
  cell_count: number
  prompt_count: number
  /** Grows with the number of samples: not a rate. */
  prompts_ever_mentioned: number
  ci_panel: Interval | null
  ci_general: Interval | null
  /** Share of voice: answers that name the brand among those that name any tracked one. */
  sov: number | null
  citation_rate: number | null
  mean_position: number | null
  position_count: number
  /** Disclosed beside the score, and never called so. */
  index: number | null
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length

/** Answers by cell: a prompt on an engine. */
const cellOf = ({ prompt, engine }: ScoredAnswer): string => JSON.stringify([prompt, engine])

/** Valid answers as shares of what names the brand, by `key`. */
function sharesBy(
  answers: readonly ScoredAnswer[],
  key: (answer: ScoredAnswer) => string,
): Map<string, Share> {
  const shares = new Map<string, Share>()
  for (const answer of answers) {
    if (!isValid(answer.status)) continue
    const { hits, trials } = shares.get(key(answer)) ?? { hits: 0, trials: 0 }
    shares.set(key(answer), { hits: hits + Number(answer.mentioned), trials: trials + 1 })
  }
  return shares
}

/**
 * The figures of planned answers to unbranded prompts (`vis-1`). The score is 100 × the mean, over
 * cells with valid answers, of the share that names the brand: with as many answers in each cell
 * it is mentions ÷ answers. It is absolute: competitors cannot move it.
 */
export function figuresOf(planned: readonly ScoredAnswer[]): Figures {
  const valid = planned.filter(({ status }) => isValid(status))
  const naming = valid.filter(({ mentioned }) => mentioned)
  const cells = [...sharesBy(valid, cellOf).values()]
  const prompts = [...sharesBy(valid, ({ prompt }) => prompt).values()]
  const coverage = coverageOf(valid.length, planned.length)
  const isScored = coverage !== 'too_few'
  const [score, citations] = [isScored ? 100 * panelMean(cells) : null, citationsOf(valid)]
  const positions = naming.flatMap(({ position }) => position ?? [])
  return {
    ...{ score, coverage, low_confidence: cells.every(({ trials }) => trials < 2) },
    ...{ planned_count: planned.length, answer_count: valid.length },
    ...{ failed_count: planned.length - valid.length, mention_count: naming.length },
    ...{ cell_count: cells.length, prompt_count: prompts.length },
    prompts_ever_mentioned: prompts.filter(({ hits }) => hits > 0).length,
    ci_panel: isScored ? panelInterval(cells) : null,
    ci_general: isScored ? generalInterval(prompts) : null,
    sov: isScored ? shareOfVoice(valid, naming.length) : null,
    citation_rate: isScored ? citations : null,
    ...{ mean_position: mean(positions), position_count: positions.length },
    index: score === null ? null : indexOf(score, citations, positions),
  }
}

function coverageOf(valid: number, planned: number): Coverage {
  if (valid === 0 || valid < planned * SCORED_SHARE_MIN) return 'too_few'
  return valid < planned * WHOLE_SHARE_MIN ? 'partial' : 'whole'
}

function shareOfVoice(valid: readonly ScoredAnswer[], mentions: number): number | null {
  const rivals = valid.reduce((sum, answer) => sum + new Set(answer.rivals).size, 0)
  return mentions + rivals === 0 ? null : (100 * mentions) / (mentions + rivals)
}

/** Of the answers whose engine tells its sources. */
function citationsOf(valid: readonly ScoredAnswer[]): number | null {
  const share = mean(valid.flatMap(({ cited }) => (cited === null ? [] : Number(cited))))
  return share === null ? null : 100 * share
}

/**
 * 60·M + 25·C + 15·P·m/(m + 20): M the score, C the citation rate, P the mean of 1/position over
 * the m answers that name the brand. Null where citations are not known.
 */
function indexOf(
  score: number,
  citations: number | null,
  positions: readonly number[],
): number | null {
  if (citations === null) return null
  const prominence = mean(positions.map((position) => 1 / position)) ?? 0
  const certainty = positions.length / (positions.length + 20)
  return 0.6 * score + 0.25 * citations + 15 * prominence * certainty
}

/** How a score moved, in points, and whether that is more than chance. */
export type Change = {
  delta: number
  low: number
  high: number
  /** Cells that both have: the others say nothing of a change. */
  cells: number
  verdict: 'up' | 'down' | 'no_clear_change'
}

/**
 * The change of the score on the cells that both have valid answers of; null when there are none.
 * The interval is that of asking the same panel again, since the questions are the same.
 */
export function changeOf(
  before: readonly ScoredAnswer[],
  after: readonly ScoredAnswer[],
): Change | null {
  const [was, is] = [sharesBy(before, cellOf), sharesBy(after, cellOf)]
  const pairs = [...was].flatMap(([cell, share]) => {
    const now = is.get(cell)
    return now ? [{ share, now }] : []
  })
  if (pairs.length === 0) return null
  const change = panelChange(
    pairs.map(({ share }) => share),
    pairs.map(({ now }) => now),
  )
  const verdict = change.low > 0 ? 'up' : change.high < 0 ? 'down' : 'no_clear_change'
  return { ...change, cells: pairs.length, verdict }
}

/** What a run measured with: figures of different ones are not the same measure. */
export type Versions = {
  formula: string
  detector: string
  prompt_set_hash: string
  brand_hash: string
  competitor_set_hash: string
  /** As the engine answered; null where it did not say. */
  model: string | null
}

export const BREAKS = {
  formula: 'formula',
  detector: 'detector',
  prompt_set_hash: 'prompts',
  brand_hash: 'brand',
  competitor_set_hash: 'competitors',
  model: 'model',
} as const satisfies Record<keyof Versions, string>
export type Break = (typeof BREAKS)[keyof Versions]

/** What changed between two runs of one engine, each a break in the line of its score. */
export function breaksBetween(before: Versions, after: Versions): Break[] {
  const names = Object.keys(BREAKS) as (keyof Versions)[]
  return names.filter((name) => before[name] !== after[name]).map((name) => BREAKS[name])
}
