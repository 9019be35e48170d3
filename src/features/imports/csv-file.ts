import { CsvError, type Info, type Parser, parse } from 'csv-parse'
import { csvText } from '../../core/csv'
import { invalid } from '../../core/errors'
import { nameKey, type SourceRecord } from './record'
import { smallPiecesOf } from './text'

/** A longer record is one whose quotes never close. */
const RECORD_LENGTH_MAX = 1_048_576
const DELIMITERS = [',', ';', '\t', '|'] as const

/** What separates the cells: the one that is most often outside of quotes in the first line. */
export function delimiterOf(start: string): string {
  const counts = new Map<string, number>(DELIMITERS.map((sign) => [sign, 0]))
  let isQuoted = false
  for (const sign of start) {
    if (sign === '"') isQuoted = !isQuoted
    else if (!isQuoted && (sign === '\n' || sign === '\r')) break
    else if (!isQuoted && counts.has(sign)) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a)
  return most?.[0] ?? ','
}

type Parsed = { record: string[]; info: Info }

/**
 * The records of a CSV file (RFC 4180, with any of the usual delimiters and line ends), by the
 * names in its first line; guarded ones without the apostrophes that keep spreadsheets from running
 * what they hold. Rows with more cells than names are problems of their own. Throws
 * `validation_failed` with the line where quotes do not close.
 */
export async function* readCsv(
  text: AsyncIterable<string>,
  { start, isGuarded }: { start: string; isGuarded: boolean },
): AsyncGenerator<SourceRecord> {
  const parser = parse({
    ...{ delimiter: delimiterOf(start), info: true, max_record_size: RECORD_LENGTH_MAX },
    ...{ record_delimiter: ['\r\n', '\n', '\r'], relax_column_count: true, relax_quotes: true },
    skip_empty_lines: true,
  })
  let names: string[] | undefined
  try {
    for await (const { record, info } of parsed(parser, text)) {
      if (names === undefined) {
        names = record
        continue
      }
      if (record.every((cell) => cell.trim() === '')) continue
      yield recordOf(names, isGuarded ? record.map(csvText) : record, info.lines)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error.lines === 'number' ? ` near line ${error.lines}` : ''
    throw invalid('file', `The file is not good CSV${line}: a quotation mark is not closed.`)
  } finally {
    parser.destroy()
  }
}

/**
 * What a parser makes of a text, handed to it in small pieces: a pipe would hand over whatever has
 * gathered at once, and everybody else would wait.
 */
async function* parsed(parser: Parser, text: AsyncIterable<string>): AsyncGenerator<Parsed> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let failure: unknown
  parser.on('end', end)
  parser.on('error', (error) => {
    failure ??= error
    end()
  })
  function* taken(): Generator<Parsed> {
    for (let one = parser.read(); one !== null; one = parser.read()) yield one
    if (failure !== undefined) throw failure
  }
  for await (const piece of text) {
    for (const small of smallPiecesOf(piece)) {
      parser.write(small)
      yield* taken()
    }
  }
  parser.end()
  yield* taken()
  await ended
  yield* taken()
}

function recordOf(names: readonly string[], cells: readonly string[], line: number): SourceRecord {
  const surplus = cells.slice(names.length).some((cell) => cell.trim() !== '')
  if (surplus) {
    const problem = `The row has ${cells.length} cells, the first line ${names.length}.`
    return { line, problem }
  }
  const values = new Map<string, unknown>()
  const twice = new Set<string>()
  for (const [index, name] of names.entries()) {
    const key = nameKey(name)
    if (key === '') continue
    if (values.has(key)) twice.add(key)
    else values.set(key, cells[index] ?? '')
  }
  return { line, values, twice }
}
