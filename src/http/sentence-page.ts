import { remembered } from '../core/remembered'

const headOf = (target: string): ResponseInit => ({
  status: 302,
  headers: new Headers({ Location: target, 'Cache-Control': 'private, no-store' }),
})

/** Answers copy these headers, in half the time of making them from text. */
const headOfFrequent = remembered(10_000, headOf)

/** 302 that nobody may keep: what it leads to can change, and each visit counts. */
export const redirectTo = (target: string): Response => new Response(null, headOf(target))

/** As {@link redirectTo}, for a target that many are sent to. */
export const redirectToFrequent = (target: string): Response =>
  new Response(null, headOfFrequent(target))

/**
 * A page that only says something, in place of what a short link would lead to. Texts are HTML: the
 * caller escapes them.
 */
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
