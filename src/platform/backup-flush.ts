import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pause } from './loops'

const EVERY_MS = 50

/**
 * Has the disk take in what a backup writes while it is written. Left to its end, the kernel would
 * write all of it at once, and every commit of the server would wait for that.
 */
export async function flushedAlong<T>(file: string, backup: Promise<T>): Promise<T> {
  let isDone = false
  const done = backup.then(
    () => {
      isDone = true
    },
    () => {
      isDone = true
    },
  )
  while (!isDone) {
    await Promise.race([done, pause(EVERY_MS)])
    await flushPartials(file).catch(() => undefined)
  }
  return backup
}

async function flushPartials(file: string): Promise<void> {
  const names = await readdir(dirname(file))
  for (const name of names.filter((one) => one.startsWith(`.${basename(file)}.`))) {
    const partial = await open(join(dirname(file), name), 'r')
    try {
      await partial.datasync()
    } finally {
      await partial.close()
    }
  }
}
