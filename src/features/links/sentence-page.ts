import { CLOSED_SENTENCES, type ClosedReason } from './decision'

/** A page that only says something, in place of what a short link would lead to. */
export function sentencePage(
  status: number,
  title: string,
  sentence: string,
  headers: Record<string, string> = {},
): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title></head><body><main><h1>${title}</h1><p>${sentence}</p></main></body></html>
`
  return new Response(html, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'private, no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'X-Content-Type-Options': 'nosniff',
      'X-Robots-Tag': 'noindex',
      ...headers,
    },
  })
}

export const storageRefused = (): Response =>
  sentencePage(503, 'Try again in a moment', 'This link cannot be followed right now.', {
    'Retry-After': '5',
  })

export const notFoundPage = (): Response =>
  sentencePage(404, 'Nothing here', 'There is no link at this address. Check it for typing errors.')

/** 410 that says which of its owner's settings closed the link. */
export function closedPage(reason: ClosedReason): Response {
  const { title, sentence } = CLOSED_SENTENCES[reason]
  return sentencePage(410, title, sentence)
}
