import type { DirectoryRow } from './table'

/** Why a website cannot be submitted to a directory at all. */
export const EXCLUSIONS = [
  ...(['not_found', 'paused', 'dead', 'above_plan_cap', 'reciprocal_link_required'] as const),
] as const
export type Exclusion = (typeof EXCLUSIONS)[number]

export type Excluded = { id: number; reason: Exclusion; message: string }

type Judged = Pick<DirectoryRow, 'id' | 'status' | 'dr' | 'needsReciprocalLink'>

/**
 * Why a directory takes no submissions of a workspace whose plan reaches up to `drMax` (null: all);
 * undefined when it does. Missing fields of a profile are no reason: somebody can fill them in.
 */
export function exclusionOf(directory: Judged, drMax: number | null): Excluded | undefined {
  const because = (reason: Exclusion, message: string) => ({ id: directory.id, reason, message })
  if (directory.status === 'dead') return because('dead', 'The directory is gone.')
  if (directory.status === 'paused') {
    return because('paused', 'The directory takes no submissions at present.')
  }
  if (drMax !== null && directory.dr !== null && directory.dr > drMax) {
    const message = `Its domain rating is ${directory.dr}; the plan reaches up to ${drMax}.`
    return because('above_plan_cap', message)
  }
  if (directory.needsReciprocalLink === true) {
    return because('reciprocal_link_required', 'It lists only websites that link back to it.')
  }
  return undefined
}

/** For an id that no directory has. */
export const unknownDirectory = (id: number): Excluded => ({
  ...{ id, reason: 'not_found', message: 'There is no such directory.' },
})
