import { createPasses, type PassesDeps } from '../../http/pass'
import type { ClickMeter } from '../clicks/service'
import type { LinkGates } from './gates'
import type { HotLink } from './hot-links'
import { createPasswordGate, type PasswordGateDeps } from './password-gate'
import { createRedirector, type Redirector, type RedirectorDeps } from './redirect'

export type DoorDeps = Omit<RedirectorDeps, 'gates'> &
  PassesDeps &
  Omit<PasswordGateDeps, 'passes'> & { meter: ClickMeter }

/** Redirects with everything that may stand in front of a link. */
export function createDoor(deps: DoorDeps): Redirector {
  const passes = createPasses(deps, 'link-pass')
  const password = createPasswordGate({ ...deps, passes })
  return createRedirector({
    ...deps,
    gates: { ...password, ...createLimitGate(deps.meter, passes) },
  })
}

type LimitGate = Pick<LinkGates, 'whenKnown' | 'isUsedUp' | 'take' | 'letToCard' | 'isLetToCard'>

/** Answers a link's clicks up to its limit: the one thread that asks and takes makes it exact. */
function createLimitGate(meter: ClickMeter, passes: ReturnType<typeof createPasses>): LimitGate {
  const card = ({ no: of }: HotLink) => ({ what: 'card' as const, of })
  return {
    whenKnown: meter.whenKnown,

    isUsedUp({ no, control }) {
      const limit = control?.clickLimit ?? Number.POSITIVE_INFINITY
      return meter.clicksOf(no) >= limit
    },

    take({ no }, visit) {
      const verdict = meter.judge(visit)
      if (verdict !== 'human') return { verdict }
      meter.take(no)
      return { verdict, giveBack: () => meter.giveBack(no) }
    },

    letToCard(link, request, page) {
      const path = new URL(request.url, 'http://localhost').pathname.replace(/\/$/, '')
      page.headers.append('Set-Cookie', passes.cookie(card(link), `${path}.vcf`))
    },

    isLetToCard: (link, request) => passes.isHeld(card(link), request.headers),
  }
}
