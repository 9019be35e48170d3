import { call } from './api.js'
import { counted, element, time } from './elements.js'
import { onPress } from './forms.js'
import { projectPath } from './project.js'
import { complain } from './signed-in.js'

const GROUPS = {
  findable: 'Being found',
  paths: 'Paths',
  snippet: 'Search snippets',
  structure: 'Structure',
  languages: 'Languages',
  trust: 'Trust',
  media: 'Media',
  ai: 'Assistants',
}
const EFFORTS = { S: 'minutes', M: 'hours', L: 'days' }

/** What a person may say of an action: what it is called, and what is said once it is done. */
const DECISIONS = {
  done: {
    label: 'Mark as done',
    busy: 'Marking…',
    said: 'is marked as done. The next scan looks whether it is.',
  },
  ignored: { label: 'Ignore', busy: 'Ignoring…', said: 'is ignored.' },
  open: { label: 'Reopen', busy: 'Reopening…', said: 'is open again.' },
}

const choicesOf = ({ status, awaitingCheck }) => {
  if (status === 'done') return []
  if (status === 'ignored') return ['open']
  return awaitingCheck ? ['open', 'ignored'] : ['done', 'ignored']
}

function stateOf({ status, awaitingCheck }) {
  if (awaitingCheck) return 'Marked as done: the next scan looks whether it is.'
  if (status === 'regressed') return 'It was fixed once and is back.'
  if (status === 'ignored') return 'Ignored.'
  return status === 'done' ? 'A scan has seen that it is fixed.' : null
}

const pageLink = (url) => element('a', { href: url, rel: 'noreferrer', target: '_blank' }, url)

const sampleOf = ({ url, evidence, foundOn }) =>
  element(
    'li',
    { class: 'target' },
    pageLink(url),
    evidence === '' ? null : element('p', {}, evidence),
    foundOn.length === 0
      ? null
      : element(
          'p',
          { class: 'soft' },
          'Found on ',
          ...foundOn.flatMap((page, n) => [n === 0 ? '' : ', ', pageLink(page)]),
        ),
  )

function samplesOf({ samples, affectedCount }) {
  if (samples.length === 0) return null
  const more = affectedCount - samples.length
  return element(
    'details',
    {},
    element('summary', {}, 'Where it is'),
    element('ul', { class: 'samples' }, ...samples.map(sampleOf)),
    more > 0
      ? element(
          'p',
          { class: 'soft' },
          `And at ${counted(more, 'more address', 'more addresses')}.`,
        )
      : null,
  )
}

function decisionButton(action, status, onDecided) {
  const { label, busy, said } = DECISIONS[status]
  const button = element(
    'button',
    {
      type: 'button',
      class: 'quiet small',
      'data-busy': busy,
      'aria-label': `${label}: ${action.title}`,
    },
    label,
  )
  onPress(
    button,
    async () => {
      const { data } = await call('PATCH', `${projectPath}/actions/${action.id}`, { status })
      await onDecided(data, `“${action.title}” ${said}`)
    },
    complain,
  )
  return button
}

/** An action; `onDecided` is told what became of it, and what to say. */
export function actionCard(action, onDecided) {
  const state = stateOf(action)
  const choices = choicesOf(action)
  return element(
    'li',
    { id: `fix:${action.key}`, tabindex: '-1' },
    element(
      'div',
      { class: 'bar' },
      element('h4', {}, action.title),
      element('span', { class: 'count' }, counted(action.affectedCount, 'address', 'addresses')),
    ),
    state === null ? null : element('p', {}, element('strong', {}, state)),
    element('p', {}, action.why),
    element('p', {}, element('strong', {}, 'How to fix it: '), action.howToFix),
    samplesOf(action),
    element(
      'p',
      { class: 'soft' },
      `${GROUPS[action.group]} · takes ${EFFORTS[action.effort]} · seen first `,
      time(action.firstSeen),
      ', last ',
      time(action.lastSeen),
    ),
    choices.length === 0
      ? null
      : element(
          'p',
          { class: 'actions' },
          ...choices.map((status) => decisionButton(action, status, onDecided)),
        ),
  )
}
