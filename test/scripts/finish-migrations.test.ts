import { expect, test } from 'bun:test'
import { embed, makeTablesStrict } from '../../scripts/finish-migrations'

test('every generated table becomes STRICT, once', () => {
  const sql =
    'CREATE TABLE `a` (\n\t`x` text\n);\n--> statement-breakpoint\nCREATE TABLE `__new_b` (\n\t`y` integer\n);\n'
  const strict = makeTablesStrict(sql)
  expect(strict.match(/\n\) STRICT;/g)).toHaveLength(2)
  expect(makeTablesStrict(strict)).toBe(strict)
})

test('a table with options of its own and an index stay as they are', () => {
  const sql =
    'CREATE TABLE `a` (\n\t`x` text\n) STRICT, WITHOUT ROWID;\nCREATE INDEX `i` ON `a` (`x`);\n'
  expect(makeTablesStrict(sql)).toBe(sql)
})

test('migrations are listed in the order of their numbers', () => {
  const source = embed(['0001_more.sql', '0000_init.sql'])
  expect(source.indexOf("name: '0000_init'")).toBeLessThan(source.indexOf("name: '0001_more'"))
  expect(source).toContain("import m0001 from './migrations/0001_more.sql' with { type: 'text' }")
})
