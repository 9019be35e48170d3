import { actionCard } from './action-card.js'
import { call } from './api.js'
import { createCards, place, refocus } from './cards.js'
import { byId, counted, element, show } from './elements.js'
import { onPress } from './forms.js'
import { showLastScan } from './last-scan.js'
import { openProject, projectPath } from './project.js'
import { keepFresh } from './refresh.js'
import { calm, complain } from './signed-in.js'

const ENDED = ['ready', 'partial', 'failed']
const SEVERITIES = ['critical', 'warning', 'note']

const filters = byId('filters')
let actions = []
/** The scan whose findings are shown, and whether it has ended. */
let seen = null

/** Says what is new alone: a live region repeats what is put into it. */
function tell(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function showSetup({ state, summary, progress }) {
  tell(byId('setup-label'), progress.label)
  tell(byId('setup-description'), progress.description)
  tell(byId('setup-summary'), summary)
  byId('setup-pages').textContent = `${counted(progress.pageCount, 'page')} read`
  byId('setup-bar').classList.toggle('over', ENDED.includes(state))
}

/** The way to a decision; those about an action of this page lead to its card. */
function decisionLink({ id, href, label, actionLabel }) {
  const attributes = { class: 'button quiet small', 'aria-label': `${actionLabel}: ${label}` }
  if (!id.startsWith('fix:')) return element('a', { ...attributes, href }, actionLabel)
  const link = element('a', { ...attributes, href: `#${id}` }, actionLabel)
  link.addEventListener('click', (event) => {
    event.preventDefault()
    filters.reset()
    showActions()
    byId(id)?.focus()
  })
  return link
}

const decisionCard = createCards((decision) =>
  element(
    'li',
    {},
    element(
      'div',
      { class: 'bar' },
      element('strong', {}, decision.label),
      element('span', { class: 'count' }, `${counted(decision.count, 'finding')}`),
    ),
    element('p', {}, decision.description),
    element('p', {}, decisionLink(decision)),
  ),
)

function showDecisions({ summary, items }) {
  tell(byId('decisions-summary'), summary)
  place(byId('decisions'), items.map(decisionCard))
}

const card = createCards((action) => actionCard(action, onDecided))

async function onDecided(decided, said) {
  actions = actions.map((action) => (action.id === decided.id ? decided : action))
  showActions()
  byId('decided').textContent = said
  refocus(byId('actions'), decided.id, byId('actions-title'))
  calm()
  await showStatus()
}

function showActions() {
  const { status, severity, group } = Object.fromEntries(new FormData(filters))
  const wanted = actions.filter(
    (action) =>
      (status === '' || status.split(' ').includes(action.status)) &&
      (severity === '' || severity === action.severity) &&
      (group === '' || group === action.group),
  )
  for (const name of SEVERITIES) {
    const cards = wanted.filter((action) => action.severity === name).map(card)
    place(byId(`${name}-actions`), cards)
    show(byId(name), cards.length > 0)
  }
  const hidden = actions.length - wanted.length
  const others = hidden === 0 ? '' : `, ${hidden} more by other filters`
  tell(byId('actions-count'), `${counted(wanted.length, 'action')}${others}.`)
}

const titleOf = (key) => actions.find((action) => action.key === key)?.title ?? key

/** While a scan goes on nothing that is to be done changes by it, and nothing is asked again. */
async function showFindings({ latestScan, state }) {
  const isEnded = ENDED.includes(state)
  const now = `${latestScan?.id} ${isEnded}`
  if (now === seen && !isEnded) return
  actions = (await call('GET', `${projectPath}/actions`)).data
  showActions()
  if (latestScan !== null && isEnded) await showLastScan(latestScan.id, titleOf)
  seen = now
}

/** Asks how far it is, and answers whether it goes on. */
async function showStatus() {
  const { setup, actions: next } = await call('GET', `${projectPath}/status`)
  showSetup(setup)
  showDecisions(next)
  await showFindings(setup)
  return !ENDED.includes(setup.state)
}

const refresh = keepFresh(async () => {
  const goesOn = await showStatus()
  calm()
  return goesOn
}, complain)

await openProject(async () => {
  filters.addEventListener('change', showActions)
  filters.addEventListener('submit', (event) => event.preventDefault())
  onPress(
    byId('scan'),
    async () => {
      await call('POST', `${projectPath}/scans`)
      await refresh()
    },
    complain,
  )
  await refresh()
})
