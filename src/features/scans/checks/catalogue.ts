import { aiChecks } from './ai'
import type { Check } from './check'
import { findableChecks } from './findable'
import { languageChecks } from './languages'
import { mediaChecks } from './media'
import { paginationChecks } from './pagination'
import { pathChecks } from './paths'
import { snippetChecks } from './snippet'
import { structureChecks } from './structure'
import { trustChecks } from './trust'

/** Everything that a scan looks for, by its key. */
export const CHECKS = {
  ...findableChecks,
  ...pathChecks,
  ...snippetChecks,
  ...structureChecks,
  ...paginationChecks,
  ...languageChecks,
  ...trustChecks,
  ...mediaChecks,
  ...aiChecks,
} satisfies Record<string, Check>

export type CheckKey = keyof typeof CHECKS
