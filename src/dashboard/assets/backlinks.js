import { call, fetchFile, selectedWorkspace } from './api.js'
import { backlinkCard } from './backlink-card.js'
import { createCards, place, refocus } from './cards.js'
import { byId, counted, element, show } from './elements.js'
import { onPress, onSubmit } from './forms.js'
import { openProject, projectId } from './project.js'
import { keepFresh } from './refresh.js'
import { calm, complain } from './signed-in.js'

const PAGE_SIZE = 20
/** What somebody has to look at, the gravest first. */
const ISSUES = ['lost', 'nofollow', 'not_indexable']

const filters = byId('filters')

/** A list of backlinks that grows by pages of the API. */
function createList(name, queryOf) {
  const cards = createCards((backlink) => backlinkCard(backlink, onChanged))
  let length = PAGE_SIZE

  /** Asks anew for as many as are shown; answers the rows and how many there are in all. */
  async function load() {
    const query = new URLSearchParams({ project_id: projectId, ...queryOf() })
    const rows = []
    let meta = { nextCursor: null, total: 0 }
    do {
      query.set('limit', String(Math.min(length - rows.length, 100)))
      const page = await call('GET', `/api/v1/backlinks?${query}`)
      rows.push(...page.data)
      meta = page.meta
      query.set('cursor', meta.nextCursor ?? '')
    } while (meta.nextCursor !== null && rows.length < length)
    place(byId(name), rows.map(cards))
    show(byId(`more-${name}`), meta.nextCursor !== null)
    return { rows, total: meta.total }
  }

  onPress(
    byId(`more-${name}`),
    async () => {
      length += PAGE_SIZE
      await load()
    },
    complain,
  )
  return {
    load,
    /** Back to the first page. */
    restart: () => {
      length = PAGE_SIZE
    },
  }
}

const triage = ISSUES.map((issue) => ({ issue, list: createList(issue, () => ({ issue })) }))

const all = createList('watched', () =>
  Object.fromEntries([...new FormData(filters)].filter(([, text]) => text.trim() !== '')),
)

function tell(node, text) {
  if (node.textContent !== text) node.textContent = text
}

async function showTriage() {
  const found = await Promise.all(triage.map(({ list }) => list.load()))
  for (const [n, { issue }] of triage.entries()) show(byId(`${issue}-links`), found[n].total > 0)
  const total = found.reduce((sum, { total }) => sum + total, 0)
  const words = `${counted(total, 'backlink needs', 'backlinks need')} somebody to look.`
  tell(byId('triage-summary'), total === 0 ? 'No backlink needs anything.' : words)
}

/** Answers whether a page waits for its first check. */
async function showAll() {
  const { rows, total } = await all.load()
  tell(byId('watched-count'), `${counted(total, 'page')}.`)
  return rows.some(({ checked_at }) => checked_at === null)
}

const refresh = keepFresh(async () => {
  const isWaiting = await showAll()
  // Asked for afterwards: what nobody waits for any more is in it.
  await showTriage()
  calm()
  return isWaiting
}, complain)

async function onChanged(id, said) {
  const list = document.activeElement?.closest('.cards')
  await refresh()
  byId('changed').textContent = said
  refocus(list ?? byId('watched'), id, byId('triage-title'))
}

const WATCHED = { created: 'is watched from now on.', existing: 'was watched already.' }

const resultItem = ({ url, result, message }) =>
  element(
    'li',
    { class: 'target' },
    element('bdi', {}, url),
    result === 'failed'
      ? element('p', { class: 'status error' }, message)
      : element('p', {}, `It ${WATCHED[result]}`),
  )

function wireAdding() {
  onSubmit(byId('watch'), async ({ urls }, form) => {
    const lines = urls.split('\n').map((line) => line.trim())
    const wanted = [...new Set(lines)].filter((line) => line !== '')
    byId('results').replaceChildren()
    const { data } = await call('POST', '/api/v1/backlinks', {
      project_id: projectId,
      urls: wanted,
    })
    byId('results').replaceChildren(...data.results.map(resultItem))
    const failed = data.results.filter(({ result }) => result === 'failed')
    form.reset()
    byId('watch-urls').value = failed.map(({ url }) => url).join('\n')
    // They are watched, so what fails from here on is not a refusal of the form.
    await refresh()
    return `${data.created} new, ${data.existing} watched already, ${data.failed} refused.`
  })
}

/** Saves the evidence of all backlinks of the project. */
async function download() {
  const query = new URLSearchParams({ project_id: projectId, workspace_id: selectedWorkspace() })
  const file = await fetchFile(`/api/v1/backlinks/export?${query}`)
  const href = URL.createObjectURL(file)
  element('a', { href, download: 'backlinks.csv' }).click()
  URL.revokeObjectURL(href)
}

await openProject(async () => {
  wireAdding()
  onSubmit(filters, async () => {
    all.restart()
    await showAll()
  })
  onPress(byId('download'), download, complain)
  await refresh()
  byId('adding').open = byId('watched').children.length === 0
})
