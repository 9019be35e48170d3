import { cardName, type VcardPayload } from './content'

/** RFC 6350 §3.2: a line has at most 75 octets without its break. */
const LINE_OCTETS_MAX = 75

/** RFC 6350 §3.4: backslash, comma and line breaks of a text value. */
const escaped = (text: string): string =>
  text.replace(/[\\,]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n')

/** A part of a compound value, where a semicolon would begin the next part. */
const escapedPart = (text: string): string => escaped(text).replaceAll(';', '\\;')

const listOf = (value: string | string[] | null | undefined): string[] =>
  [value ?? []].flat().filter((text) => text !== '')

/** A vCard 4.0 (RFC 6350) in UTF-8, lines ended by CRLF and folded. */
export function vcardOf(card: VcardPayload): string {
  const { firstName, lastName, organization, title, url, address, note } = card
  const lines = [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `FN:${escaped(cardName(card))}`,
    `N:${escapedPart(lastName)};${escapedPart(firstName)};;;`,
    organization && `ORG:${escapedPart(organization)}`,
    title && `TITLE:${escaped(title)}`,
    ...listOf(card.email).map((email) => `EMAIL:${escaped(email)}`),
    // As text (RFC 6350 §6.4.1): phones show a `tel:` URI as it stands.
    ...listOf(card.phone).map((phone) => `TEL:${escaped(phone)}`),
    // The street of seven parts: the payload does not tell a town from a street.
    address && `ADR:;;${escapedPart(address)};;;;`,
    url && `URL:${new URL(url).href}`,
    note && `NOTE:${escaped(note)}`,
    'END:VCARD',
  ]
  return lines.flatMap((line) => (line ? [`${folded(line)}\r\n`] : [])).join('')
}

/** Breaks a long line before a character; the space after a break belongs to the fold. */
function folded(line: string): string {
  let text = ''
  let octets = 0
  for (const character of line) {
    const size = Buffer.byteLength(character)
    if (octets + size > LINE_OCTETS_MAX) {
      text += '\r\n '
      octets = 1
    }
    text += character
    octets += size
  }
  return text
}
