import type { CreateLink, UpdateLink } from './schema'

/** A creation as a change of the link that is there: what is null or empty by default stays. */
export const upsertOf = ({ slug, url, payload, ...input }: CreateLink): UpdateLink => ({
  ...input,
  slug: slug || undefined,
  url: url ?? undefined,
  payload: payload ?? undefined,
})
