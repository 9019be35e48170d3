/** Bands of domain rating, as wide as the steps between the caps of the plans. */
export const TIERS = [
  'unrated',
  'dr_0_30',
  'dr_31_50',
  'dr_51_70',
  'dr_71_90',
  'dr_91_100',
] as const
export type Tier = (typeof TIERS)[number]

/** The band of a rating from 0 to 100; a directory without one is in none. */
export function tierOf(dr: number | null): Tier {
  if (dr === null) return 'unrated'
  if (dr <= 30) return 'dr_0_30'
  if (dr <= 50) return 'dr_31_50'
  if (dr <= 70) return 'dr_51_70'
  return dr <= 90 ? 'dr_71_90' : 'dr_91_100'
}
