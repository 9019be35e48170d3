import { createHash } from 'node:crypto'
import { and, asc, eq, inArray, lt } from 'drizzle-orm'
import { type Clock, DAY, HOUR, MINUTE } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { WorkspaceDirectory } from '../workspaces/service'
import { CRITERIA, type JudgedPicture, settled, type VisionPort } from './judging'
import { measuresOfPicture } from './measures'
import { type AnalysisRow, analyses, analysisPictures, type MeasuredReason } from './table'
import type { createVisits, Visit } from './visit'

/** Beginnings of one analysis: it may be what stopped the server. */
const ATTEMPTS_MAX = 3
const KEPT_MS = 400 * DAY
const PURGED_AT_ONCE = 100

export type WorkDeps = {
  db: Database
  clock: Clock
  workspaces: Pick<WorkspaceDirectory, 'findLive'>
  visits: ReturnType<typeof createVisits>
  /** The model that judges; null where none is configured. */
  vision: VisionPort | null
}

type Finding = Pick<AnalysisRow, 'judged' | 'judgedReason'> &
  Omit<Visit, 'pictures' | 'reason'> & {
    measuredReason: Visit['reason']
  }

/** A page that nobody saw cannot be judged either. */
const unseen = (reason: MeasuredReason | null): AnalysisRow['judgedReason'] =>
  reason === 'blocked_page' || reason === 'interrupted' ? reason : 'no_picture'

/** The loops that do what waits, one after another, and forget what is long done. */
export function createAnalysisWork({ db, clock, workspaces, visits, vision }: WorkDeps): Loop[] {
  /** The oldest one that waits; what runs, while this loop begins, was cut short. */
  const next = (): AnalysisRow | undefined =>
    db.read
      .select()
      .from(analyses)
      .where(inArray(analyses.status, ['queued', 'running']))
      .orderBy(asc(analyses.createdAt), asc(analyses.id))
      .all()
      .find(({ workspaceId }) => workspaces.findLive(workspaceId))

  async function judge(
    pictures: readonly JudgedPicture[],
    reason: MeasuredReason | null,
    signal: AbortSignal,
  ): Promise<Pick<AnalysisRow, 'judged' | 'judgedReason'>> {
    if (vision === null) return { judged: null, judgedReason: 'no_vision_model' }
    if (pictures.length === 0) return { judged: null, judgedReason: unseen(reason) }
    const { draws } = await vision.judge({ pictures, criteria: CRITERIA, signal })
    const judged = settled(vision.engine, draws)
    return { judged, judgedReason: judged === null ? 'model_failed' : null }
  }

  /** A picture that was sent, as a visit that nobody had to make. */
  function sent({ id }: AnalysisRow): Visit {
    const ofIt = eq(analysisPictures.analysisId, id)
    const picture = db.read.select().from(analysisPictures).where(ofIt).get()
    if (!picture) throw new Error(`The picture of ${id} is gone.`)
    const { bytes, mediaType, width, height } = picture
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const capture = {
      name: 'upload',
      mediaType,
      width,
      height,
      sha256,
      bytes: bytes.length,
    } as const
    return {
      ...{ page: null, captures: [capture], pictures: [{ bytes, mediaType }] },
      ...{ measured: measuresOfPicture(), reason: null },
    }
  }

  function finish({ id }: AnalysisRow, finding: Finding): void {
    const isTold = finding.measured !== null || finding.judged !== null
    const status = isTold ? 'complete' : 'failed'
    db.write((tx) => {
      tx.delete(analysisPictures).where(eq(analysisPictures.analysisId, id)).run()
      tx.update(analyses)
        .set({ ...finding, status, finishedAt: clock.now() })
        .where(eq(analyses.id, id))
        .run()
    })
  }

  function begin({ id, attempts, startedAt }: AnalysisRow): void {
    const started = { attempts: attempts + 1, startedAt: startedAt ?? clock.now() }
    db.write((tx) => {
      const change = { status: 'running' as const, ...started }
      tx.update(analyses).set(change).where(eq(analyses.id, id)).run()
    })
  }

  async function run(row: AnalysisRow, signal: AbortSignal): Promise<void> {
    if (row.attempts >= ATTEMPTS_MAX) {
      const ended = { measured: null, judged: null } as const
      const why = { measuredReason: 'interrupted', judgedReason: 'interrupted' } as const
      finish(row, { page: null, captures: [], ...ended, ...why })
      return
    }
    begin(row)
    const { url } = row
    const { pictures, reason, ...found } =
      url === null ? sent(row) : await visits.visit(url, signal)
    const judged = signal.aborted ? undefined : await judge(pictures, reason, signal)
    // What the server's end cut short is begun again after its next start.
    if (judged === undefined || signal.aborted) return
    finish(row, { ...found, measuredReason: reason, ...judged })
  }

  return [
    {
      name: 'analyses.run',
      schedule: { everyMs: MINUTE },
      runMsMax: 12 * HOUR,
      async run(signal) {
        for (let row = next(); row && !signal.aborted; row = next()) await run(row, signal)
      },
    },
    {
      name: 'analyses.purge',
      schedule: { everyMs: HOUR },
      run() {
        const isOld = and(
          inArray(analyses.status, ['complete', 'failed']),
          lt(analyses.finishedAt, clock.now() - KEPT_MS),
        )
        db.write((tx) => {
          const old = tx
            .select({ id: analyses.id })
            .from(analyses)
            .where(isOld)
            .limit(PURGED_AT_ONCE)
          tx.delete(analyses).where(inArray(analyses.id, old)).run()
        })
      },
    },
  ]
}
