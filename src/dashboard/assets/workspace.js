import { call, Refusal, selectWorkspace } from './api.js'
import { byId, element } from './elements.js'

/** Kept for this tab, so that one page after the other acts in the same workspace. */
const REMEMBERED = 'workspace'

function enter(id) {
  selectWorkspace(id)
  if (id !== null) sessionStorage.setItem(REMEMBERED, id)
}

/** Every workspace of the signed-in user. */
async function listWorkspaces() {
  const workspaces = []
  let cursor = ''
  do {
    const { data, meta } = await call('GET', `/api/v1/workspaces?limit=100${cursor}`)
    workspaces.push(...data)
    cursor = meta.nextCursor === null ? null : `&cursor=${encodeURIComponent(meta.nextCursor)}`
  } while (cursor !== null)
  return workspaces
}

/** Fills the page's choice of workspaces and enters the one of last time; tells of each change. */
export async function chooseWorkspace(onChange) {
  const workspaces = await listWorkspaces()
  const choice = byId('workspace')
  choice.replaceChildren(
    ...workspaces.map(({ id, name }) => element('option', { value: id }, name)),
  )
  const last = sessionStorage.getItem(REMEMBERED)
  if (workspaces.some(({ id }) => id === last)) choice.value = last
  enter(choice.value === '' ? null : choice.value)
  choice.addEventListener('change', () => {
    enter(choice.value)
    onChange()
  })
}

/** Enters the workspace that has this project and answers it. Throws {@link Refusal} `not_found`. */
export async function enterWorkspaceOf(projectId) {
  const last = sessionStorage.getItem(REMEMBERED)
  const ids = (await listWorkspaces()).map(({ id }) => id)
  for (const id of ids.toSorted((a, b) => Number(b === last) - Number(a === last))) {
    try {
      selectWorkspace(id)
      const { data } = await call('GET', `/api/v1/projects/${projectId}`)
      enter(id)
      return data
    } catch (refusal) {
      if (refusal.status !== 404) throw refusal
    }
  }
  const message = 'There is no such project.'
  throw new Refusal({ status: 404, code: 'not_found', message })
}
