import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors'
import { holdLock } from '../support/lock-holder'
import { type Notebook, note, notebook, notes } from '../support/notebook'

function refusal(work: () => unknown): AppError {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was not refused.')
}

describe('when the database refuses', () => {
  test('a lock held by another process answers unavailable, and the next try succeeds', async () => {
    using book = notebook()
    const holder = await holdLock('write', book.directory.file('a.db'))
    let ran = false
    const error = refusal(() =>
      book.db.write(() => {
        ran = true
      }),
    )
    expect(error.code).toBe('unavailable')
    expect(error.options.retryAfterSeconds).toBe(1)
    expect(ran).toBe(false)
    expect(book.ids()).toEqual([])
    await holder.kill()
    // Nobody asks again at once.
    await Bun.sleep(70)
    book.db.write((tx) => void tx.insert(notes).values(note(1)).run())
    expect(book.ids()).toEqual([1])
  })

  test('who waited in vain once hardly waits again, until the lock is had', async () => {
    using book = notebook()
    const { db } = book
    const patience = () => db.sqlite.query('PRAGMA busy_timeout').values()[0]?.[0]
    const holder = await holdLock('write', book.directory.file('a.db'))
    expect(refusal(() => db.write(() => undefined)).code).toBe('unavailable')
    expect(patience()).toBe(20)
    const tried = db.status().busyErrors
    expect(refusal(() => db.write(() => undefined)).code).toBe('unavailable')
    // Refused without even asking for the lock.
    expect(db.status().busyErrors).toBe(tried)
    await holder.kill()
    await Bun.sleep(70)
    db.write(() => undefined)
    expect(patience()).toBe(200)
  })

  const fill = (book: Notebook) => {
    const pages = Number(book.db.sqlite.query('PRAGMA page_count').values().flat()[0])
    book.db.sqlite.run(`PRAGMA max_page_count = ${pages}`)
  }
  const large = (id: number) => ({ id, body: 'x'.repeat(20_000) })

  test('a full disk answers unavailable with nothing half-written, and recovers by itself', () => {
    using book = notebook()
    fill(book)
    const error = refusal(() =>
      book.db.write((tx) => {
        tx.insert(notes).values(note(1)).run()
        tx.insert(notes).values(large(2)).run()
      }),
    )
    expect(error.code).toBe('unavailable')
    expect(error.options.retryAfterSeconds).toBe(60)
    expect(book.ids()).toEqual([])
    book.db.sqlite.run('PRAGMA max_page_count = 1000000')
    book.db.write((tx) => void tx.insert(notes).values(large(2)).run())
    expect(book.ids()).toEqual([2])
  })

  test('work that swallows a full disk cannot write on outside of its transaction', () => {
    for (const swallow of ['directly', 'in a savepoint'] as const) {
      using book = notebook()
      fill(book)
      const error = refusal(() =>
        book.db.write((tx) => {
          tx.insert(notes).values(note(1)).run()
          try {
            if (swallow === 'directly') tx.insert(notes).values(large(2)).run()
            else book.db.write((inner) => void inner.insert(notes).values(large(2)).run())
          } catch {
            // The mistake that this test is about.
          }
          book.db.write((inner) => void inner.insert(notes).values(note(3)).run())
        }),
      )
      expect(error.code).toBe('unavailable')
      expect(book.ids()).toEqual([])
      book.db.write((tx) => void tx.insert(notes).values(note(4)).run())
      expect(book.ids()).toEqual([4])
    }
  })
})
