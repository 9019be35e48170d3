import { call, selectedWorkspace } from './api.js'
import { byId, element, fillList, secretLine, show, showSecret, time } from './elements.js'
import { onPress, onSubmit } from './forms.js'

/** Fetches the keys of the workspace. */
export async function showKeys(complain) {
  const { data } = await call('GET', '/api/v1/keys?limit=100')
  fillList(
    byId('keys'),
    data.map((key) => card(key, complain)),
    'No keys yet.',
  )
}

function card(key, complain) {
  const revoke = element(
    'button',
    {
      type: 'button',
      class: 'danger small',
      'data-busy': 'Revoking…',
      'aria-label': `Revoke ${key.name}`,
    },
    'Revoke',
  )
  onPress(
    revoke,
    async () => {
      if (!confirm(`Revoke "${key.name}"? What uses it stops working at once.`)) return
      await call('DELETE', `/api/v1/keys/${key.id}`)
      await showKeys(complain)
    },
    complain,
  )
  return element(
    'li',
    {},
    element('div', { class: 'bar' }, element('strong', {}, key.name), revoke),
    element('p', {}, element('code', {}, `${key.prefix}…`), ` ${scopesOf(key)}`),
    element(
      'p',
      { class: 'soft' },
      'Created ',
      time(key.created_at),
      ...(key.last_used_at ? [', last used ', time(key.last_used_at)] : [', never used']),
      key.expires_at ? ', expires ' : '.',
      ...(key.expires_at ? [time(key.expires_at), '.'] : []),
    ),
  )
}

const ALL_SCOPES = document.querySelectorAll('#scopes input').length

const scopesOf = ({ kind, scopes, workspace_id: workspaceId }) => {
  if (kind === 'publishable') return 'publishable'
  const isFull = scopes.includes('*') || scopes.length === ALL_SCOPES
  const extent = workspaceId === null ? ', in all your workspaces' : ''
  return (isFull ? 'full access' : scopes.join(', ')) + extent
}

export function wireKeys(complain) {
  const form = byId('new-key')
  form.addEventListener('change', () => show(byId('scopes'), form.elements.preset.value === ''))
  onSubmit(form, async ({ name, preset, scopes }) => {
    const chosen = preset === undefined ? scopes : preset.split(' ')
    if (!chosen?.length) return 'Choose at least one scope.'
    // Without a workspace the key would open all of its maker's.
    const key = { name, scopes: chosen, workspace_id: selectedWorkspace() }
    const { data } = await call('POST', '/api/v1/keys', key)
    form.reset()
    show(byId('scopes'), false)
    await showKeys(complain)
    showSecret(
      byId('key-secret'),
      `The key "${data.name}". Save it now: it is shown this once.`,
      secretLine(data.key),
    )
    return ''
  })
}
