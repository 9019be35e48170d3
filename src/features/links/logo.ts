import { type Clock, MINUTE } from '../../core/clock'
import { AppError } from '../../core/errors'
import type { Internet } from '../../platform/internet'
import { decodePng, type Picture } from './png'

const BYTES_MAX = 64 * 1024
const SIDE_MAX = 4096
const FETCH_TIMEOUT_MS = 4_000
const REMEMBERED_MS = 10 * MINUTE
const REMEMBERED_MAX = 64
/** Side of the picture inside an SVG: enough for print, since a logo is small there. */
const EMBEDDED_SIDE = 256

/** Raster formats; anything else, such as SVG, could carry scripts or load more. */
const FORMATS: ReadonlySet<string> = new Set(['png', 'jpeg', 'webp'])

const DATA_URI = /^data:image\/(?:png|jpe?g|webp);base64,([A-Za-z0-9+/_-]+={0,2})$/

export type Logo = {
  /** What came in, for a fingerprint. */
  bytes: Buffer
  /** A PNG that we wrote ourselves, for a page or an SVG. */
  embedded(): Promise<Buffer>
  /** The pixels of the logo, at most `side` wide and high. */
  fitted(side: number): Promise<Picture>
}

export type LogoDeps = { clock: Clock; internet: Pick<Internet, 'request' | 'judgeUrl'> }

const refused = (message: string, cause?: unknown): AppError =>
  new AppError('validation_failed', message, {
    ...{ field: 'logo', cause },
    details: [{ field: 'logo', message }],
  })

/** Reads logos from `data:` URIs, and from other hosts for those who may make us ask them. */
export function createLogos({ clock, internet }: LogoDeps) {
  const remembered = new Map<string, { bytes: Buffer; until: number }>()

  async function fetched(url: string): Promise<Buffer> {
    const known = remembered.get(url)
    if (known && known.until > clock.now()) return known.bytes
    internet.judgeUrl(url, { field: 'logo', code: 'validation_failed', schemes: ['https', 'http'] })
    const bytes = await download(internet, url)
    if (remembered.size >= REMEMBERED_MAX) remembered.clear()
    remembered.set(url, { bytes, until: clock.now() + REMEMBERED_MS })
    return bytes
  }

  return {
    /** Throws `validation_failed` for what is no raster image of at most 64 KiB. */
    async read(text: string, options: { mayFetch: boolean }): Promise<Logo> {
      const inline = DATA_URI.exec(text)?.[1]
      if (inline !== undefined) return open(Buffer.from(inline, 'base64'))
      if (!/^https?:\/\//i.test(text)) {
        throw refused('Send the logo as an https URL, or as data:image/png;base64,….')
      }
      if (!options.mayFetch) {
        throw refused('Here a logo must be a data: URI. Use the API with a key to name a URL.')
      }
      return open(await fetched(text))
    },
  }
}

async function download(internet: LogoDeps['internet'], url: string): Promise<Buffer> {
  const request = { url, method: 'GET', timeoutMs: FETCH_TIMEOUT_MS } as const
  const schemes = ['https', 'http'] as const
  const answer = await internet
    .request({ ...request, schemes, responseBytesMax: BYTES_MAX + 1 })
    .catch((cause: unknown) => {
      throw refused('The logo could not be fetched from its address.', cause)
    })
  if (answer.status !== 200) throw refused(`The address of the logo answers ${answer.status}.`)
  return Buffer.from(answer.body)
}

async function open(bytes: Buffer): Promise<Logo> {
  if (bytes.length > BYTES_MAX) throw refused('A logo may have at most 64 KiB.')
  const options = { maxPixels: SIDE_MAX * SIDE_MAX }
  const inside = (side: number): Promise<Buffer> =>
    new Bun.Image(bytes, options).resize(side, side, { fit: 'inside' }).png().buffer()
  try {
    const { format } = await new Bun.Image(bytes, options).metadata()
    if (!FORMATS.has(format)) throw new Error(format)
    // A header may be sound and the rest not.
    const embedded = await inside(EMBEDDED_SIDE)
    return {
      bytes,
      embedded: async () => embedded,
      fitted: async (side) => decodePng(await inside(side)),
    }
  } catch (cause) {
    throw refused('The logo is no PNG, JPEG or WebP that can be read.', cause)
  }
}
