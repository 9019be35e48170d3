import type { ScanRow } from './table'

type Told = Pick<ScanRow, 'reason' | 'pagesMax' | 'pagesFetched' | 'domain'>

const UNREACHED = (what: string) => (): string =>
  `The website could not be reached: ${what}. Check that it is online, then scan it again.`

/** Why a scan ended as it did, for clients; codes are those of the crawl and the way out. */
const SENTENCES: Record<string, (scan: Told) => string> = {
  max_pages: ({ pagesMax }) =>
    `The plan allows ${pagesMax} pages per scan, and the website has more.`,
  max_duration: () => 'The scan took as long as one may, and the website has more pages.',
  crawl_delay: () =>
    'The website asks for so long a pause between pages that not all of them could be read.',
  rate_limited: () =>
    'The website kept refusing requests, so that it was left in peace. It will be tried again.',
  robots: () =>
    'The robots.txt of the website does not let us read it. Allow linkstead-scan there to have it scanned.',
  interrupted: () =>
    'The server was stopped while it read some pages; they are read by the next scan.',
  redirect_loop: () => 'The start page leads round in a circle. Remove one of its redirects.',
  unreachable: UNREACHED('it does not answer'),
  refused: UNREACHED('it refuses connections'),
  dns: UNREACHED('its name does not resolve'),
  tls: UNREACHED('its certificate is not valid'),
  timeout: UNREACHED('it does not answer in time'),
  reset: UNREACHED('it breaks connections off'),
  forbidden_address: UNREACHED('its name leads to an address that is not public'),
  internal: () => 'The scan failed by a fault of this server. Start another one.',
}

/** A scan's reason as a sentence; null where there is none. */
export function sentenceOf(scan: Told): string | null {
  const { reason, domain } = scan
  if (reason === null) return null
  const [, host] = /^redirects_to:(.+)$/.exec(reason) ?? []
  if (host !== undefined)
    return `${domain} leads to ${host}, another website. Make a project of that domain if it is the client's.`
  return SENTENCES[reason]?.(scan) ?? 'The website could not be read.'
}
