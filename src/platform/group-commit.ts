import type { Database } from './database'

/** Runs effects of the same turn in one durable transaction. */
export type GroupCommit = <T>(work: () => T) => Promise<T>

/** Effects of one transaction at most: it holds the write lock while they run. */
const GROUP_MAX = 32

type Member = { run(): void; settle(failure: { error: unknown } | undefined): void }

/**
 * One fsync for all requests that arrive together instead of one each: what they do runs at the
 * end of the event-loop turn, each in a savepoint of its own, and every promise settles only after
 * the common commit. A member that throws is rolled back alone and rejects alone; a commit that
 * fails rejects them all.
 */
export function createGroupCommit(db: Pick<Database, 'write'>): GroupCommit {
  const waiting: Member[] = []

  function flush(): void {
    const members = waiting.splice(0, GROUP_MAX)
    if (waiting.length > 0) setImmediate(flush)
    let failure: { error: unknown } | undefined
    try {
      db.write(() => {
        for (const member of members) member.run()
      })
    } catch (error) {
      failure = { error }
    }
    for (const member of members) member.settle(failure)
  }

  return <T>(work: () => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let outcome: { value: T } | { error: unknown } | undefined
    const member: Member = {
      run() {
        try {
          // Boxed, so that the type of a transaction's result cannot be a promise.
          const { value } = db.write(() => ({ value: refusePromise(work()) }))
          outcome = { value }
        } catch (error) {
          outcome = { error }
        }
      },
      settle(failure) {
        if (outcome && 'error' in outcome) reject(outcome.error)
        else if (failure || !outcome) reject(failure?.error)
        else resolve(outcome.value)
      },
    }
    if (waiting.push(member) === 1) setImmediate(flush)
    return promise
  }
}

function refusePromise<T>(value: T): T {
  if (value instanceof Promise) {
    throw new TypeError('An effect must not be async: await first, then write.')
  }
  return value
}
