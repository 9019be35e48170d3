import { describe, expect, test } from 'bun:test'
import { openDatabase } from '../../src/platform/database'
import { createGroupCommit } from '../../src/platform/group-commit'
import { holdLock } from '../support/lock-holder'
import { note, notebook, notes } from '../support/notebook'

describe('effects of one turn', () => {
  test('are committed together and settle after the commit', async () => {
    using book = notebook()
    const { db } = book
    const transactions: string[] = []
    const commit = createGroupCommit({
      write(work) {
        const isOuter = !db.sqlite.inTransaction
        const result = db.write(work)
        if (isOuter) transactions.push('committed')
        return result
      },
    })
    const add = (id: number) =>
      commit(() => {
        db.write((tx) => void tx.insert(notes).values(note(id)).run())
        return transactions.length
      })
    expect(await Promise.all([add(1), add(2), add(3)])).toEqual([0, 0, 0])
    expect(transactions).toEqual(['committed'])
    expect(book.ids()).toEqual([1, 2, 3])
  })

  test('one that throws is undone and rejects alone', async () => {
    using book = notebook()
    const { db } = book
    const commit = createGroupCommit(db)
    const effects: number[] = []
    const add = (id: number, fail = false) =>
      commit(() =>
        db.write((tx) => {
          tx.insert(notes).values(note(id)).run()
          db.afterCommit(() => effects.push(id))
          if (fail) throw new Error(`no ${id}`)
          return id
        }),
      )
    const results = await Promise.allSettled([add(1), add(2, true), add(3)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(book.ids()).toEqual([1, 3])
    expect(effects).toEqual([1, 3])
  })

  test('a lock that is not to be had rejects all of them and writes nothing', async () => {
    using book = notebook()
    const second = openDatabase({ path: book.directory.file('a.db'), busyTimeoutMs: 20 })
    const commit = createGroupCommit(second)
    await using _holder = await holdLock('write', book.directory.file('a.db'))
    const add = (id: number) =>
      commit(() => second.write((tx) => void tx.insert(notes).values(note(id)).run()))
    const results = await Promise.allSettled([add(1), add(2)])
    second.close()
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'unavailable' }) },
      { status: 'rejected', reason: expect.objectContaining({ code: 'unavailable' }) },
    ])
    expect(book.ids()).toEqual([])
  })

  test('more than a group holds are done in the next turns, in order', async () => {
    using book = notebook()
    const { db } = book
    const commit = createGroupCommit(db)
    const ids = Array.from({ length: 100 }, (_, index) => index)
    const settled = ids.map((id) =>
      commit(() => db.write((tx) => void tx.insert(notes).values(note(id)).run())),
    )
    await Promise.all(settled)
    expect(book.ids()).toEqual(ids)
  })

  test('an async effect is refused and undone', async () => {
    using book = notebook()
    const commit = createGroupCommit(book.db)
    const effect = commit(async () => {
      book.db.write((tx) => void tx.insert(notes).values(note(1)).run())
    })
    expect(effect).rejects.toThrow(TypeError)
    await effect.catch(() => undefined)
    expect(book.ids()).toEqual([])
  })
})
