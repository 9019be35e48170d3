/** What is asked of a picture, and what each level from 0 to 4 means. */
export type Criterion = {
  key: string
  question: string
  anchors: readonly [string, string, string, string, string]
}

/** Words that stand in the picture, or a place in it as shares (0-1) of its width and height. */
export type Evidence = {
  quote: string | null
  box: { picture: number; left: number; top: number; width: number; height: number } | null
}

type Level = { key: string; level: number | null; evidence: Evidence | null }

/** One independent look of a model. */
export type Draw =
  | { status: 'ok'; model: string | null; criteria: readonly Level[] }
  | { status: 'refused' | 'error'; model?: string | null }

export type JudgedPicture = {
  bytes: Uint8Array
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp'
}

/** A vision model that answers by schema alone; three draws, and it never rejects. */
export type VisionPort = {
  engine: string
  judge(input: {
    pictures: readonly JudgedPicture[]
    criteria: readonly Criterion[]
    signal?: AbortSignal | undefined
  }): Promise<{ draws: readonly Draw[] }>
}

/** The questions, each with what its levels look like. */
export const CRITERIA: readonly Criterion[] = [
  {
    key: 'purpose',
    question: 'Does the first screen say what is offered, and to whom?',
    anchors: [
      'Nothing says what this is.',
      'A name or a slogan without meaning to a stranger.',
      'What it is can be guessed.',
      'What it is stands there, for whom does not.',
      'What it is and for whom stand there in plain words.',
    ],
  },
  {
    key: 'hierarchy',
    question: 'Does size, weight and place show what matters most?',
    anchors: [
      'Everything has the same weight.',
      'Several things fight for the first look.',
      'The first look is led, the second is not.',
      'The order of reading is clear with one exception.',
      'The order of reading is clear throughout.',
    ],
  },
  {
    key: 'next_step',
    question: 'Is it clear what a visitor should do next?',
    anchors: [
      'No step is offered.',
      'Steps are hidden among other links.',
      'A step is there without standing out.',
      'One step stands out, what it leads to is vague.',
      'One step stands out and says what it leads to.',
    ],
  },
  {
    key: 'consistency',
    question: 'Do colours, type and spacing follow one system?',
    anchors: [
      'No two parts look alike.',
      'Several styles are mixed.',
      'One style with many exceptions.',
      'One style with few exceptions.',
      'One style throughout.',
    ],
  },
  {
    key: 'legibility',
    question: 'Can the text be read without effort?',
    anchors: [
      'Much of the text cannot be read.',
      'Important text is hard to read.',
      'Some text is hard to read.',
      'Only lesser text is hard to read.',
      'All text reads with ease.',
    ],
  },
  {
    key: 'trust',
    question: 'Does it show who stands behind it, with something that can be checked?',
    anchors: [
      'Nothing shows who is behind it.',
      'A name alone.',
      'A name and claims that cannot be checked.',
      'Names, places or customers that could be checked.',
      'Several things that can be checked, prominently.',
    ],
  },
]

export type JudgedCriterion = {
  key: string
  question: string
  /** The meaning of the level, word for word. */
  anchor: string | null
  /** Median of the draws that gave one; null with fewer than two. */
  level: number | null
  /** Highest less lowest level; null with fewer than two. */
  spread: number | null
  levels: (number | null)[]
  /** Of a draw that gave the median. */
  evidence: Evidence | null
}

export type Judged = { engine: string; model: string | null; criteria: JudgedCriterion[] }

/** The middle one; of an even number the lower of the two, since levels have no halves. */
export const medianLevel = (levels: readonly number[]): number | null =>
  [...levels].sort((a, b) => a - b)[Math.floor((levels.length - 1) / 2)] ?? null

/** What draws say together; null when fewer than two of them say anything. */
export function settled(engine: string, draws: readonly Draw[]): Judged | null {
  const looks = draws.flatMap((draw) => (draw.status === 'ok' ? [draw] : []))
  if (looks.length < 2) return null
  const criteria = CRITERIA.map(({ key, question, anchors }): JudgedCriterion => {
    const answers = looks.map((look) => look.criteria.find((one) => one.key === key))
    const levels = answers.map((answer) => answer?.level ?? null)
    const known = levels.flatMap((level) => level ?? [])
    const level = known.length < 2 ? null : medianLevel(known)
    const spread = level === null ? null : Math.max(...known) - Math.min(...known)
    const evidence = answers.find((answer) => level !== null && answer?.level === level)?.evidence
    const anchor = level === null ? null : (anchors[level] ?? null)
    return { key, question, anchor, level, spread, levels, evidence: evidence ?? null }
  })
  return { engine, model: looks[0]?.model ?? null, criteria }
}
