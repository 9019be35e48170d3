import { call, findUser } from './api.js'
import { byId, counted, show } from './elements.js'
import { onPress } from './forms.js'
import { showKeys, wireKeys } from './keys.js'
import { showLinks, wireLinks } from './links.js'
import { showSecurity, wireSecurity } from './security.js'
import { showWebhooks, wireWebhooks } from './webhooks.js'
import { chooseWorkspace } from './workspace.js'

const status = byId('account-status')

/** Below the heading, where what belongs to no form is said. */
function complain(refusal) {
  status.classList.add('error')
  status.textContent = refusal.message
  status.scrollIntoView({ block: 'nearest' })
}

async function showUsage() {
  const { data } = await call('GET', '/api/v1/me')
  const { plan, usage } = data
  const limit = plan.linkLimit === null ? '' : ` of ${plan.linkLimit}`
  byId('usage').textContent =
    `${plan.name} plan: ${usage.linksUsed}${limit} links, ${counted(usage.clicksUsed, 'click')} this month.`
}

/** One part that fails leaves the others usable. */
async function showWorkspace() {
  const parts = [showUsage(), showLinks(), showKeys(complain), showWebhooks(complain)]
  for (const { reason } of await Promise.allSettled(parts)) if (reason) complain(reason)
}

async function start() {
  const user = await findUser()
  if (!user) {
    location.replace('/login')
    return
  }
  byId('user-name').textContent = user.name
  byId('user-email').textContent = user.email
  wireLinks(complain, showUsage)
  wireKeys(complain)
  wireWebhooks(complain)
  wireSecurity(complain)
  onPress(
    byId('sign-out'),
    async () => {
      await call('DELETE', '/api/session')
      location.replace('/login')
    },
    complain,
  )
  await chooseWorkspace(() => {
    status.textContent = ''
    showWorkspace()
  })
  await Promise.all([showWorkspace(), showSecurity()])
  if (!status.classList.contains('error')) status.textContent = ''
  show(byId('account'))
}

await start().catch(complain)
