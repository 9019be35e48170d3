import { call } from './api.js'
import { byId, counted, element, show, time } from './elements.js'
import { onPress } from './forms.js'
import { projectPath } from './project.js'
import { complain } from './signed-in.js'

/** Why an address was not read. */
const FAILURES = {
  robots: 'The robots.txt of the website does not let us read it.',
  timeout: 'It did not answer in time.',
  dns: 'Its name does not resolve.',
  tls: 'Its certificate is not valid.',
  reset: 'The connection was broken off.',
  refused: 'It could not be reached.',
  unreachable: 'It could not be reached.',
  forbidden_address: 'It could not be reached.',
  bad_response: 'Its answer could not be read.',
  too_large: 'Its answer is larger than is read.',
  interrupted: 'The server was stopped while it was read; the next scan reads it.',
}

const NO_REASON = 'The scan ended before its turn.'

const unseenItem = ({ url, failure }) =>
  element(
    'li',
    { class: 'target' },
    url,
    element('p', { class: 'soft' }, failure === null ? NO_REASON : (FAILURES[failure] ?? failure)),
  )

let shownId = null
/** Lists of addresses of which there are more. */
let rest = []

/** Appends a page of the addresses of one kind that a scan did not read. */
async function appendUnseen({ scanId, kind, cursor }) {
  const query = new URLSearchParams({ scanId, kind, limit: '20', ...(cursor && { cursor }) })
  const { data, meta } = await call('GET', `${projectPath}/pages?${query}`)
  byId('unseen').append(...data.map(unseenItem))
  if (meta.nextCursor !== null) rest.push({ scanId, kind, cursor: meta.nextCursor })
  show(byId('more-unseen'), rest.length > 0)
}

async function showUnseen({ id, message }) {
  byId('unseen').replaceChildren()
  rest = []
  for (const kind of ['unread', 'queued']) await appendUnseen({ scanId: id, kind })
  const isAll = byId('unseen').children.length === 0
  show(byId('unseen-addresses'), !isAll)
  byId('unseen-reason').textContent =
    message ?? (isAll ? 'Every address that was found was read.' : 'Not every address was read.')
}

const change = (verb, { count, sample }) => {
  if (count === 0) return element('li', {}, `No page ${verb}.`)
  const more = count - sample.length
  return element(
    'li',
    {},
    element(
      'details',
      {},
      element('summary', {}, `${counted(count, 'page')} ${verb}`),
      element('ul', {}, ...sample.map((url) => element('li', { class: 'target' }, url))),
      more > 0 ? element('p', { class: 'soft' }, `And ${counted(more, 'more', 'more')}.`) : null,
    ),
  )
}

const actionLine = (words, keys, titleOf) =>
  keys.length === 0 ? [] : [element('li', {}, `${words}: ${keys.map(titleOf).join('; ')}.`)]

const NO_DIFF = { comparedTo: null, pages: null, actions: { opened: [], fixed: [], regressed: [] } }

function showDiff({ diff }, titleOf) {
  const { comparedTo, pages, actions } = diff ?? NO_DIFF
  byId('diff-note').textContent =
    comparedTo === null
      ? 'There is no scan before that this one can be compared with.'
      : 'Compared with the last scan that ended the same way:'
  byId('diff').replaceChildren(
    ...(pages === null
      ? []
      : [change('new', pages.added), change('gone', pages.gone), change('changed', pages.changed)]),
    ...actionLine('New to do', actions.opened, titleOf),
    ...actionLine('Fixed', actions.fixed, titleOf),
    ...actionLine('Back again', actions.regressed, titleOf),
  )
}

/** Shows what a scan that has ended saw, did not see, and changed. `titleOf` names actions by key. */
export async function showLastScan(id, titleOf) {
  if (id === shownId) return
  const { data } = await call('GET', `${projectPath}/scans/${id}`)
  await showUnseen(data)
  showDiff(data, titleOf)
  byId('scan-times').replaceChildren(
    `${counted(data.pagesFetched, 'page')} read, ended `,
    time(data.finishedAt),
    ...(data.nextScanAt === null ? ['.'] : ['. Looked at again ', time(data.nextScanAt), '.']),
  )
  show(byId('last-scan'))
  shownId = id
}

onPress(byId('more-unseen'), () => appendUnseen(rest.shift()), complain)
