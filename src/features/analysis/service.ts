import { and, count, eq, inArray } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { UploadedFile } from '../../http/upload'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { SealedFiles } from '../../platform/sealed-files'
import { createLoads } from './loads'
import { PICTURE_BYTES_MAX, type PictureFacts, requirePicture } from './picture'
import type { CreateAnalysis } from './schema'
import { type AnalysisRow, analyses, analysisPictures } from './table'
import { createVisits, type VisitDeps } from './visit'
import { createAnalysisWork, type WorkDeps } from './work'

export type { VisionPort } from './judging'

/** Analyses of one workspace that are not done; one is worked on at a time. */
const OPEN_MAX = 10

export type AnalysisDeps = Omit<WorkDeps, 'visits'> &
  Omit<VisitDeps, 'loads'> & {
    db: Database
    clock: Clock
    internet: Pick<Internet, 'judgeUrl' | 'request'>
    files: Pick<SealedFiles, 'read'>
    userAgent: () => string
    /** Lets the loop run soon. */
    wake: () => void
  }

/** What is to be looked at. */
export type Subject = { url: string } | { url: null; picture: PictureFacts & { bytes: Buffer } }

export type Analyses = ReturnType<typeof createAnalyses>

/** Looks at pages and pictures: what can be measured, and apart from it what a model judges. */
export function createAnalyses(deps: AnalysisDeps) {
  const { db, clock, internet, files, wake } = deps
  const visits = createVisits({ ...deps, loads: createLoads(deps) })

  function requireRoom(tx: Tx, workspaceId: string): void {
    const isOpen = inArray(analyses.status, ['queued', 'running'])
    const open = and(eq(analyses.workspaceId, workspaceId), isOpen)
    const used = tx.select({ n: count() }).from(analyses).where(open).get()?.n ?? 0
    if (used < OPEN_MAX) return
    const message = `${OPEN_MAX} analyses wait already. Wait until one of them is done.`
    throw new AppError('conflict', message, { retryAfterSeconds: 30 })
  }

  async function pictureIn({ sizeBytes, stored }: UploadedFile): Promise<Subject> {
    if (sizeBytes > PICTURE_BYTES_MAX) {
      const message = 'A picture may have at most 10 MiB (10485760 bytes).'
      throw new AppError('payload_too_large', message, { field: 'file' })
    }
    const pieces: Buffer[] = []
    for await (const piece of files.read(stored)) pieces.push(piece)
    const bytes = Buffer.concat(pieces)
    return { url: null, picture: { ...requirePicture(bytes), bytes } }
  }

  return {
    /**
     * What a request wants to be looked at, judged by its form. Throws `invalid_url`,
     * `validation_failed`, `payload_too_large`.
     */
    async read({ url }: CreateAnalysis, file: UploadedFile | null): Promise<Subject> {
      if (url !== undefined && file) throw invalid('url', 'Send an address or a picture, not both.')
      if (file) return await pictureIn(file)
      if (url === undefined) throw invalid('url', 'Send the address of a page, or a picture.')
      return { url: internet.judgeUrl(url, { schemes: ['http', 'https'] }).href }
    },

    /** Queues an analysis. Throws `conflict` when too many of the workspace wait already. */
    create(principal: Principal, subject: Subject): AnalysisRow {
      const { workspaceId } = principal
      return db.write((tx) => {
        requireRoom(tx, workspaceId)
        const at = clock.now()
        const row = tx
          .insert(analyses)
          .values({
            ...{ id: newId('ana', at), workspaceId, url: subject.url, status: 'queued' },
            ...{ attempts: 0, captures: [], createdBy: actorOf(principal).name, createdAt: at },
          })
          .returning()
          .get()
        if (subject.url === null) {
          const { picture } = subject
          tx.insert(analysisPictures)
            .values({ analysisId: row.id, ...picture })
            .run()
        }
        db.afterCommit(wake)
        return row
      })
    },

    /** Throws `not_found`. */
    find({ workspaceId }: Principal, id: string): AnalysisRow {
      const mine = and(eq(analyses.workspaceId, workspaceId), eq(analyses.id, id))
      const row = db.read.select().from(analyses).where(mine).get()
      if (row) return row
      throw notFound('analysis')
    },

    loops: createAnalysisWork({ ...deps, visits }),
  }
}
