import { invalid } from '../../core/errors'
import { nameKey, type SourceRecord } from './record'

/** Columns of the table in the order of its definition, for dumps that do not name them. */
const COLUMNS = ['keyword', 'url', 'title', 'timestamp', 'ip', 'clicks']
const INSERT =
  /^insert\s+(?:ignore\s+)?into\s+[`"]?([\w$.-]+)[`"]?\s*(?:\(([^)]*)\)\s*)?values?\s*$/i
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', '0': '\0', b: '\b', Z: '\u001a' },
}
/** A longer head of a statement is none that matters. */
const HEAD_LENGTH_MAX = 4096

type State =
  | 'head'
  | 'rows'
  | 'cell'
  | 'text'
  | 'line comment'
  | 'block comment'
  | 'skip'
  | 'quoted'

/**
 * The rows that a MySQL dump puts into the table of links: `INSERT INTO yourls_url … VALUES (…),(…)`
 * (MySQL 8 reference, 11.1.1 string literals). Other statements are passed over.
 */
export async function* readSqlDump(text: AsyncIterable<string>): AsyncGenerator<SourceRecord> {
  const scanner = createScanner()
  let line = 0
  for await (const piece of text) {
    for (const { columns, cells } of scanner.read(piece)) {
      line += 1
      yield cells.length === columns.length
        ? { line, values: new Map(columns.map((name, at) => [name, cells[at]])), twice: NONE }
        : { line, problem: `The row has ${cells.length} values, the table ${columns.length}.` }
    }
  }
  if (scanner.isOpen())
    throw invalid('file', `The file ends within a statement, after row ${line}.`)
}

const NONE: ReadonlySet<string> = new Set()

type Row = { columns: readonly string[]; cells: (string | null)[] }

function createScanner() {
  let state: State = 'head'
  let before: State = 'head'
  let quote = ''
  let head = ''
  let columns: readonly string[] = COLUMNS
  let cells: (string | null)[] = []
  let cell = ''
  let isText = false
  let isEscaped = false
  let last = ''

  const enter = (next: State): void => {
    before = state
    state = next
  }

  function endCell(): void {
    const bare = cell.trim()
    cells.push(isText ? cell : /^null$/i.test(bare) ? null : bare)
    cell = ''
    isText = false
  }

  function endHead(): void {
    const [, table = '', names] = INSERT.exec(head.trim()) ?? []
    head = ''
    if (!/(^|[_.])url$/i.test(table)) {
      state = 'skip'
      return
    }
    columns = names ? names.split(',').map(nameKey) : COLUMNS
    state = 'cell'
    cells = []
  }

  function inHead(sign: string): void {
    if (sign === ';') head = ''
    else if (sign === '(' && /\bvalues?\s*$/i.test(head)) endHead()
    else if (sign === "'") {
      quote = sign
      enter('quoted')
    } else {
      head += sign
      if (/(^|\s)--$/.test(head.slice(-3)) || sign === '#') {
        head = head.replace(/(--|#)$/, '')
        enter('line comment')
      } else if (head.endsWith('/*')) {
        head = head.slice(0, -2)
        enter('block comment')
      } else if (head.length > HEAD_LENGTH_MAX) {
        head = ''
        state = 'skip'
      }
    }
  }

  /** One character; a finished row is answered. */
  function step(sign: string): Row | undefined {
    if (isEscaped) {
      isEscaped = false
      if (state === 'text') cell += ESCAPES[sign] ?? sign
    } else if (state === 'text' || state === 'quoted') {
      if (sign === '\\') isEscaped = true
      else if (sign === quote) state = before
      else if (state === 'text') cell += sign
    } else if (state === 'cell') return inCell(sign)
    else if (state === 'rows') inRows(sign)
    else if (state === 'head') inHead(sign)
    else outside(sign)
    return undefined
  }

  function inCell(sign: string): Row | undefined {
    if (sign === "'" || sign === '"') {
      // Doubled inside a text it stands for itself.
      if (isText && last === sign) cell += sign
      else cell = ''
      isText = true
      quote = sign
      enter('text')
    } else if (sign === ',') endCell()
    else if (sign === ')') {
      endCell()
      state = 'rows'
      return { columns, cells }
    } else if (!isText) cell += sign
    return undefined
  }

  function inRows(sign: string): void {
    if (sign === '(') {
      state = 'cell'
      cells = []
    } else if (sign === ';') state = 'head'
    else if (sign !== ',' && sign.trim() !== '') state = 'skip'
  }

  function outside(sign: string): void {
    if (state === 'line comment' && sign === '\n') state = before
    else if (state === 'block comment' && last === '*' && sign === '/') state = before
    else if (state === 'skip' && sign === ';') state = 'head'
    else if (state === 'skip' && (sign === "'" || sign === '"' || sign === '`')) {
      quote = sign
      enter('quoted')
    }
  }

  return {
    *read(piece: string): Generator<Row> {
      for (const sign of piece) {
        const row = step(sign)
        last = sign
        if (row) yield row
      }
    },
    isOpen: (): boolean => state === 'cell' || state === 'text' || state === 'rows',
  }
}
