/** How the text of a file is written down. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

const SAMPLE_BYTES = 1024

/** Beginnings of files that are no text, with what to do instead. */
const BINARIES: readonly [signature: string, name: string][] = [
  ['504b0304', 'a zip archive or an Excel workbook'],
  ['504b0506', 'an empty zip archive'],
  ['1f8b', 'compressed with gzip'],
  ['d0cf11e0', 'an old Excel workbook'],
  ['25504446', 'a PDF'],
  ['53514c69746520666f726d617420', 'an SQLite database'],
  ['89504e47', 'a picture'],
]

/** What a file is that cannot hold text, by how it begins; undefined when it may. */
export function binaryName(head: Buffer): string | undefined {
  const hex = head.subarray(0, 32).toString('hex')
  const known = BINARIES.find(([signature]) => hex.startsWith(signature))
  if (known) return known[1]
  return encodingOf(head) === undefined && head.includes(0) ? 'no text' : undefined
}

/**
 * The encoding that the beginning of a file shows: by its byte order mark (Unicode 16, §23.8), or
 * by the zeros that UTF-16 has at every other place of ASCII. Undefined when it shows none.
 */
export function encodingOf(head: Buffer): Encoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const sample = head.subarray(0, SAMPLE_BYTES)
  const zeros = [0, 0]
  for (const [index, byte] of sample.entries())
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const half = sample.length / 2
  if (odd > half * 0.6 && even < half * 0.1) return 'utf-16le'
  if (even > half * 0.6 && odd < half * 0.1) return 'utf-16be'
  return undefined
}

/**
 * The encoding of a whole file: as {@link encodingOf}, else UTF-8 where every byte agrees, else
 * Windows-1252, which spreadsheets of the West write and in which every byte means something.
 */
export async function detectEncoding(
  head: Buffer,
  pieces: AsyncIterable<Uint8Array>,
): Promise<Encoding> {
  const shown = encodingOf(head)
  if (shown) return shown
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const piece of pieces) decoder.decode(piece, { stream: true })
    decoder.decode()
    return 'utf-8'
  } catch (error) {
    if (error instanceof TypeError) return 'windows-1252'
    throw error
  }
}

/** The text of a file without its byte order mark. */
export async function* decodedText(
  pieces: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding)
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true })
    if (text !== '') yield text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}

/** The beginning of a text, at least `length` characters where there are so many, and all of it. */
export async function peek(
  text: AsyncGenerator<string>,
  length: number,
): Promise<{ start: string; whole: AsyncGenerator<string> }> {
  let start = ''
  while (start.length < length) {
    const next = await text.next()
    if (next.done) break
    start += next.value
  }
  async function* whole(): AsyncGenerator<string> {
    if (start !== '') yield start
    yield* text
  }
  return { start, whole: whole() }
}

/** Characters that a parser gets at once: less than a millisecond of work. */
const PIECE_LENGTH = 16_384

/** A text in pieces for a parser; both halves of a character beyond U+FFFF stay together. */
export function* smallPiecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const next = at + PIECE_LENGTH
    const isSplit = next < text.length && isHighSurrogate(text.charCodeAt(next - 1))
    const end = isSplit ? next - 1 : next
    yield text.slice(at, end)
    at = end
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
