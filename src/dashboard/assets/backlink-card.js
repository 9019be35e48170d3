import { call } from './api.js'
import { evidenceOf, outward } from './backlink-evidence.js'
import { reasonWords, stateWords, verdictTitle, WORDS } from './backlink-words.js'
import { element, time } from './elements.js'
import { onPress } from './forms.js'
import { complain } from './signed-in.js'

function verdictLine({ verdict }) {
  if (verdict === null) return element('p', {}, 'The first check is still to come.')
  return element(
    'p',
    {},
    element('strong', { class: `verdict ${verdict}` }, verdictTitle(verdict)),
    ` ${WORDS.verdicts[verdict].meaning}`,
  )
}

const timesOf = (backlink) => {
  const { lost_at, last_seen_at, checked_at, next_check_at } = backlink
  return element(
    'p',
    { class: 'soft' },
    ...(lost_at === null ? [] : ['Lost ', time(lost_at), '. ']),
    ...(last_seen_at === null ? [] : ['Seen last ', time(last_seen_at), '. ']),
    ...(checked_at === null ? [] : ['Checked ', time(checked_at), ', ']),
    checked_at === null ? 'Checked ' : 'again ',
    time(next_check_at),
    '.',
  )
}

function checkButton({ id, url }, onChanged) {
  const button = element(
    'button',
    {
      type: 'button',
      class: 'quiet small',
      'data-busy': 'Checking…',
      'aria-label': `Check ${url} now`,
    },
    'Check now',
  )
  onPress(
    button,
    async () => {
      const { data } = await call('POST', `/api/v1/backlinks/${id}/check`)
      await onChanged(id, `${url}: ${verdictTitle(data.verdict)}. ${stateWords(data.state)}`)
    },
    complain,
  )
  return button
}

function stopButton({ id, url }, onChanged) {
  const button = element(
    'button',
    {
      type: 'button',
      class: 'danger small',
      'data-busy': 'Stopping…',
      'aria-label': `Stop watching ${url}`,
    },
    'Stop watching',
  )
  onPress(
    button,
    async () => {
      if (!confirm(`Stop watching ${url}? Its evidence and history are forgotten.`)) return
      await call('DELETE', `/api/v1/backlinks/${id}`)
      await onChanged(id, `${url} is watched no longer.`)
    },
    complain,
  )
  return button
}

/** A watched page; `onChanged` is told of which one, and what to say. */
export const backlinkCard = (backlink, onChanged) =>
  element(
    'li',
    {},
    element('h4', { class: 'target' }, outward(backlink.url)),
    verdictLine(backlink),
    element('p', {}, stateWords(backlink.state)),
    backlink.reasons.length === 0
      ? null
      : element(
          'ul',
          {},
          ...backlink.reasons.map((reason) => element('li', {}, reasonWords(reason))),
        ),
    timesOf(backlink),
    evidenceOf(backlink, complain),
    element(
      'p',
      { class: 'actions' },
      checkButton(backlink, onChanged),
      stopButton(backlink, onChanged),
    ),
  )
