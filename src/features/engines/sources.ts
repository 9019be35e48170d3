import { normaliseHost } from '../../core/url'
import type { EngineSource } from './answer'

/** Queries that say which page it is; every other says only how one came there. */
const IDENTITY: readonly { host: RegExp; parameter: string }[] = [
  { host: /^(m\.)?youtube\.com$/, parameter: 'v' },
]

/** Most sources of one kind that are kept of an answer. */
const SOURCES_MAX = 200

/** Longest URL of a source that is kept. */
const URL_CHARACTERS_MAX = 2_048

/** A source by its URL, or null for what is no web address. */
export function sourceOf(text: string, title?: string | null): EngineSource | null {
  if (text.length > URL_CHARACTERS_MAX || !URL.canParse(text)) return null
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  // OpenAI marks the links that it gives.
  if (url.searchParams.get('utm_source') === 'openai') url.searchParams.delete('utm_source')
  const host = normaliseHost(url.hostname).replace(/^www\./, '')
  return { url: url.href, title: title?.toWellFormed() || null, host, key: keyOf(url, host) }
}

function keyOf(url: URL, host: string): string {
  const path = url.pathname.replace(/\/+$/, '')
  const { parameter } = IDENTITY.find((rule) => rule.host.test(host)) ?? {}
  const value = parameter === undefined ? null : url.searchParams.get(parameter)
  return value === null ? `${host}${path}` : `${host}${path}?${parameter}=${value}`
}

/**
 * Each page once, in the order in which they first came; nothing for what is no web address, nor
 * beyond the two hundredth.
 */
export function distinct(sources: readonly (EngineSource | null)[]): EngineSource[] {
  const pages = new Map<string, EngineSource>()
  for (const source of sources) {
    if (!source) continue
    const id = source.key ?? source.url
    if (pages.size < SOURCES_MAX && !pages.has(id)) pages.set(id, source)
  }
  return [...pages.values()]
}
