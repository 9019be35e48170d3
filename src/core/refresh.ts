/** A longer pause is for readers, and no redirect. */
const SECONDS_MAX = 10

/**
 * Where a refresh sends its reader, as written: `0; url='/new'` → `/new`, as `<meta
 * http-equiv=refresh>` and the header have it (WHATWG HTML §4.2.5.3). Null for a pause of more than
 * ten seconds, which is no redirect, and where it names no address.
 */
export function refreshTarget(content: string): string | null {
  const [, seconds = '', target = ''] =
    /^\s*(\d{1,9})[\d.]*(?:\s*[;,]|\s)\s*(?:url\s*=\s*)?(.*)$/is.exec(content) ?? []
  if (seconds === '' || Number(seconds) > SECONDS_MAX) return null
  // What follows a closing quote is no part of the address.
  return target.trim().replace(/^(["'])(.*?)(?:\1.*)?$/s, '$2') || null
}
