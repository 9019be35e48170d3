import { byId, element, show } from './elements.js'
import { openPage } from './signed-in.js'
import { enterWorkspaceOf } from './workspace.js'

/** The project that the address names, as addresses need it. */
export const projectId = location.pathname.split('/')[2]

/** Its path in the API. */
export const projectPath = `/api/v1/projects/${projectId}`

function showNothing() {
  document.title = 'Not found · Linkstead'
  byId('page-title').textContent = 'There is nothing here.'
  show(byId('missing'))
}

function showProject({ name, primaryDomain, registeredDomain }) {
  document.title = `${name} · ${document.title}`
  byId('project-name').textContent = name
  show(byId('project-name'), name !== registeredDomain)
  byId('project-domain').replaceChildren(
    element('a', { href: primaryDomain, rel: 'noreferrer', target: '_blank' }, registeredDomain),
  )
  for (const link of document.querySelectorAll('[data-tab]')) {
    link.href = `/projects/${projectId}/${link.dataset.tab}`
  }
}

/** Opens a page of the project that its address names, where its reader may see that. */
export const openProject = (start) =>
  openPage(async () => {
    try {
      showProject(await enterWorkspaceOf(projectId))
    } catch (refusal) {
      if (refusal.status !== 404) throw refusal
      showNothing()
      return false
    }
    await start()
    return true
  })
