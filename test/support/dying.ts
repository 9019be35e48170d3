import type { Runtime } from '../../src/compose'

/**
 * Kills this process right before or after its commit of that number, or never. Answers how many
 * commits there were so far.
 */
export function dieAtCommit(
  { db: { sqlite } }: Runtime['services'],
  [side, number]: readonly (string | undefined)[],
): () => number {
  let commits = 0
  const run = sqlite.run.bind(sqlite)
  sqlite.run = (sql, ...bindings) => {
    if (sql !== 'COMMIT') return run(sql, ...bindings)
    commits += 1
    if (side === 'before' && commits === Number(number)) process.kill(process.pid, 'SIGKILL')
    const changes = run(sql, ...bindings)
    if (side === 'after' && commits === Number(number)) process.kill(process.pid, 'SIGKILL')
    return changes
  }
  return () => commits
}
