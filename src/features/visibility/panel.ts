import { asc, eq } from 'drizzle-orm'
import type { Alias } from '../../core/alias'
import type { Tx } from '../../platform/database'
import { type Brand, createDetector, type Detector } from './detector'
import { foldText } from './folded-text'
import { type CompetitorRow, competitors, type PromptKind, type PromptRow } from './table'
import type { Term } from './term'
import { type TermWarning, warningsOf } from './term-warnings'

/** The id of the workspace's own brand among those that are looked for. */
export const OWN_BRAND = 'own'

/** The brand profile of a workspace. */
export type BrandProfile = {
  name: string | null
  aliases: readonly Alias[]
  negative_aliases: readonly string[]
  domains: readonly string[]
}

/** The brands of a run, as rows keep them. */
export type RunBrands = { own: Brand; rivals: (Brand & { name: string })[] }

/** The brands that a workspace looks for. */
export type Panel = {
  /** Null until the workspace has named its brand. */
  own: Brand | null
  rivals: readonly (Brand & { name: string })[]
  detector: Detector
}

const termOf = (alias: Alias): Term =>
  typeof alias === 'string'
    ? { text: alias }
    : {
        text: alias.text,
        caseSensitive: alias.case_sensitive,
        requireContext: alias.require_context,
      }

/** A name and its aliases; an alias of the same text says how the name itself counts. */
export function termsOf(name: string, aliases: readonly Alias[]): Term[] {
  const terms = aliases.map(termOf)
  const fold = (text: string): string => foldText(text).text.trim()
  const hasRule = terms.some(({ text }) => fold(text) === fold(name))
  return hasRule ? terms : [{ text: name }, ...terms]
}

/** The workspace's own brand, by its profile; null without a name. */
export const ownBrand = (profile: BrandProfile): Brand | null =>
  profile.name
    ? {
        id: OWN_BRAND,
        terms: termsOf(profile.name, profile.aliases),
        negatives: profile.negative_aliases,
        domains: profile.domains,
      }
    : null

/** A competitor as a brand that is looked for. */
export const rivalOf = (row: CompetitorRow): Brand & { name: string } => ({
  id: row.id,
  name: row.name,
  terms: termsOf(row.name, row.aliases),
  negatives: row.negativeAliases,
  domains: row.domain ? [row.domain] : [],
})

/** The brands of a workspace as they are now, its own first. */
export function panelOf(tx: Tx, workspaceId: string, profile: BrandProfile): Panel {
  const mine = eq(competitors.workspaceId, workspaceId)
  const rows = tx.select().from(competitors).where(mine).orderBy(asc(competitors.id)).all()
  const [own, rivals] = [ownBrand(profile), rows.map(rivalOf)]
  return { own, rivals, detector: createDetector(own ? [own, ...rivals] : rivals) }
}

/** Why a prompt may not measure what it is taken for. */
export type PromptWarning = { code: 'no_brand' | 'names_brand' | 'names_no_brand'; message: string }

/** A prompt beside the brands of its workspace. */
export type JudgedPrompt = { row: PromptRow; kind: PromptKind; warnings: PromptWarning[] }

/** Whether a prompt names the own brand, unless somebody said so, and what is odd about that. */
export function judgePrompt(row: PromptRow, { own, detector }: Panel): JudgedPrompt {
  const { spans } = detector.detect(row.text, '')
  const namesBrand = spans.some(({ brand }) => brand === OWN_BRAND)
  const kind = row.givenKind ?? (namesBrand ? 'branded' : 'unbranded')
  if (!own) {
    const message = 'The workspace has no brand yet: name it with PATCH /workspaces/{id}.'
    return { row, kind, warnings: [{ code: 'no_brand', message }] }
  }
  if (kind === 'unbranded' && namesBrand) {
    const message = 'It names the brand and yet counts as unbranded: answers will repeat the name.'
    return { row, kind, warnings: [{ code: 'names_brand', message }] }
  }
  if (kind === 'branded' && !namesBrand) {
    const message = 'It counts as branded and does not name the brand: it is no part of the score.'
    return { row, kind, warnings: [{ code: 'names_no_brand', message }] }
  }
  return { row, kind, warnings: [] }
}

/** A competitor beside the other brands of its workspace. */
export type JudgedCompetitor = { row: CompetitorRow; warnings: TermWarning[] }

/** What is ambiguous about the names of a competitor. */
export function judgeCompetitor(row: CompetitorRow, { own, rivals }: Panel): JudgedCompetitor {
  const others = rivals.filter(({ id }) => id !== row.id)
  const ours = own ? [{ name: 'your brand', terms: own.terms }] : []
  return { row, warnings: warningsOf(rivalOf(row).terms, [...ours, ...others]) }
}

/** What is ambiguous about the names of the own brand. */
export const warningsOfOwn = ({ own, rivals }: Panel): TermWarning[] =>
  own ? warningsOf(own.terms, rivals) : []
