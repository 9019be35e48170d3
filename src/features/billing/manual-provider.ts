import { AppError } from '../../core/errors'
import type { BillingProvider } from './provider'

/** The operator sees the money come in and says so. */
export const manualProvider: BillingProvider = {
  name: 'manual',
  async checkout() {
    throw new AppError(
      'conflict',
      'Invoices are not paid online here. The operator of the server marks them as paid.',
    )
  },
  read() {
    throw new AppError('not_found', 'No payments are taken through Stripe here.')
  },
}
