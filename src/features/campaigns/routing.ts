import type { DirectoryRow } from '../directories/service'
import type { Mode } from './life-cycle'

/** Why something is done by hand, where the directory's own mode is out of reach. */
export const MODE_REASONS = [
  ...(['no_api_client', 'no_address', 'no_mail_server', 'no_recipe'] as const),
] as const
export type ModeReason = (typeof MODE_REASONS)[number]

export type Route = { mode: Mode; modeReason: ModeReason | null }

/**
 * How a submission is done. What costs money is paid first, whatever the mode; what no machine may
 * or can do is done by hand, and says why.
 */
export function routeOf(
  directory: Pick<DirectoryRow, 'mode' | 'price' | 'submitEmail' | 'form'>,
  canMail: boolean,
): Route {
  const byHand = (modeReason: ModeReason): Route => ({ mode: 'manual', modeReason })
  const { mode, price, submitEmail, form } = directory
  if (price === 'paid') return { mode: 'paid', modeReason: null }
  if (mode === 'api') return byHand('no_api_client')
  if (mode === 'email' && submitEmail === null) return byHand('no_address')
  if (mode === 'email' && !canMail) return byHand('no_mail_server')
  if (mode === 'form' && form === null) return byHand('no_recipe')
  return { mode, modeReason: null }
}
