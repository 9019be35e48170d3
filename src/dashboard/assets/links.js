import { call } from './api.js'
import { byId, copyButton, counted, element, fillList, show, time } from './elements.js'
import { onPress, onSubmit } from './forms.js'

const PAGE_SIZE = 20

let shown = []
let nextCursor = null

async function load(cursor) {
  const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
  const { data, meta } = await call('GET', `/api/v1/links?limit=${PAGE_SIZE}${after}`)
  shown = cursor === null ? data : [...shown, ...data]
  nextCursor = meta.nextCursor
  fillList(byId('links'), shown.map(card), 'No short links yet. The first one is a paste away.')
  show(byId('more-links'), nextCursor !== null)
}

const card = (link) =>
  element(
    'li',
    {},
    element(
      'div',
      { class: 'bar' },
      element('a', { href: link.shortUrl, rel: 'noreferrer', target: '_blank' }, link.shortUrl),
      element('strong', { class: 'count' }, counted(link.clicks, 'click')),
    ),
    link.title === null ? null : element('p', {}, link.title),
    element('p', { class: 'soft target' }, link.originalUrl ?? link.summary ?? link.kind),
    element(
      'div',
      { class: 'bar' },
      element('span', { class: 'soft' }, time(link.createdAt), link.isActive ? '' : ' · paused'),
      copyButton(link.shortUrl, 'Copy the short URL'),
    ),
  )

/** Fetches the newest links of the workspace. */
export const showLinks = () => load(null)

export function wireLinks(complain, showUsage) {
  onSubmit(byId('new-link'), async (values, form) => {
    const { data } = await call('POST', '/api/v1/links', values)
    form.reset()
    // The link exists, so what fails from here on is not a refusal of the form.
    await Promise.all([load(null), showUsage()]).catch(complain)
    return `${data.shortUrl} is ready.`
  })
  onPress(byId('more-links'), () => load(nextCursor), complain)
  onPress(byId('refresh-links'), () => Promise.all([load(null), showUsage()]), complain)
}
