import { z } from 'zod'
import { dataOf } from '../../http/schema'

/** A secret to be scanned, as the accounts make it. */
export type TotpSetup = { secret: string; otpauthUri: string; qrSvg: string }

const Code = z.string('is required').min(1, 'is required').max(100, 'is too long')
const CurrentPassword = z.string('is required').min(1, 'is required').max(1024, 'is too long')

export const EnableTotpBody = z.object({ code: Code }).meta({ id: 'EnableTotp' })

export const DisableTotpBody = z
  .object({ code: Code.describe('Or a recovery code.'), password: CurrentPassword })
  .meta({ id: 'DisableTotp' })

export const TotpSetupAnswer = dataOf(
  z
    .object({
      secret: z.string().describe('Base 32, to type by hand.'),
      otpauth_uri: z.string(),
      qr_svg: z.string().describe('The URI as an SVG picture.'),
    })
    .meta({ id: 'TotpSetup' }),
)

export const TotpEnabled = dataOf(
  z
    .object({
      enabled: z.literal(true),
      recovery_codes: z.array(z.string()).describe('Ten, each works once; shown only here.'),
    })
    .meta({ id: 'TotpEnabled' }),
)

export const TotpDisabled = dataOf(
  z.object({ enabled: z.literal(false) }).meta({ id: 'TotpDisabled' }),
)

export function toTotpSetup(setup: TotpSetup): z.infer<typeof TotpSetupAnswer> {
  return {
    data: { secret: setup.secret, otpauth_uri: setup.otpauthUri, qr_svg: setup.qrSvg },
  }
}
