import { CHECKER_VERSION, type Check } from './checker'

/** A check as it is stored, with the version of the checker that made it. */
export type KeptCheck = Check & {
  checkerVersion: string
  /** The page of the project that was meant; null for any. */
  landingPage: string | null
}

/** Links of a page that are kept as evidence, the one that counts first. */
const LINKS_KEPT = 10

/** What is kept of a check. */
export const keptCheckOf = (check: Check, landingPage: string | null): KeptCheck => ({
  ...{ ...check, checkerVersion: CHECKER_VERSION, landingPage },
  links: check.links.slice(0, LINKS_KEPT),
})
