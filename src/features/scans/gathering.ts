import type { Database, Tx } from '../../platform/database'

/** What a transaction does for one member, and the hearing of it after the commit. */
type Member = { run: (tx: Tx) => () => void; reject: (error: unknown) => void }

/** Runs `work` in a transaction with whatever else is about to come, and settles after its commit. */
export type Gathering = <T>(work: (tx: Tx) => T) => Promise<T>

/**
 * One wait for the disk for all that comes within two turns of the event loop. Whoever was let go
 * by one commit meets again at the next: requests that left together are answered together.
 */
export function createGathering(
  db: Pick<Database, 'write'>,
  nextTurn: () => Promise<void>,
): Gathering {
  const waiting: Member[] = []

  async function commit(): Promise<void> {
    await nextTurn()
    await nextTurn()
    const members = waiting.splice(0)
    try {
      for (const settle of db.write((tx) => members.map(({ run }) => run(tx)))) settle()
    } catch (error) {
      for (const { reject } of members) reject(error)
    }
  }

  return <T>(work: (tx: Tx) => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = (tx: Tx) => {
      const result = work(tx)
      return () => resolve(result)
    }
    if (waiting.push({ run, reject }) === 1) void commit()
    return promise
  }
}
