import { join } from 'node:path'

const PROGRAM = join(import.meta.dir, '../platform/hold-lock.ts')

/** Another process that holds the write lock of a database, or a data directory, until killed. */
export async function holdLock(kind: 'write' | 'instance', path: string) {
  const child = Bun.spawn([process.execPath, PROGRAM, kind, path], {
    stdin: 'pipe',
    stdout: 'pipe',
  })
  const first = await child.stdout.getReader().read()
  if (first.done) throw new Error(`The holder of ${path} did not start.`)
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  return { kill, [Symbol.asyncDispose]: kill }
}
