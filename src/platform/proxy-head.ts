import { headerOf } from '../core/header'

/** The head of a request to a proxy (RFC 9110 §7, §9.3.6; RFC 9112 §3.2). */
export type RequestHead = {
  isTunnel: boolean
  /** The place to judge, as a URL. */
  url: string
  /** Host, and port where it is given. */
  authority: string
  /** What the client says of itself; empty without. */
  authorization: string
  /** What goes on to the server: in origin form, without what was meant for the proxy. */
  forwarded: string
  /** What of the client may follow; without end for a tunnel. */
  bodyBytes: number
}

const HOP_BY_HOP =
  /^(proxy-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade|host|expect)$/

/** Reads a head without its empty line; null for anything but CONNECT and absolute http URLs. */
export function readRequestHead(text: string): RequestHead | null {
  const [line = '', ...lines] = text.split('\r\n')
  const [, method, target] = /^([A-Z]{1,20}) (\S+) HTTP\/1\.[01]$/.exec(line) ?? []
  if (method === undefined || target === undefined) return null
  const headers: [string, string][] = []
  for (const header of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/.exec(header) ?? []
    if (name === undefined || value === undefined) return null
    headers.push([name.toLowerCase(), value])
  }
  const textOf = (name: string): string => headerOf(headers, name) ?? ''
  const authorization = textOf('proxy-authorization')
  if (method === 'CONNECT') {
    if (!/^(\[[\da-f:.]+\]|[^\s:/?#@[\]]+):\d{1,5}$/i.test(target)) return null
    const place = { url: `https://${target}/`, authority: target }
    const isTunnel = true
    return { ...place, isTunnel, authorization, forwarded: '', bodyBytes: Number.POSITIVE_INFINITY }
  }
  // A body of unknown length cannot be told from a second request.
  const length = textOf('content-length') || '0'
  const isFramed = textOf('transfer-encoding') !== '' || !/^\d{1,12}$/.test(length)
  if (isFramed || !/^http:\/\//i.test(target) || !URL.canParse(target)) return null
  const url = new URL(target)
  const kept = headers.filter(([name]) => !HOP_BY_HOP.test(name))
  const sent = [['host', url.host], ...kept, ['connection', 'close']]
  const path = `${url.pathname}${url.search}`
  const forwarded = `${method} ${path} HTTP/1.1\r\n${sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return {
    ...{ url: url.href, authority: url.host, isTunnel: false, authorization, forwarded },
    bodyBytes: Number(length),
  }
}
