import type { PreparedLink, PreparedUpdate } from './schema'

/** A creation as a change of the link that is there: what is null or empty by default stays. */
export const upsertOf = ({ slug, url, payload, ...input }: PreparedLink): PreparedUpdate => ({
  ...input,
  slug: slug || undefined,
  url: url ?? undefined,
  payload: payload ?? undefined,
})
