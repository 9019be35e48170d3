/** A mail to be queued; plain text on purpose. */
export type Letter = { to: string; kind: string; subject: string; text: string }

type Recipient = { email: string; name: string }

const SIGNATURE = '— Linkstead'

function letter(kind: string, to: Recipient, subject: string, paragraphs: string[]): Letter {
  const text = [`Hello ${to.name},`, ...paragraphs, SIGNATURE].join('\n\n')
  return { to: to.email, kind, subject, text: `${text}\n` }
}

/** The mails about accounts. Links start with `origin`, never with what a request claims. */
export function createLetters(origin: () => string) {
  const link = (path: string, token: string) => `${origin()}/${path}?token=${token}`

  return {
    verifyEmail: (to: Recipient, token: string) =>
      letter('account.verify_email', to, 'Confirm your e-mail address', [
        'Please confirm that this address is yours:',
        link('verify', token),
        'The link works once, for two days. If you did not ask for it, ignore this mail.',
      ]),

    changedEmail: (to: Recipient, newEmail: string) =>
      letter('account.email_changing', to, 'Your e-mail address is about to change', [
        `Someone signed in to your account asked to change its e-mail address to ${newEmail}.`,
        `If it was not you, reset your password now: ${origin()}/reset`,
      ]),

    resetPassword: (to: Recipient, token: string) =>
      letter('account.reset_password', to, 'Choose a new password', [
        'Someone, hopefully you, asked for a new password. Choose it here:',
        link('reset', token),
        'The link works once, for one hour. If you did not ask for it, ignore this mail; your password stays as it is.',
      ]),

    passwordChanged: (to: Recipient) =>
      letter('account.password_changed', to, 'Your password was changed', [
        'The password of your account was changed, and you were signed out elsewhere.',
        `If it was not you, reset it now: ${origin()}/reset`,
      ]),

    alreadyRegistered: (to: Recipient) =>
      letter('account.already_registered', to, 'You already have an account', [
        'Someone, hopefully you, tried to sign up with this address, which has an account already.',
        `Sign in: ${origin()}/login`,
        `Forgot the password? ${origin()}/reset`,
        'If it was not you, nothing needs to be done.',
      ]),

    finishRegistration: (to: Recipient, token: string) =>
      letter('account.finish_registration', to, 'Finish signing up', [
        'This address was used to sign up before, but was never confirmed. Confirm it by choosing a password:',
        link('reset', token),
        'The link works once, for one hour. If you did not ask for it, ignore this mail.',
      ]),

    setupLink: (token: string) => link('setup', token),
  }
}

export type Letters = ReturnType<typeof createLetters>
