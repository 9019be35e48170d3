import { Refusal } from './api.js'
import { byId, element } from './elements.js'
import { onSubmit } from './forms.js'

const form = byId('check')

/** Every line of a stream as JSON, when it comes. */
async function* linesOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop()
    for (const line of lines) yield JSON.parse(line)
  }
}

/** Sends the form and answers its stream. Throws {@link Refusal}. */
async function ask() {
  const answer = await fetch(form.action, {
    method: 'POST',
    headers: { Accept: 'application/x-ndjson' },
    body: new URLSearchParams(new FormData(form)),
  }).catch(() => null)
  if (answer?.ok) return answer.body
  const refused = await answer?.json().catch(() => null)
  const message = 'The server did not answer. Check the connection and try again.'
  throw new Refusal(refused ?? { status: 0, code: 'unreachable', message })
}

function piece({ text, href, marked }) {
  const words = element('bdi', {}, text)
  if (marked) return element('mark', {}, words)
  return href ? element('a', { href, rel: 'nofollow noopener noreferrer' }, words) : words
}

/** The same card that the server makes where there are no scripts. */
function card({ address, verdict, reasons, facts }) {
  const said = verdict
    ? [
        element('strong', { class: `verdict ${verdict.name}` }, verdict.title),
        ` ${verdict.meaning}`,
      ]
    : ['Waiting for the page…']
  const terms = facts.map(({ term, pieces }) => {
    const words = pieces.flatMap((one) => [piece(one), ' '])
    return element('div', {}, element('dt', {}, term), element('dd', {}, ...words))
  })
  return [
    element('h3', {}, piece(address)),
    element('p', verdict ? {} : { class: 'soft' }, ...said),
    ...(reasons.length > 0
      ? [element('ul', {}, ...reasons.map((one) => element('li', {}, one)))]
      : []),
    ...(terms.length > 0 ? [element('dl', { class: 'facts' }, ...terms)] : []),
  ]
}

/** Shows the results that are waited for, with their progress, and moves there. */
function begin({ domain, results }) {
  const total = results.length
  const bar = element('progress', { max: String(total), value: '0', 'aria-label': 'Pages checked' })
  const count = element('span', { class: 'soft' }, `0 of ${total} pages`)
  const progress = element('div', { class: 'progress' }, bar, count)
  const title = element('h2', { id: 'results-title', tabindex: '-1' }, 'Links to ')
  title.append(element('bdi', {}, domain))
  const items = results.map((result) => element('li', {}, ...card(result)))
  const list = element('ol', { class: 'cards results' }, ...items)
  const named = { id: 'results', 'aria-labelledby': 'results-title' }
  byId('results')?.remove()
  form.after(element('section', named, title, progress, list))
  title.focus()
  let done = 0
  return {
    put({ index, result }) {
      items[index].replaceChildren(...card(result))
      done += 1
      bar.value = done
      count.textContent = `${done} of ${total} pages`
    },
    end({ summary, href }) {
      const file = { class: 'button quiet', href, download: 'backlinks.csv' }
      const link = element('a', file, 'Download the evidence as CSV')
      progress.replaceWith(element('p', {}, summary), element('p', {}, link))
    },
  }
}

onSubmit(form, async () => {
  const stream = await ask()
  let shown
  for await (const line of linesOf(stream)) {
    if (line.results) shown = begin(line)
    else if (line.result) shown.put(line)
    else {
      shown.end(line.outcome)
      return line.outcome.summary
    }
  }
  return 'The connection was lost. Check the pages again.'
})
