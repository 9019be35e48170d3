const TYPES = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' }

const encoder = new TextEncoder()

const bytesOf = (piece: string | Uint8Array): Uint8Array =>
  typeof piece === 'string' ? encoder.encode(piece) : piece

/** Answers with a file that is read while it is sent, named `name` and its format. */
export async function download(
  pieces: AsyncGenerator<string | Uint8Array>,
  format: keyof typeof TYPES,
  name: string,
): Promise<string> {
  // What refuses the first piece is still answered as an error.
  const first = await pieces.next()
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      if (!first.done) controller.enqueue(bytesOf(first.value))
    },
    async pull(controller) {
      const next = await pieces.next()
      if (next.done) controller.close()
      else controller.enqueue(bytesOf(next.value))
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
  const file = `${name.replace(/[^\w-]/g, '_')}.${format}`
  const headers = {
    'Content-Type': TYPES[format],
    'Content-Disposition': `attachment; filename="${file}"`,
  }
  // The marked boundary: the document tells of text, and a Response passes unread.
  return new Response(stream, { headers }) as unknown as string
}
