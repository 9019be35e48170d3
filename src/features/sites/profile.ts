import { z } from 'zod'
import { hasUnsafeCharacters, hasUnsafeText, URL_LENGTH_MAX } from '../../core/url'
import { EmailAddress, nameOf, oneLine } from '../../http/text'

const YEAR_MIN = 1500
const YEAR_MAX = 2100

/** Text of several lines. */
export const paragraphs = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must have at most ${max} characters`)
    .refine(
      (text) => !hasUnsafeText(text.replace(/[\n\r\t]/g, '')),
      'must not contain control characters',
    )

const webAddress = z
  .string()
  .max(URL_LENGTH_MAX, `must have at most ${URL_LENGTH_MAX} characters`)
  .refine(isWebAddress, 'must be an http or https URL')
  .meta({ examples: ['https://example.com/page'] })

function isWebAddress(text: string): boolean {
  if (hasUnsafeCharacters(text) || !URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

const Address = z.object({
  street: oneLine(200).nullish(),
  city: oneLine(100).nullish(),
  region: oneLine(100).nullish(),
  postal_code: oneLine(20).nullish(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a code of two letters, such as DE')
    .nullish()
    .describe('ISO 3166-1 alpha-2.')
    .meta({ examples: ['DE'] }),
})

export const PRICING_MODELS = [
  'free',
  'freemium',
  'subscription',
  'one_time',
  'on_request',
] as const

/** What directories ask for beside address, name and description; null takes a field away. */
export const PROFILE_FIELDS = {
  legal_name: oneLine(200).nullish(),
  tagline: oneLine(60).nullish(),
  short_description: oneLine(160).nullish(),
  long_description: paragraphs(5_000).nullish().describe('Directories take 150 to 300 words.'),
  categories: z.array(nameOf(50)).max(10, 'must be at most 10').nullish(),
  founded_year: z
    .int(`must be a year from ${YEAR_MIN} to ${YEAR_MAX}`)
    .min(YEAR_MIN, `must be ${YEAR_MIN} or later`)
    .max(YEAR_MAX, `must be ${YEAR_MAX} or earlier`)
    .nullish(),
  address: Address.nullish(),
  phone: oneLine(40).nullish(),
  email: EmailAddress.nullish(),
  social_urls: z.array(webAddress).max(20, 'must be at most 20').nullish(),
  logo_url: webAddress.nullish(),
  screenshot_urls: z.array(webAddress).max(10, 'must be at most 10').nullish(),
  pricing_model: z
    .enum(PRICING_MODELS, { error: `must be one of ${PRICING_MODELS.join(', ')}` })
    .nullish(),
}

const GivenProfile = z.object(PROFILE_FIELDS)
export type GivenProfile = z.infer<typeof GivenProfile>

type ProfileField = keyof GivenProfile

/** Only what has been filled in. */
export type SiteProfile = { [Field in ProfileField]?: NonNullable<GivenProfile[Field]> }

const FIELD_NAMES = Object.keys(PROFILE_FIELDS) as ProfileField[]

/** A profile after a change: what is given replaces, null takes away, what is left out stays. */
export function changedProfile(before: SiteProfile, given: GivenProfile): SiteProfile {
  const fields = FIELD_NAMES.flatMap((name) => {
    const value = given[name] === undefined ? before[name] : given[name]
    return value === null || value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(fields)
}

/** Every field of a profile, null where it has not been filled in. */
export const wholeProfile = (profile: SiteProfile) => {
  const { address } = profile
  return {
    legal_name: profile.legal_name ?? null,
    tagline: profile.tagline ?? null,
    short_description: profile.short_description ?? null,
    long_description: profile.long_description ?? null,
    categories: profile.categories ?? null,
    founded_year: profile.founded_year ?? null,
    address: address
      ? {
          street: address.street ?? null,
          city: address.city ?? null,
          region: address.region ?? null,
          postal_code: address.postal_code ?? null,
          country: address.country ?? null,
        }
      : null,
    phone: profile.phone ?? null,
    email: profile.email ?? null,
    social_urls: profile.social_urls ?? null,
    logo_url: profile.logo_url ?? null,
    screenshot_urls: profile.screenshot_urls ?? null,
    pricing_model: profile.pricing_model ?? null,
  }
}
