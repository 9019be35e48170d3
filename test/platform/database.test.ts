import { Database as Sqlite } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { isUniqueViolation, openDatabase } from '../../src/platform/database'
import { createWriteIntent } from '../../src/platform/write-intent'
import { NOTES, note, notebook, notes } from '../support/notebook'
import { temporaryDirectory } from '../support/temporary-directory'

describe('opening', () => {
  test('every pragma is in force on the writing connection', () => {
    using book = notebook()
    const value = (name: string) => book.db.sqlite.query(`PRAGMA ${name}`).values().flat()[0]
    expect(value('journal_mode')).toBe('wal')
    expect(value('synchronous')).toBe(2)
    expect(value('foreign_keys')).toBe(1)
    expect(value('auto_vacuum')).toBe(2)
    expect(value('busy_timeout')).toBe(200)
    expect(value('trusted_schema')).toBe(0)
    expect(value('cache_size')).toBe(-32_000)
  })

  test('a file whose pragma cannot be changed any more is refused by name', () => {
    using directory = temporaryDirectory()
    const path = directory.file('old.db')
    const old = new Sqlite(path)
    old.run(NOTES)
    old.close()
    expect(() => openDatabase({ path })).toThrow('auto_vacuum')
  })

  test('a file that is no database is refused', async () => {
    using directory = temporaryDirectory()
    const path = directory.file('text.db')
    await Bun.write(path, 'not a database '.repeat(400))
    expect(() => openDatabase({ path })).toThrow('not a database')
  })

  test('a readonly connection sees committed rows and cannot write', () => {
    using book = notebook()
    book.db.write((tx) => void tx.insert(notes).values(note(1)).run())
    const reader = openDatabase({ path: book.directory.file('a.db'), readonly: true })
    expect(reader.read.select().from(notes).all()).toEqual([note(1)])
    expect(() => reader.read.insert(notes).values(note(2)).run()).toThrow()
    reader.close()
    expect(book.ids()).toEqual([1])
  })

  test('closing leaves nothing in the write-ahead log', () => {
    using directory = temporaryDirectory()
    const db = openDatabase({ path: directory.file('a.db') })
    db.sqlite.run(NOTES)
    db.write((tx) => void tx.insert(notes).values(note(1)).run())
    expect(db.read.select().from(notes).all()).toHaveLength(1)
    db.close()
    expect(Bun.file(directory.file('a.db-wal')).size).toBe(0)
  })
})

describe('write', () => {
  test('commits and hands back what the work returned', () => {
    using book = notebook()
    const row = book.db.write((tx) => tx.insert(notes).values(note(1)).returning().get())
    expect(row).toEqual(note(1))
    expect(book.ids()).toEqual([1])
  })

  test('a thrown error undoes everything and arrives as it was', () => {
    using book = notebook()
    const failure = new Error('no')
    const attempt = () =>
      book.db.write((tx) => {
        tx.insert(notes).values(note(1)).run()
        throw failure
      })
    expect(attempt).toThrow(failure)
    expect(book.ids()).toEqual([])
  })

  test('an async callback is refused before it runs', () => {
    using book = notebook()
    let ran = false
    const work = async () => {
      ran = true
    }
    // @ts-expect-error: the type refuses a promise already.
    expect(() => book.db.write(work)).toThrow('must not be async')
    expect(ran).toBe(false)
    // @ts-expect-error: also in a savepoint.
    expect(() => book.db.write(() => book.db.write(work))).toThrow('must not be async')
  })

  test('a returned promise, thenable or unfinished query is refused and rolled back', () => {
    using book = notebook()
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this test needs.
    const then = { then: () => {} }
    for (const result of [Promise.resolve(1), then, Object.assign(() => {}, then)]) {
      const attempt = () =>
        book.db.write((tx): unknown => {
          tx.insert(notes).values(note(1)).run()
          return result
        })
      expect(attempt).toThrow('must not be async')
    }
    // @ts-expect-error: without .run() the query is a promise that nobody awaits.
    expect(() => book.db.write((tx) => tx.insert(notes).values(note(1)))).toThrow('must not be')
    expect(book.ids()).toEqual([])
  })

  test('a violated UNIQUE constraint is told apart', () => {
    using book = notebook()
    const twice = () =>
      book.db.write((tx) =>
        tx
          .insert(notes)
          .values([note(1), note(1)])
          .run(),
      )
    expect(twice).toThrow()
    try {
      twice()
    } catch (error) {
      expect(isUniqueViolation(error)).toBe(true)
    }
    expect(isUniqueViolation(new Error('other'))).toBe(false)
  })

  test('the intent is raised during a write and lowered after success and failure', () => {
    using directory = temporaryDirectory()
    const intent = createWriteIntent()
    const db = openDatabase({ path: directory.file('a.db'), intent })
    expect(db.write(() => intent.isRaised())).toBe(true)
    expect(intent.isRaised()).toBe(false)
    expect(() => db.write(() => JSON.parse('{'))).toThrow()
    expect(intent.isRaised()).toBe(false)
    db.close()
  })
})

