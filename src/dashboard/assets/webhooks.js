import { call } from './api.js'
import { byId, element, fillList, secretLine, showSecret } from './elements.js'
import { onPress, onSubmit } from './forms.js'

/** Why nothing is sent there. */
const DISABLED = {
  user: 'Switched off.',
  gone: 'Switched off: the receiver answered that it is gone (410).',
  failing: 'Switched off: nothing but failures for days.',
  workspace: 'Switched off with the workspace.',
}

/** Fetches the webhooks of the workspace. */
export async function showWebhooks(complain) {
  const { data } = await call('GET', '/api/v1/webhooks?limit=100')
  fillList(
    byId('webhooks'),
    data.map((webhook) => card(webhook, complain)),
    'No webhooks yet.',
  )
}

function card(webhook, complain) {
  const said = element('span', { class: 'soft', role: 'status' })
  const test = element(
    'button',
    { type: 'button', class: 'quiet small', 'aria-label': `Send a test to ${webhook.url}` },
    'Send a test',
  )
  test.dataset.busy = 'Sending…'
  onPress(
    test,
    async () => {
      await call('POST', `/api/v1/webhooks/${webhook.id}/test`)
      said.textContent = 'On its way.'
    },
    complain,
  )
  const remove = element(
    'button',
    { type: 'button', class: 'danger small', 'aria-label': `Remove ${webhook.url}` },
    'Remove',
  )
  onPress(
    remove,
    async () => {
      if (!confirm(`Remove ${webhook.url}? Nothing more is sent there.`)) return
      await call('DELETE', `/api/v1/webhooks/${webhook.id}`)
      await showWebhooks(complain)
    },
    complain,
  )
  return element(
    'li',
    {},
    element('p', { class: 'target' }, element('strong', {}, webhook.url)),
    element('p', { class: 'soft' }, webhook.events.join(', ')),
    webhook.enabled
      ? null
      : element('p', { class: 'status error' }, DISABLED[webhook.disabledReason] ?? DISABLED.user),
    element('div', { class: 'bar' }, said, element('span', { class: 'actions' }, test, remove)),
  )
}

export function wireWebhooks(complain) {
  onSubmit(byId('new-webhook'), async ({ url, events = [] }, form) => {
    const { data } = await call('POST', '/api/v1/webhooks', { url, events })
    form.reset()
    await showWebhooks(complain)
    showSecret(
      byId('webhook-secret'),
      'The secret that signs every message. Save it now: it is shown this once.',
      secretLine(data.secret),
    )
    return ''
  })
}
