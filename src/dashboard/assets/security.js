import { call } from './api.js'
import {
  byId,
  copyButton,
  element,
  fillList,
  secretLine,
  show,
  showSecret,
  time,
} from './elements.js'
import { onPress, onSubmit } from './forms.js'

const TWO_FACTOR = '/api/v1/users/me/2fa'

/** The second factor and the sign-ins of the user. */
export async function showSecurity() {
  const profile = await call('GET', '/api/v1/users/me')
  showTwoFactor((profile.data ?? profile).two_factor_enabled === true)
  const { data } = await call('GET', '/api/session/all')
  fillList(byId('sign-ins'), data.map(card), 'None.')
}

const card = (session) =>
  element(
    'li',
    {},
    element(
      'p',
      { class: 'target' },
      session.current ? element('strong', {}, 'This browser. ') : null,
      session.userAgent ?? 'Unknown program',
    ),
    element(
      'p',
      { class: 'soft' },
      'Since ',
      time(session.createdAt),
      ', last seen ',
      time(session.lastSeenAt),
      '.',
    ),
  )

function showTwoFactor(enabled) {
  byId('two-factor-state').textContent = enabled
    ? 'On: signing in asks for a code of your authenticator app.'
    : 'Off: your password alone opens this account.'
  show(byId('two-factor-setup'), !enabled)
  show(byId('two-factor-enable'), false)
  show(byId('two-factor-disable'), enabled)
}

/** As an image, so that what the API sends never becomes markup of this page. */
const picture = (svg) =>
  element('img', {
    src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
    alt: 'QR code with the secret for your authenticator app',
    width: '200',
    height: '200',
    class: 'qr',
  })

export function wireSecurity(complain) {
  onSubmit(byId('two-factor-setup'), async () => {
    const answer = await call('POST', `${TWO_FACTOR}/setup`)
    const { secret, qr_svg: qrSvg } = answer.data ?? answer
    showSecret(
      byId('two-factor-secret'),
      'Scan this with your authenticator app, or type the secret into it.',
      picture(qrSvg),
      secretLine(secret),
    )
    show(byId('two-factor-setup'), false)
    show(byId('two-factor-enable'))
    return ''
  })
  onSubmit(byId('two-factor-enable'), async ({ code }, form) => {
    const answer = await call('POST', `${TWO_FACTOR}/enable`, { code })
    const codes = (answer.data ?? answer).recovery_codes.join('\n')
    form.reset()
    showTwoFactor(true)
    showSecret(
      byId('two-factor-secret'),
      'Save these recovery codes now. Each opens the account once when the app is lost.',
      element('pre', {}, codes),
      element('p', {}, copyButton(codes, 'Copy the codes')),
    )
    return ''
  })
  onSubmit(byId('two-factor-disable'), async ({ code, password }, form) => {
    await call('POST', `${TWO_FACTOR}/disable`, { code, password })
    form.reset()
    showTwoFactor(false)
    return ''
  })
  onPress(
    byId('sign-out-everywhere'),
    async () => {
      await call('DELETE', '/api/session/all')
      location.replace('/login')
    },
    complain,
  )
}