describe('a write inside a write', () => {
  test('is undone alone when the outer one catches its error', () => {
    using book = notebook()
    book.db.write((tx) => {
      tx.insert(notes).values(note(1)).run()
      expect(() =>
        book.db.write((inner) => {
          inner.insert(notes).values(note(2)).run()
          throw new Error('no')
        }),
      ).toThrow('no')
      book.db.write((inner) => void inner.insert(notes).values(note(3)).run())
    })
    expect(book.ids()).toEqual([1, 3])
  })

  test('is undone with the outer one', () => {
    using book = notebook()
    const attempt = () =>
      book.db.write(() => {
        book.db.write((inner) => void inner.insert(notes).values(note(2)).run())
        throw new Error('no')
      })
    expect(attempt).toThrow('no')
    expect(book.ids()).toEqual([])
  })

  test('keeps its savepoints apart three levels deep', () => {
    using book = notebook()
    book.db.write(() => {
      book.db.write((tx) => {
        tx.insert(notes).values(note(1)).run()
        expect(() =>
          book.db.write((inner) => {
            inner.insert(notes).values(note(2)).run()
            throw new Error('no')
          }),
        ).toThrow('no')
      })
    })
    expect(book.ids()).toEqual([1])
  })
})

describe('afterCommit', () => {
  test('runs once the outermost transaction is visible to others, in order', () => {
    using book = notebook()
    const seen: string[] = []
    const other = openDatabase({ path: book.directory.file('a.db'), readonly: true })
    book.db.write((tx) => {
      tx.insert(notes).values(note(1)).run()
      book.db.afterCommit(() => seen.push(`outer ${other.read.select().from(notes).all().length}`))
      book.db.write(() => book.db.afterCommit(() => seen.push('inner')))
      expect(seen).toEqual([])
    })
    expect(seen).toEqual(['outer 1', 'inner'])
    other.close()
  })

  test('a rolled back transaction or savepoint takes its effects along', () => {
    using book = notebook()
    const seen: string[] = []
    const failing = (name: string) => () => {
      book.db.afterCommit(() => seen.push(name))
      throw new Error('no')
    }
    expect(() => book.db.write(failing('outer'))).toThrow('no')
    book.db.write(() => {
      book.db.afterCommit(() => seen.push('kept'))
      expect(() => book.db.write(failing('inner'))).toThrow('no')
    })
    book.db.write(() => undefined)
    expect(seen).toEqual(['kept'])
  })

  test('outside of a transaction the effect runs at once', () => {
    using book = notebook()
    let ran = false
    book.db.afterCommit(() => {
      ran = true
    })
    expect(ran).toBe(true)
  })

  test('an effect may write, and its own effects follow its commit', () => {
    using book = notebook()
    const seen: string[] = []
    book.db.write(() => {
      book.db.afterCommit(() => {
        book.db.write((tx) => {
          tx.insert(notes).values(note(9)).run()
          book.db.afterCommit(() => seen.push('second'))
        })
        seen.push('first')
      })
    })
    expect(seen).toEqual(['second', 'first'])
    expect(book.ids()).toEqual([9])
  })

  test('an effect that throws does not keep the others from running', () => {
    using book = notebook()
    const seen: string[] = []
    const attempt = () =>
      book.db.write((tx) => {
        tx.insert(notes).values(note(1)).run()
        book.db.afterCommit(() => {
          throw new Error('effect')
        })
        book.db.afterCommit(() => seen.push('later'))
      })
    expect(attempt).toThrow('effect')
    expect(seen).toEqual(['later'])
    expect(book.ids()).toEqual([1])
  })
})
