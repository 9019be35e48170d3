/** Where a visit says it comes from; null where it does not say. */
export type Origin = {
  referrer: string | null
  utmSource: string | null
  utmMedium: string | null
  utmCampaign: string | null
  utmTerm: string | null
  utmContent: string | null
}

const VALUE_LENGTH_MAX = 255

/** The host of a Referer in lower case without `www.`; null for anything but http(s). */
export function referrerHost(referrer: string): string | null {
  const match = /^https?:\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(referrer)
  const host = match?.[1]?.toLowerCase().replace(/^www\./, '')
  return host === undefined || host === '' || host.length > 253 ? null : host
}

/** Referrer host and campaign of a visit; of a parameter given twice the first value counts. */
export function originOf(referrer: string, query: string): Origin {
  const host = referrer === '' ? null : referrerHost(referrer)
  const values = query === '' ? undefined : new URLSearchParams(query)
  const value = (name: string): string | null => {
    const text = values?.get(name)?.trim().slice(0, VALUE_LENGTH_MAX)
    return text === undefined || text === '' ? null : text
  }
  return {
    referrer: host,
    utmSource: value('utm_source'),
    utmMedium: value('utm_medium'),
    utmCampaign: value('utm_campaign'),
    utmTerm: value('utm_term'),
    utmContent: value('utm_content'),
  }
}
