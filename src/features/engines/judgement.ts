import type { EngineCost, EngineFailure } from './answer'

export type Picture = {
  bytes: Uint8Array
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp'
}

/** One question to ask of pictures, with what each level from 0 to 4 means. */
export type Criterion = {
  /** Unique among the criteria of one judgement. */
  key: string
  question: string
  anchors: readonly [string, string, string, string, string]
}

/** What a level rests on. */
export type Evidence = {
  /** Words that stand in the picture; null where a place says it. */
  quote: string | null
  /** Left, top, width and height as shares (0-1) of the picture with that index; null for a quote. */
  box: { picture: number; left: number; top: number; width: number; height: number } | null
}

export type JudgedCriterion = {
  key: string
  /** 0 to 4 by the anchors; null where the model could not tell, or gave no evidence. */
  level: number | null
  evidence: Evidence | null
}

/** One independent look: every criterion judged, or why not. */
export type Draw =
  | { status: 'ok'; model: string | null; criteria: readonly JudgedCriterion[] }
  | { status: 'refused'; model: string | null }
  | { status: 'error'; failure: EngineFailure }

export type Judgement = {
  engine: string
  modelAsked: string
  /** Exactly three, each in a conversation of its own. */
  draws: readonly Draw[]
  /** Of all draws together; null where the price of one is unknown. */
  cost: EngineCost | null
}

/** A vision model that answers by schema alone: it has no tools and sees no free text. */
export type VisionJudge = {
  engine: string
  model: string
  /**
   * Three draws over the same pictures. Never rejects. The pictures are untrusted: what is
   * written in them can change levels, and nothing else.
   */
  judge(input: {
    pictures: readonly Picture[]
    /** At most eight. */
    criteria: readonly Criterion[]
    signal?: AbortSignal | undefined
  }): Promise<Judgement>
}
