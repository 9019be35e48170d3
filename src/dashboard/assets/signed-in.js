import { findUser } from './api.js'
import { byId, show } from './elements.js'

const status = byId('page-status')

const toLogin = () =>
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)

/** Below the heading, where what belongs to no form is said. */
export function complain(refusal) {
  if (refusal.status === 401) {
    toLogin()
    return
  }
  status.classList.add('error')
  status.textContent = refusal.message
  status.scrollIntoView({ block: 'nearest' })
}

/** Takes back what was complained of, or says something else in its place. */
export function calm(sentence = '') {
  status.classList.remove('error')
  if (status.textContent !== sentence) status.textContent = sentence
}

/**
 * Opens a page for who is signed in and sends all others to the sign-in, which leads back here.
 * `start` fills the page, which is shown when that is done, unless it answers false.
 */
export async function openPage(start) {
  try {
    if (!(await findUser())) {
      toLogin()
      return
    }
    const isThere = (await start()) ?? true
    if (!status.classList.contains('error')) calm()
    show(byId('page'), isThere)
  } catch (refusal) {
    complain(refusal)
  }
}
