import { headerOf } from '../../core/header'
import type { Internet } from '../../platform/internet'
import type { Loads } from './measures'

const TIMEOUT_MS = 5_000
const HEAD_BYTES = 4_096
const REDIRECTS_MAX = 3

/** How raster pictures and icons begin. */
const BEGINNINGS = ['\x89PNG', '\xff\xd8\xff', 'GIF8', 'RIFF', '\x00\x00\x01\x00', 'BM'] as const

/** Whether these are the first bytes of a picture, whatever the server calls them. */
function isPicture(body: Uint8Array, type: string): boolean {
  const text = Buffer.from(body).toString('latin1')
  if (BEGINNINGS.some((beginning) => text.startsWith(beginning))) return true
  if (text.slice(4, 12).startsWith('ftypavif')) return true
  return /^image\/svg\+xml/i.test(type) && /<svg[\s>]/i.test(text)
}

/** What answers that say nothing about the picture: walls, limits, faults. */
const isSilent = (status: number): boolean =>
  status === 401 || status === 403 || status === 429 || status >= 500

/** Whether a picture answers at an address; null where that could not be seen. */
export const createLoads =
  ({ internet, userAgent }: { internet: Pick<Internet, 'request'>; userAgent: () => string }) =>
  async (url: string, signal: AbortSignal): Promise<Loads> => {
    if (url.startsWith('data:image/')) return true
    let at = url
    try {
      for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
        const { status, headers, body } = await internet.request({
          ...{
            url: at,
            method: 'GET',
            timeoutMs: TIMEOUT_MS,
            responseBytesMax: HEAD_BYTES,
            signal,
          },
          ...{ schemes: ['http', 'https'], headers: { 'user-agent': userAgent() } },
        })
        const location = headerOf(headers, 'location')
        if (status >= 300 && status < 400 && location && URL.canParse(location, at)) {
          at = new URL(location, at).href
          continue
        }
        if (isSilent(status)) return null
        return (
          status >= 200 && status < 300 && isPicture(body, headerOf(headers, 'content-type') ?? '')
        )
      }
      return false
    } catch {
      return null
    }
  }
