import { call } from './api.js'
import { reasonWords, stateName, verdictTitle, WORDS } from './backlink-words.js'
import { element, time } from './elements.js'

const fact = (term, ...pieces) =>
  pieces.every((piece) => piece === null || piece === '')
    ? []
    : [element('div', {}, element('dt', {}, term), element('dd', {}, ...pieces))]

const isWebAddress = (text) => /^https?:\/\//i.test(text)

/** An address of a page elsewhere, as a link where it is one. */
export const outward = (url) =>
  isWebAddress(url)
    ? element('a', { href: url, rel: 'nofollow noopener noreferrer', target: '_blank' }, url)
    : element('bdi', {}, url)

const yesOrNo = (value, yes, no) => (value === null ? 'Not known' : value ? yes : no)

function linkFacts(link, targetStatus) {
  if (!link) return fact('Link', 'None was seen.')
  const text = link.anchor === '' ? '(no text)' : link.anchor
  const where = WORDS.regions[link.region] ?? link.region
  return [
    ...fact(
      'Leads to',
      outward(link.url),
      targetStatus === null ? '' : ` (answers ${targetStatus})`,
    ),
    ...fact(
      'In its words',
      `${link.context_before} `,
      element('mark', {}, text),
      ` ${link.context_after}`,
    ),
    ...fact('Where', link.hidden ? `${where}, hidden` : where),
    ...fact('rel', link.rel.length === 0 ? 'none' : link.rel.join(' ')),
  ]
}

function evidenceList(evidence) {
  if (evidence === null) return element('p', { class: 'soft' }, 'No check could see the page yet.')
  const hops = evidence.redirect_chain.map(({ url, status }) => `${status} ${url}`)
  return element(
    'dl',
    { class: 'facts' },
    ...fact('Seen', time(evidence.checked_at)),
    ...fact('Page', outward(evidence.final_url)),
    ...fact('Redirects', hops.join(', then ')),
    ...fact('Status', evidence.http_status === null ? null : String(evidence.http_status)),
    ...fact('Title', evidence.title),
    ...linkFacts(evidence.links[0], evidence.target_status),
    ...fact('Links to you', evidence.links.length > 1 ? String(evidence.links.length) : null),
    ...fact('Followed', yesOrNo(evidence.effective_follow, 'Yes', 'No')),
    ...fact('May be listed', yesOrNo(evidence.indexable, 'Yes', 'No')),
    ...fact('Canonical', evidence.canonical_url === null ? null : outward(evidence.canonical_url)),
    ...fact('Told to robots', evidence.robots_directives.join(', ')),
    ...fact('X-Robots-Tag', evidence.x_robots_tags.join(', ')),
    ...fact('robots.txt for Google', evidence.robots_rule),
    ...fact('SHA-256 of the page', evidence.body_sha256),
  )
}

const changeLine = ({ field, before, after }) =>
  element('li', {}, `${field.replaceAll('_', ' ')}: was ${before ?? 'none'}, is ${after ?? 'none'}`)

function historyItem(check) {
  const isTurn = check.state_before !== check.state_after
  return element(
    'li',
    {},
    time(check.checked_at),
    `: ${verdictTitle(check.verdict)}`,
    isTurn ? ` (${stateName(check.state_before)}, then ${stateName(check.state_after)})` : '',
    check.reasons.length === 0 ? '' : `. ${check.reasons.map(reasonWords).join(' ')}`,
    check.changes.length === 0 ? null : element('ul', {}, ...check.changes.map(changeLine)),
  )
}

/** Evidence and history of a backlink, fetched when they are opened. */
export function evidenceOf({ id, url }, complain) {
  const summary = element(
    'summary',
    { 'aria-label': `Evidence and history of ${url}` },
    'Evidence and history',
  )
  const box = element('div', {}, element('p', { class: 'soft' }, 'Loading…'))
  const details = element('details', {}, summary, box)
  let isAsked = false
  details.addEventListener('toggle', async () => {
    if (!details.open || isAsked) return
    isAsked = true
    try {
      const { data } = await call('GET', `/api/v1/backlinks/${id}`)
      box.replaceChildren(
        evidenceList(data.evidence),
        element('h5', {}, 'History'),
        data.history.length === 0
          ? element('p', { class: 'soft' }, 'It was not checked yet.')
          : element('ol', { class: 'samples' }, ...data.history.map(historyItem)),
      )
    } catch (refusal) {
      isAsked = false
      details.open = false
      complain(refusal)
    }
  })
  return details
}
