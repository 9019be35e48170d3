function byteOrderMark([a, b, c]: Uint8Array): string | null {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  return a === 0xff && b === 0xfe ? 'utf-16le' : null
}

/** The HTML standard looks for a declaration in the first 1024 bytes. */
function declaredCharset(body: Uint8Array): string | null {
  const start = Buffer.from(body.subarray(0, 1024)).toString('latin1')
  return /<meta[^<>]+charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start)?.[1] ?? null
}

function decoderOf(label: string | null | undefined): TextDecoder | null {
  try {
    return label ? new TextDecoder(label as 'utf-8') : null
  } catch {
    return null
  }
}

/** Null for what is not UTF-8; a character that is cut off at the end is forgiven. */
function decodeUtf8(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true })
  } catch {
    return null
  }
}

/**
 * A page as text, in the charset of its byte order mark, its Content-Type or its `<meta>`, in this
 * order (WHATWG HTML §13.2.3.2); else UTF-8 where it is that, and windows-1252.
 */
export function decodePage(body: Uint8Array, contentType: string): string {
  const ofHeader = /;\s*charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType)?.[1]
  for (const label of [byteOrderMark(body), ofHeader, declaredCharset(body)]) {
    const decoder = decoderOf(label)
    if (!decoder) continue
    // A page that calls itself UTF-8 and is not was written in the charset of its author.
    if (decoder.encoding !== 'utf-8' || decodeUtf8(body) !== null) return decoder.decode(body)
  }
  return decodeUtf8(body) ?? new TextDecoder('windows-1252').decode(body)
}
