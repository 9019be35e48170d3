import { invalid } from '../../core/errors'
import { type LinkKind, type LinkPayload, parsePayload } from './content'
import { originOf } from './on-host'
import type { LinkRow } from './table'

/** Judges the target of a link; throws `invalid_url`. */
type TargetOf = (url: string) => URL

type Given = { url?: string | null | undefined; payload?: unknown }

type ContentColumns = Pick<LinkRow, 'kind' | 'originalUrl' | 'targetUrl' | 'payload'>

/**
 * What a new link holds: the target of kind url, or the payload of a typed kind, never both.
 * Throws `invalid_url`, `validation_failed`.
 */
export function contentOf(kind: LinkKind, given: Given, targetOf: TargetOf): ContentColumns {
  const { url, payload } = given
  if (kind === 'url') {
    if (payload !== undefined && payload !== null) throw noPayload()
    if (url === undefined || url === null) {
      throw invalid('url', '"url": is required: the http(s) URL to shorten.')
    }
    return { kind, originalUrl: url, targetUrl: targetOf(url).href, payload: null }
  }
  if (url !== undefined && url !== null) throw noUrl(kind)
  return { kind, originalUrl: null, targetUrl: null, payload: parsePayload(kind, payload) }
}

type Change = { kind?: LinkKind | undefined; url?: string | undefined; payload?: unknown }

type ContentChange = { originalUrl?: string; targetUrl?: string; payload?: LinkPayload }

/** What a change asks of a link's content. Throws `invalid_url`, `validation_failed`. */
export function contentChange(before: LinkRow, change: Change, targetOf: TargetOf): ContentChange {
  const { kind, url, payload } = change
  if (kind !== undefined && kind !== before.kind) {
    throw invalid(
      'kind',
      `This link is of kind ${before.kind}, which cannot change. Make a new one.`,
    )
  }
  if (before.kind === 'url') {
    if (payload !== undefined) throw noPayload()
    if (url === undefined) return {}
    return { originalUrl: url, targetUrl: targetOf(url).href }
  }
  if (url !== undefined) throw noUrl(before.kind)
  return payload === undefined ? {} : { payload: parsePayload(before.kind, payload) }
}

const noPayload = () =>
  invalid('payload', 'Only links of kind wifi, vcard and text have a payload. Send a url alone.')

const noUrl = (kind: LinkKind) =>
  invalid('url', `A link of kind ${kind} has a payload in place of a url.`)

/** What the address of a link is made of. */
export type Addressed = Pick<LinkRow, 'host' | 'slug' | 'targetUrl'>

/**
 * What people are given: `{origin}/{slug}`, or the page `{origin}/l/{slug}` of a typed kind.
 * `publicUrl` is the origin of the server's own host.
 */
export function shortUrlOf({ host, slug, targetUrl }: Addressed, publicUrl: string): string {
  const origin = originOf(publicUrl, host)
  return targetUrl === null ? `${origin}/l/${slug}` : `${origin}/${slug}`
}
