import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DAY } from '../../src/core/clock'
import {
  CHECKED_STATUSES,
  ENDED_STATUSES,
  followUpDueAt,
  type Mode,
  type Move,
  NEEDS,
  type Need,
  PARTIES,
  type Party,
  RULES,
  refusalOf,
  SUBMISSION_STATUSES,
  type SubmissionStatus,
  UNSENT_STATUSES,
} from '../../src/features/campaigns/life-cycle'
import {
  COUNTED_AS,
  JOB_STATUSES,
  jobStatusOf,
  progressOf,
  type StatusCounts,
} from '../../src/features/campaigns/progress'
import { SUBMISSION_MODES } from '../../src/features/directories/table'

const status = fc.constantFrom(...SUBMISSION_STATUSES)
const party = fc.constantFrom(...PARTIES)
const mode = fc.constantFrom(...SUBMISSION_MODES)
const told = fc.subarray([...NEEDS])
const step = fc.record({ to: status, by: party, told })
const includes = (all: readonly SubmissionStatus[], one: SubmissionStatus) => all.includes(one)

type Step = { to: SubmissionStatus; by: Party; told: Need[] }
type Taken = Move & Step

/** Everything that a submission of a mode goes through, of what somebody tries with it. */
function walk(mode: Mode, steps: readonly Step[]): Taken[] {
  let from: SubmissionStatus = 'queued'
  return steps.flatMap((one) => {
    const move = { ...one, from, mode }
    if (refusalOf(move)) return []
    from = one.to
    return [move]
  })
}

/** Holds for each walk, whatever is tried. */
const always = (holds: (taken: Taken[], mode: Mode) => void): void =>
  fc.assert(
    fc.property(mode, fc.array(step, { maxLength: 400, size: 'max' }), (one, steps) =>
      holds(walk(one, steps), one),
    ),
    { numRuns: 300 },
  )

describe('the life of a submission', () => {
  test('can come to every status there is, in some mode', () => {
    const reached = new Set<SubmissionStatus>(['queued'])
    for (let before = 0; before < reached.size; ) {
      before = reached.size
      for (const { from, to } of RULES) if (from.some((one) => reached.has(one))) reached.add(to)
    }
    expect([...reached].toSorted()).toEqual([...SUBMISSION_STATUSES].toSorted())
  })

  test('says what was seen only when the checker says it, and only of listings', () => {
    always((taken) => {
      for (const { to, by, from } of taken) {
        if (!includes(CHECKED_STATUSES, to)) continue
        expect(by).toBe('checker')
        expect(includes(['live', ...CHECKED_STATUSES], from)).toBe(true)
      }
      // Nor does the checker say anything else than that a listing is there.
      for (const { by, to } of taken) {
        if (by === 'checker') expect(includes(['live', ...CHECKED_STATUSES], to)).toBe(true)
      }
    })
  })

  test('is handed in only with proof, and listed only with a page', () => {
    always((taken) => {
      for (const { to, told: with_, by } of taken) {
        if (to === 'submitted') expect(with_).toContain('proof')
        if (to === 'live' && by !== 'checker') expect(with_).toContain('listing_url')
        if (to === 'duplicate') expect(with_).toContain('existing_url')
      }
    })
  })

  test('never ends up unsent once something has left', () => {
    always((taken) => {
      const sentAt = taken.findIndex(({ to }) => to === 'submitted' || to === 'live')
      if (sentAt < 0) return
      for (const { to } of taken.slice(sentAt)) {
        expect(includes([...UNSENT_STATUSES, 'sending'], to)).toBe(false)
      }
    })
  })

  test('goes on from no end', () => {
    for (const { from } of RULES) {
      for (const one of from) expect(includes(ENDED_STATUSES, one)).toBe(false)
    }
  })

  test('costs nothing before an owner or admin has approved it in person', () => {
    always((taken, one) => {
      if (one !== 'paid') return
      const approvedAt = taken.findIndex(
        ({ told: with_, by, from, to }) =>
          [from, to].join() === 'needs_action,ready' &&
          by === 'payer' &&
          with_.includes('approval'),
      )
      const worked = taken.findIndex(({ to }) =>
        includes(['ready', 'claimed', 'waiting', 'submitted', 'live', 'sending'], to),
      )
      if (worked >= 0) expect(approvedAt).toBe(worked)
    })
  })

  test('is sent by machine only where a person has approved the draft', () => {
    always((taken, one) => {
      for (const { to, by, told: with_ } of taken) {
        if (to !== 'sending') continue
        expect(['person', 'payer']).toContain(by)
        expect(with_).toContain('approval')
        expect(['email', 'form']).toContain(one)
      }
    })
  })

  test('says exactly why a move is refused', () => {
    const given = { mode: 'manual' as const, told: [] }
    const judge = (from: SubmissionStatus, to: SubmissionStatus, by: Party) =>
      refusalOf({ ...given, from, to, by })
    expect(judge('submitted', 'verified', 'payer')).toEqual({ kind: 'impossible' })
    expect(judge('live', 'verified', 'payer')).toEqual({ kind: 'not_yours', by: 'checker' })
    expect(judge('live', 'verified', 'checker')).toBeUndefined()
    expect(judge('ready', 'submitted', 'member')).toEqual({ kind: 'lacks', need: 'proof' })
    expect(judge('needs_action', 'sending', 'payer')).toEqual({ kind: 'impossible' })
    const mail = { mode: 'email' as const, told: ['approval' as const] }
    const send = { ...mail, from: 'needs_action' as const, to: 'sending' as const }
    expect(refusalOf({ ...send, by: 'member' })).toEqual({ kind: 'not_yours', by: 'person' })
    expect(refusalOf({ ...send, by: 'person' })).toBeUndefined()
  })
})

