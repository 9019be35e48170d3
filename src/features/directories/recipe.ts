/** What of a site's profile a directory may ask for. */
export const PACK_FIELDS = [
  ...(['name', 'url', 'tagline', 'short_description', 'long_description', 'categories'] as const),
  ...(['legal_name', 'founded_year', 'address', 'phone', 'email', 'social_urls'] as const),
  ...(['logo_url', 'screenshot_urls', 'pricing_model'] as const),
] as const
export type PackField = (typeof PACK_FIELDS)[number]

/** One thing that a directory asks for. */
export type AskedField = {
  field: PackField
  required: boolean
  /** Longest text in characters; null where there is no limit. */
  max_length: number | null
  /** The name of the control of its form; null where it is no form's. */
  input: string | null
}

/** Who of the directory allowed it to be filled in by machine, and who wrote that down. */
export type Permission = {
  granted_by: string
  granted_at: string
  text: string
  recorded_by: string
  recorded_at: string
}

/** How the form of a directory is filled in: a plain POST, by the permission of its owner. */
export type FormRecipe = {
  action_url: string
  /** Controls that have the same value for every site. */
  constants: { name: string; value: string }[]
  /** Stands on the page that confirms, and on no other. */
  success_text: string
  permission: Permission
}

const asked = (field: PackField, required: boolean, max_length: number | null): AskedField => ({
  ...{ field, required, max_length, input: null },
})

/** What directories ask for as a rule, in the order of their forms, where nothing else is known. */
export const USUAL_FIELDS: readonly AskedField[] = [
  asked('name', true, 100),
  asked('url', true, null),
  asked('tagline', false, 60),
  asked('short_description', true, 160),
  asked('long_description', false, 2_000),
  asked('categories', false, null),
  asked('email', false, null),
  asked('phone', false, null),
  asked('address', false, null),
  asked('social_urls', false, null),
  asked('logo_url', false, null),
  asked('screenshot_urls', false, null),
  asked('pricing_model', false, null),
]
