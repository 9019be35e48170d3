import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { type Database, openDatabase } from '../../src/platform/database'
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory'

export const notes = sqliteTable('notes', {
  id: integer('id').primaryKey(),
  body: text('body').notNull(),
})
export const NOTES =
  'CREATE TABLE notes (id INTEGER PRIMARY KEY NOT NULL, body TEXT NOT NULL) STRICT'

/** A database with one table, gone at the end of the `using` scope. */
export type Notebook = Disposable & { db: Database; directory: TemporaryDirectory; ids(): number[] }

export function notebook(): Notebook {
  const directory = temporaryDirectory()
  const db = openDatabase({ path: directory.file('a.db') })
  db.sqlite.run(NOTES)
  return {
    db,
    directory,
    ids: () =>
      db.read
        .select()
        .from(notes)
        .all()
        .map(({ id }) => id),
    [Symbol.dispose]: () => {
      db.close()
      directory[Symbol.dispose]()
    },
  }
}

export const note = (id: number) => ({ id, body: 'text' })