describe('following up', () => {
  const REVIEW = 14 * DAY
  const handedIn = { status: 'submitted' as const, followUps: 0, submittedAt: 0 }

  test('is due after the usual time, then after as much again, then never', () => {
    const due = (followUps: number, lastFollowUpAt: number | null) =>
      followUpDueAt({ ...handedIn, followUps, lastFollowUpAt }, REVIEW)
    expect(due(0, null)).toBe(REVIEW)
    expect(due(1, 20 * DAY)).toBe(34 * DAY)
    expect(due(2, 40 * DAY)).toBeNull()
  })

  test('is due only where a directory has not decided', () => {
    for (const one of SUBMISSION_STATUSES) {
      const due = followUpDueAt({ ...handedIn, status: one, lastFollowUpAt: null }, REVIEW)
      expect(due !== null).toBe(one === 'submitted' || one === 'pending_review')
    }
  })
})

describe('a job', () => {
  const counts: fc.Arbitrary<StatusCounts> = fc.dictionary(status, fc.nat(50)).map((all) => all)

  test('counts each submission once beside the total', () => {
    fc.assert(
      fc.property(counts, (given) => {
        const { total, ...named } = progressOf(given)
        const sum = Object.values(named).reduce((a, b) => a + b, 0)
        expect(sum).toBe(total)
        expect(total).toBe(Object.values(given).reduce((a, b) => a + (b ?? 0), 0))
      }),
    )
    expect(Object.keys(COUNTED_AS).toSorted()).toEqual([...SUBMISSION_STATUSES].toSorted())
  })

  test('ends exactly when nothing is left to be handed in, and stays ended', () => {
    const unfinished = [...UNSENT_STATUSES, 'sending'] as const
    fc.assert(
      fc.property(counts, fc.constantFrom(...JOB_STATUSES), (given, before) => {
        const after = jobStatusOf(before, given)
        if (before !== 'queued' && before !== 'running') return expect(after).toBe(before)
        const left = unfinished.reduce((sum, one) => sum + (given[one] ?? 0), 0)
        expect(['completed', 'failed'].includes(after)).toBe(left === 0)
        if (after === 'failed') expect(given.failed).toBe(progressOf(given).total)
      }),
    )
    expect(jobStatusOf('queued', {})).toBe('completed')
    expect(jobStatusOf('running', { failed: 2 })).toBe('failed')
    expect(jobStatusOf('running', { failed: 2, rejected: 1 })).toBe('completed')
    expect(jobStatusOf('queued', { queued: 3 })).toBe('queued')
    expect(jobStatusOf('queued', { queued: 3, ready: 1 })).toBe('running')
  })
})
