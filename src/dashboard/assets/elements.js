/** The element with this id; pages and scripts are one release, so it exists. */
export const byId = (id) => document.getElementById(id)

/**
 * An element with attributes and children. Text becomes text nodes, never markup. An attribute
 * that is null or false is left out; a function listens to the event of its name.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value)
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? '' : value)
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

/** Shows the one that is asked for and hides the other. */
export function show(node, shown = true) {
  node.hidden = !shown
}

/** A button that copies `text` and says so. */
export function copyButton(text, label = 'Copy') {
  const said = element('span', { role: 'status', class: 'visually-hidden' })
  const button = element('button', { type: 'button', class: 'quiet small' }, label)
  button.addEventListener('click', async () => {
    const copied = await copy(text)
    button.textContent = copied ? 'Copied' : 'Copy by hand'
    said.textContent = copied ? 'Copied.' : 'Copying failed: select the text and copy it by hand.'
    setTimeout(() => {
      button.textContent = label
      said.textContent = ''
    }, 2000)
  })
  return element('span', { class: 'copy' }, button, said)
}

/** Plain http has no clipboard API, so the old way remains. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const carrier = element('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' })
    carrier.value = text
    document.body.append(carrier)
    carrier.select()
    const copied = document.execCommand('copy')
    carrier.remove()
    return copied
  }
}

/** Shows a secret that is never shown again, and moves there. */
export function showSecret(box, title, ...children) {
  const close = element('button', { type: 'button', class: 'quiet small' }, 'I have saved it')
  close.addEventListener('click', () => {
    box.replaceChildren()
    show(box, false)
  })
  box.replaceChildren(
    element('p', {}, element('strong', {}, title)),
    ...children,
    element('p', {}, close),
  )
  show(box)
  box.focus()
}

/** A secret with its copy button. */
export const secretLine = (text) =>
  element('p', { class: 'secret-line' }, element('code', {}, text), copyButton(text))

/** Rows as cards, or the sentence that says there are none. */
export function fillList(box, rows, emptySentence) {
  if (rows.length === 0) {
    box.replaceChildren(element('p', { class: 'soft' }, emptySentence))
    return
  }
  box.replaceChildren(element('ul', { class: 'cards' }, ...rows))
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** An ISO time in the reader's zone and manner. */
export const time = (iso) => element('time', { datetime: iso }, moment.format(Date.parse(iso)))

const whole = new Intl.NumberFormat()

/** A count with separators and its noun. */
export const counted = (count, noun, nouns = `${noun}s`) =>
  `${whole.format(count)} ${count === 1 ? noun : nouns}`
