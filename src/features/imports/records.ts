import { invalid } from '../../core/errors'
import { readCsv } from './csv-file'
import { readJson } from './json-file'
import type { SourceRecord } from './record'
import type { Source } from './sources'
import { readSqlDump } from './sql-file'
import { peek } from './text'

export type Format = 'csv' | 'json' | 'sql'

/** So much shows what a file is. */
const PEEK_LENGTH = 65_536

const formatOf = (start: string, source: Source): Format => {
  const text = start.trimStart()
  if (/^[[{]/.test(text)) return 'json'
  return source === 'yourls' && /^(--|\/\*|insert |create |lock |set |drop )/i.test(text)
    ? 'sql'
    : 'csv'
}

/** The entries of a file, in whichever of its source's formats it is. Throws `validation_failed`. */
export async function openRecords(
  text: AsyncGenerator<string>,
  source: Source,
): Promise<{ format: Format; records: AsyncGenerator<SourceRecord> }> {
  const { start, whole } = await peek(text, PEEK_LENGTH)
  if (start.trim() === '') throw invalid('file', 'The file is empty.')
  const format = formatOf(start, source)
  if (format === 'json') return { format, records: readJson(whole, start) }
  if (format === 'sql') return { format, records: readSqlDump(whole) }
  return { format, records: readCsv(whole, { start, isGuarded: source === 'csv' }) }
}
