import { call } from './api.js'
import { byId, element, fillList, show, time } from './elements.js'
import { onPress, onSubmit } from './forms.js'
import { keepFresh } from './refresh.js'
import { calm, complain, openPage } from './signed-in.js'
import { chooseWorkspace } from './workspace.js'

const PAGE_SIZE = 20
const ENDED = ['ready', 'partial', 'failed']

let shown = []
let nextCursor = null
/** What tells how far each project is, for those that are still under way. */
const underWay = new Map()

const pathOf = ({ id }, page) => `/projects/${encodeURIComponent(id)}/${page}`

/** Asks how far a project is, and says it. */
async function showState(project, said) {
  const { setup, actions } = await call(
    'GET',
    `/api/v1/projects/${encodeURIComponent(project.id)}/status`,
  )
  said.replaceChildren(element('strong', {}, setup.progress.label), ` ${actions.summary}`)
  if (ENDED.includes(setup.state)) underWay.delete(project.id)
}

const showStates = keepFresh(async () => {
  await Promise.all([...underWay.values()].map((tell) => tell()))
  return underWay.size > 0
}, complain)

function card(project) {
  const said = element('p', {}, 'Looking how far it is…')
  underWay.set(project.id, () => showState(project, said))
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'bar' },
      element('a', { href: pathOf(project, 'actions') }, project.name),
      element('a', { href: pathOf(project, 'backlinks') }, 'Backlinks'),
    ),
    said,
    element(
      'p',
      { class: 'soft target' },
      project.registeredDomain,
      ' · since ',
      time(project.createdAt),
    ),
  )
}

async function load(cursor) {
  const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
  const { data, meta } = await call('GET', `/api/v1/projects?limit=${PAGE_SIZE}${after}`)
  shown = cursor === null ? data : [...shown, ...data]
  nextCursor = meta.nextCursor
  underWay.clear()
  fillList(byId('projects'), shown.map(card), 'No projects yet. The first one is a domain away.')
  show(byId('more-projects'), nextCursor !== null)
  await showStates()
  calm()
}

/** What is said of a project that was asked for, with the way there. */
function told({ project, existing }) {
  const words = existing
    ? ' was a project already: nothing was made anew.'
    : ' is a project now. Its website is being looked at.'
  return element(
    'span',
    {},
    element('a', { href: pathOf(project, 'actions') }, project.name),
    words,
  )
}

await openPage(async () => {
  onSubmit(byId('new-project'), async (values, form) => {
    const made = await call('POST', '/api/v1/projects', values)
    form.reset()
    // The project exists, so what fails from here on is not a refusal of the form.
    await load(null).catch(complain)
    return told(made)
  })
  onPress(byId('more-projects'), () => load(nextCursor), complain)
  await chooseWorkspace(() => load(null).catch(complain))
  await load(null)
})
