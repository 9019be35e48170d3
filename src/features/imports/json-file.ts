import { JSONParser } from '@streamparser/json'
import { invalid } from '../../core/errors'
import { entriesIn, recordOfObject, type SourceRecord } from './record'
import { smallPiecesOf } from './text'

/** Lists in an object: Bitly and Sink, Kutt and Dub, Shlink; of YOURLS an object with names. */
const LIST_PATHS = ['$.links.*', '$.data.*', '$.shortUrls.data.*', '$.urls.*']

/**
 * The entries of a JSON file: a list, an object that holds one, several of these one after another
 * (pages of an API), or an object a line. Throws `validation_failed` where the JSON is broken.
 */
export async function* readJson(
  text: AsyncIterable<string>,
  start: string,
): AsyncGenerator<SourceRecord> {
  const found: unknown[] = []
  const parser = new JSONParser({ paths: pathsOf(start), keepStack: false, separator: '' })
  let failure: Error | undefined
  parser.onValue = ({ value }) => void found.push(value)
  parser.onError = (error) => {
    failure ??= error
  }
  let line = 0
  for await (const piece of text) {
    for (const small of smallPiecesOf(piece)) {
      if (failure) break
      parser.write(small)
      for (const entry of found.splice(0).flatMap(entriesIn)) yield recordOfObject(entry, ++line)
    }
    if (failure) break
  }
  if (!failure && !parser.isEnded) parser.end()
  for (const entry of found.splice(0).flatMap(entriesIn)) yield recordOfObject(entry, ++line)
  if (failure) throw invalid('file', `The file is not good JSON after entry ${line}.`)
}

function pathsOf(start: string): string[] {
  const text = start.trimStart()
  if (text.startsWith('[')) return ['$.*']
  const end = text.indexOf('\n')
  if (end < 0) return LIST_PATHS
  return isWhole(text.slice(0, end)) && text.slice(end).trim() !== '' ? ['$'] : LIST_PATHS
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
