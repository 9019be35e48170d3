import { call, findUser, signIn } from './api.js'
import { byId, show } from './elements.js'
import { onSubmit, say } from './forms.js'

const query = new URLSearchParams(location.search)
/** `?token=…`, or what follows `/invite/`. */
const token = query.get('token') ?? location.pathname.split('/')[2] ?? ''

const NO_MAIL = 'None comes? Ask whoever runs this server.'

/** The page of this server that sent somebody here to sign in; the account otherwise. */
function nextPage() {
  const next = URL.parse(query.get('next') ?? '/account', location.origin)
  return next?.origin === location.origin ? next.href : '/account'
}

const enter = () => location.assign(nextPage())

/** Signs in with the form's pair; asks for the second factor where the account has one. */
async function signInWith(values, form) {
  const secondFactor = form.querySelector('[data-second-factor]')
  try {
    return await signIn(values)
  } catch (refusal) {
    if (refusal.code !== 'needs_2fa') throw refusal
    show(secondFactor)
    secondFactor.querySelector('input').required = true
    secondFactor.querySelector('input').focus()
    say(form, 'This account has two-factor sign-in: enter the code that your app shows now.')
    return null
  }
}

/** Signs in with a fresh pair, or says what is still to be done. */
async function signInAfter(form, { email, password }, done) {
  try {
    await signIn({ email, password })
  } catch (refusal) {
    form.reset()
    return `${done} ${refusal.code === 'needs_2fa' ? 'Sign in with your code.' : refusal.message}`
  }
  enter()
  return done
}

const pages = {
  setup() {
    byId('token').value = token
    if (token !== '') show(byId('token').closest('.field'), false)
    onSubmit(byId('setup'), async (values, form) => {
      await call('POST', '/api/v1/auth/setup', values)
      return signInAfter(form, values, 'The account is made.')
    })
  },

  login() {
    onSubmit(byId('login'), async (values, form) => {
      const user = await signInWith(values, form)
      if (user) enter()
      return form.querySelector('.status').textContent
    })
  },

  signup() {
    const invite = query.get('invite')
    onSubmit(byId('signup'), async (values, form) => {
      const { user } = await call('POST', '/api/v1/auth/register', {
        ...values,
        ...(invite ? { invite } : {}),
      })
      if (!user) return 'Look into your mail: a link there proves the address and lets you in.'
      return signInAfter(form, values, 'The account is made.')
    })
  },

  verify() {
    const form = byId('verify')
    show(form, token !== '')
    show(byId('resend'), token === '')
    onSubmit(form, async () => {
      await call('POST', '/api/v1/auth/verify-email', { token }).catch((refusal) => {
        show(byId('resend'))
        throw refusal
      })
      show(form.querySelector('button'), false)
      show(byId('resend'), false)
      return 'Thank you: the address is confirmed. You can sign in now.'
    })
    onSubmit(byId('resend'), async ({ email }, resend) => {
      await call('POST', '/api/v1/auth/verify-email', { email })
      resend.reset()
      return `If ${email} waits for it, a mail with a new link goes there. ${NO_MAIL}`
    })
  },

  reset() {
    show(byId(token === '' ? 'forgot' : 'reset'))
    onSubmit(byId('forgot'), async ({ email }, form) => {
      await call('POST', '/api/v1/auth/forgot-password', { email })
      form.reset()
      return `If ${email} has an account here, a mail with a link goes there. ${NO_MAIL}`
    })
    onSubmit(byId('reset'), async ({ password }, form) => {
      await call('POST', '/api/v1/auth/reset-password', { token, password })
      form.reset()
      return 'The new password is saved. You can sign in with it now.'
    })
  },

  async invite() {
    if (token === '') {
      byId('invite-notice').textContent = 'Open this page through the link of your invitation.'
      show(byId('invite-notice'))
      return
    }
    const accept = async () => {
      await call('POST', `/api/v1/invitations/${encodeURIComponent(token)}/accept`)
      enter()
    }
    wireInvitation(accept)
    const user = await findUser()
    if (user) byId('accept-as').textContent = user.email
    show(byId(user ? 'accept' : 'invite-doors'))
  },
}

function wireInvitation(accept) {
  onSubmit(byId('accept'), accept)
  onSubmit(byId('invite-login'), async (values, form) => {
    const user = await signInWith(values, form)
    if (user) await accept()
    return form.querySelector('.status').textContent
  })
  onSubmit(byId('invite-signup'), async (values, form) => {
    const { user } = await call('POST', '/api/v1/auth/register', { ...values, invite: token })
    if (!user) return 'Look into your mail: a link there proves the address. Then come back here.'
    return signInAfter(form, values, 'The account is made.')
  })
}

await pages[document.body.dataset.page]()
