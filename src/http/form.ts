/**
 * The fields of a form as browsers send one without files; `not_a_form` for another type of body,
 * `too_large` for more than `bytesMax`, of which nothing is kept.
 */
export async function readForm(
  request: Request,
  bytesMax: number,
): Promise<URLSearchParams | 'not_a_form' | 'too_large'> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return 'not_a_form'
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) return 'too_large'
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > bytesMax) return 'too_large'
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
