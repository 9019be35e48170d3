import type { Database } from '../../platform/database'
import { CHUNK_CLICKS_MAX, type ChunkHead } from './chunk'
import { createChunkStore, type PurgedClicks } from './chunk-store'

/** So few are left as they are. */
const CHUNKS_MIN = 3
/** An older chunk joins the newer ones unless it is so many times as large as all of them. */
const RATIO_MAX = 2

export type ChunkTidying = {
  /** Looks after a workspace that got a chunk. */
  visit(workspaceNo: number): void
  /** Joins some small chunks, or rids one of purged clicks; false when all are tidy. */
  tidySome(): boolean
}

/**
 * Keeps chunks few: small ones are joined as soon as some of like size lie side by side, so that
 * each click is packed a few times at most. What is read is packed outside of the transaction,
 * which is given up when another thread has changed the chunks meanwhile.
 */
export function createChunkTidying(db: Database): ChunkTidying {
  const store = createChunkStore(db)
  const crowded = db.sqlite.query<{ no: number }, [number]>(
    'SELECT workspace_no AS no FROM click_chunks GROUP BY workspace_no HAVING count(*) >= ?',
  )
  const purged = db.sqlite.query<{ no: number; cleanedId: number }, []>(
    `SELECT workspace_no AS no, min(cleaned_id) AS cleanedId FROM purged_clicks
     WHERE cleaned_id IS NOT NULL GROUP BY workspace_no LIMIT 1`,
  )
  const nextHead = db.sqlite.query<ChunkHead, [number, number]>(
    `SELECT workspace_no AS workspaceNo, first_id AS firstId, last_id AS lastId, clicks,
       first_at AS firstAt, last_at AS lastAt FROM click_chunks
     WHERE workspace_no = ? AND last_id > ? ORDER BY last_id LIMIT 1`,
  )
  const cleaned = db.sqlite.query(
    `UPDATE purged_clicks SET cleaned_id = ?3
     WHERE workspace_no = ?1 AND cleaned_id >= ?2 AND cleaned_id < ?3`,
  )
  const forget = db.sqlite.query(
    'DELETE FROM purged_clicks WHERE workspace_no = ? AND cleaned_id >= ?',
  )
  let waiting: Set<number> | undefined

  /** The newest chunks as far as they are of like size. */
  function newestAlike(heads: readonly ChunkHead[]): ChunkHead[] {
    let sum = 0
    const run: ChunkHead[] = []
    for (const head of heads.toReversed()) {
      if (sum > 0 && head.clicks > RATIO_MAX * sum) break
      if (sum + head.clicks > CHUNK_CLICKS_MAX) break
      sum += head.clicks
      run.unshift(head)
    }
    return run
  }

  /** False when what was read has changed, which is no harm: it is looked at again. */
  function exchange(old: readonly ChunkHead[], gone?: ReadonlySet<number>): void {
    const chunk = store.joined(old, gone)
    db.write(() => {
      if (!old.every((head) => store.remove(head))) throw new Changed()
      if (chunk) store.write(chunk)
    })
  }

  function join(workspaceNo: number): boolean {
    const run = newestAlike(store.heads(workspaceNo, null))
    if (run.length < CHUNKS_MIN) return false
    exchange(run)
    return true
  }

  function clean(): boolean {
    const due = purged.get()
    if (due === null) return false
    const { no, cleanedId } = due
    const head = nextHead.get(no, cleanedId)
    if (head === null) {
      db.write(() => void forget.run(no, cleanedId))
      return true
    }
    const isDue = ({ cleanedId: id }: PurgedClicks) => id !== null && id < head.lastId
    const gone = new Set(
      store
        .purgedOf(no)
        .filter(isDue)
        .map(({ linkNo }) => linkNo),
    )
    if (store.valuesOf(head, 'link').values.some((link) => gone.has(link))) exchange([head], gone)
    db.write(() => void cleaned.run(no, cleanedId, head.lastId))
    return true
  }

  function some(): boolean {
    waiting ??= new Set(crowded.all(CHUNKS_MIN).map(({ no }) => no))
    for (const workspaceNo of waiting) {
      if (join(workspaceNo)) return true
      waiting.delete(workspaceNo)
    }
    return clean()
  }

  return {
    visit: (workspaceNo) => void waiting?.add(workspaceNo),
    tidySome() {
      try {
        return some()
      } catch (error) {
        if (error instanceof Changed) return true
        throw error
      }
    },
  }
}

/** Another thread was faster. */
class Changed extends Error {}
