import { expect, test } from 'bun:test'
import { AlreadyRunningError, acquireInstanceLock } from '../../src/platform/instance-lock'
import { holdLock } from '../support/lock-holder'
import { temporaryDirectory } from '../support/temporary-directory'

test('a second process on the same data directory is refused', async () => {
  using directory = temporaryDirectory()
  await using _holder = await holdLock('instance', directory.path)
  expect(() => acquireInstanceLock(directory.path)).toThrow(AlreadyRunningError)
  expect(() => acquireInstanceLock(directory.path)).toThrow(directory.path)
})

test('kill -9 of the holder frees the data directory at once', async () => {
  using directory = temporaryDirectory()
  const holder = await holdLock('instance', directory.path)
  await holder.kill()
  acquireInstanceLock(directory.path).release()
})

test('a released data directory can be taken again', () => {
  using directory = temporaryDirectory()
  acquireInstanceLock(directory.path).release()
  acquireInstanceLock(directory.path).release()
})

test('two data directories do not disturb each other', () => {
  using first = temporaryDirectory()
  using second = temporaryDirectory()
  const locks = [acquireInstanceLock(first.path), acquireInstanceLock(second.path)]
  for (const lock of locks) lock.release()
})
