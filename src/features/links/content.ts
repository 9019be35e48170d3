import { z } from 'zod'
import { AppError, invalid } from '../../core/errors'
import { parseTargetUrl, URL_LENGTH_MAX } from '../../core/url'

export const LINK_KINDS = ['url', 'wifi', 'vcard', 'text'] as const
export type LinkKind = (typeof LINK_KINDS)[number]
export type TypedKind = Exclude<LinkKind, 'url'>

/** IEEE 802.11: the name of a network has at most 32 octets. */
const SSID_OCTETS_MAX = 32
const SUMMARY_LENGTH_MAX = 120
const LIST_LENGTH_MAX = 10

// Controls, line separators and marks that turn the direction of text around. Joiners stay: names
// in Persian and many emoji are written with them.
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/

const isClean = (text: string): boolean => !CONTROLS.test(text) && text.isWellFormed()
const isCleanProse = (text: string): boolean => isClean(text.replace(/[\n\r\t]/g, ''))

const REFUSED = 'must not contain control characters'

const line = (max: number) =>
  z.string().trim().max(max, `must have at most ${max} characters`).refine(isClean, REFUSED)

/** Several lines; whitespace is kept as it is. */
const prose = (max: number) =>
  z.string().max(max, `must have at most ${max} characters`).refine(isCleanProse, REFUSED)

const octets = (text: string): number => Buffer.byteLength(text)

/** What is wrong with the password of a network, or undefined. */
function passwordProblem(encryption: string, password: string): string | undefined {
  const isPrintable = /^[\x20-\x7e]*$/.test(password)
  const isHex = /^[0-9a-f]*$/i.test(password)
  const { length } = password
  if (encryption === 'nopass') return length > 0 ? 'must be left out of an open network' : undefined
  if (encryption === 'WPA') {
    const isGood = (isPrintable && length >= 8 && length <= 63) || (isHex && length === 64)
    return isGood ? undefined : 'must have 8 to 63 ASCII characters, or be a key of 64 hex digits'
  }
  const isGood =
    (isPrintable && [5, 13, 16, 29].includes(length)) ||
    (isHex && [10, 26, 32, 58].includes(length))
  return isGood ? undefined : 'must be a WEP key: 5 or 13 ASCII characters, or 10 or 26 hex digits'
}

export const WifiPayload = z
  .object({
    ssid: z
      .string({ error: 'is required: the name of the network' })
      .min(1, 'must not be empty')
      .refine((text) => octets(text) <= SSID_OCTETS_MAX, 'must have at most 32 bytes in UTF-8')
      .refine(isClean, REFUSED)
      .meta({ examples: ['MyNet'] }),
    encryption: z.enum(['WPA', 'WEP', 'nopass'], { error: 'must be WPA, WEP or nopass' }),
    password: z
      .string()
      .nullish()
      .describe('WPA: 8 to 63 ASCII characters or 64 hex digits. None for nopass.')
      .meta({ examples: ['secret123'] }),
    hidden: z.boolean().nullish().describe('The network does not tell its name.'),
  })
  .superRefine(({ encryption, password }, context) => {
    const message = passwordProblem(encryption, password ?? '')
    if (message) context.addIssue({ code: 'custom', path: ['password'], message })
  })
  .meta({ id: 'WifiPayload' })
export type WifiPayload = z.infer<typeof WifiPayload>

const email = z.string().trim().max(254).email('must be an e-mail address')

const phone = z
  .string()
  .trim()
  .max(40, 'must have at most 40 characters')
  .regex(/^\+?[0-9 ()./*#x-]*$/, 'may have digits, spaces and + ( ) . / * # x -')
  .regex(/[0-9].*[0-9].*[0-9]/, 'must have at least 3 digits')
  .meta({ examples: ['+44 20 7946 0958'] })

const oneOrMany = <T extends z.ZodType>(schema: T, what: string) =>
  z.union([schema, z.array(schema).max(LIST_LENGTH_MAX)], {
    error: `must be ${what}, or a list of at most ${LIST_LENGTH_MAX}`,
  })

const isHttpUrl = (text: string): boolean => {
  try {
    return Boolean(parseTargetUrl(text))
  } catch {
    return false
  }
}

export const VcardPayload = z
  .object({
    name: line(200).nullish().describe('Shown instead of first and last name.'),
    firstName: line(100).meta({ examples: ['Ada'] }),
    lastName: line(100).meta({ examples: ['Lovelace'] }),
    organization: line(200).nullish(),
    title: line(200).nullish().describe('Position or profession.'),
    email: oneOrMany(email, 'an e-mail address').nullish(),
    phone: oneOrMany(phone, 'a telephone number').nullish(),
    url: z
      .string()
      .max(URL_LENGTH_MAX)
      .refine(isHttpUrl, 'must be an http or https URL')
      .nullish()
      .meta({ examples: ['https://example.com/'] }),
    address: prose(500).nullish(),
    note: prose(2000).nullish(),
  })
  .refine(({ firstName, lastName }) => firstName !== '' || lastName !== '', {
    path: ['firstName'],
    error: 'must not be empty together with the last name',
  })
  .meta({ id: 'VcardPayload' })
export type VcardPayload = z.infer<typeof VcardPayload>

export const TextPayload = z
  .object({
    text: prose(10_000)
      .refine((text) => text.trim() !== '', 'must not be empty')
      .meta({ examples: ['Doors open at seven.'] }),
  })
  .meta({ id: 'TextPayload' })
export type TextPayload = z.infer<typeof TextPayload>

export type LinkPayload = WifiPayload | VcardPayload | TextPayload

const PAYLOADS = {
  wifi: WifiPayload,
  vcard: VcardPayload,
  text: TextPayload,
} as const satisfies Record<TypedKind, z.ZodType<LinkPayload>>

/** Reads what a caller gave for a kind. Throws `validation_failed` with every field in `details`. */
export function parsePayload(kind: TypedKind, payload: unknown): LinkPayload {
  if (payload === undefined || payload === null) {
    throw invalid('payload', `A link of kind ${kind} needs a payload.`)
  }
  const parsed = PAYLOADS[kind].safeParse(payload)
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map(({ path, message }) => ({
    field: ['payload', ...path].join('.'),
    message,
  }))
  const [first] = details
  throw new AppError('validation_failed', `"${first?.field}": ${first?.message}.`, {
    field: first?.field,
    details,
  })
}

/** The name by which a card goes. */
export const cardName = ({ name, firstName, lastName }: VcardPayload): string =>
  name || `${firstName} ${lastName}`.trim()

/** One line about what a typed link holds, without its secrets; null for kind url. */
export function summaryOf(payload: LinkPayload | null): string | null {
  if (payload === null) return null
  return clip(describe(payload).replace(/\s+/g, ' ').trim())
}

function describe(payload: LinkPayload): string {
  if ('ssid' in payload) return `Wi-Fi ${payload.ssid}`
  if ('text' in payload) return payload.text
  return [cardName(payload), payload.title, payload.organization].filter(Boolean).join(', ')
}

/** Never cuts a character in two. */
function clip(text: string): string {
  const characters = [...text]
  if (characters.length <= SUMMARY_LENGTH_MAX) return text
  return `${characters.slice(0, SUMMARY_LENGTH_MAX - 1).join('')}…`
}
