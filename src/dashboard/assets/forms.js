import { element } from './elements.js'

/**
 * Runs `work(values, form)` when the form is sent, once at a time. Refusals appear next to their
 * field, or below the form. What `work` answers is said below the form.
 */
export function onSubmit(form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (form.ariaBusy === 'true') return
    clearErrors(form)
    form.ariaBusy = 'true'
    const release = markBusy(form.querySelector('[type=submit]'))
    try {
      say(form, (await work(valuesOf(form), form)) ?? '')
    } catch (refusal) {
      showRefusal(form, refusal)
    } finally {
      form.ariaBusy = null
      release()
    }
  })
}

/** Runs `work` when a button outside of a form is pressed, once at a time. */
export function onPress(button, work, onRefusal) {
  button.addEventListener('click', async () => {
    if (button.ariaBusy === 'true') return
    const release = markBusy(button)
    try {
      await work()
    } catch (refusal) {
      onRefusal(refusal)
    } finally {
      release()
    }
  })
}

/** Not `disabled`, which would take the keyboard's focus away. */
function markBusy(button) {
  const label = button.textContent
  button.ariaBusy = 'true'
  button.textContent = button.dataset.busy ?? label
  return () => {
    button.ariaBusy = null
    button.textContent = label
  }
}

/** Texts without those left empty; checkboxes of one name as a list. */
function valuesOf(form) {
  const values = {}
  const data = new FormData(form)
  for (const name of new Set(data.keys())) {
    const isList = form.querySelector(`[name="${name}"][type=checkbox]`) !== null
    const texts = data.getAll(name).filter((text) => text !== '')
    if (isList) values[name] = texts
    else if (texts.length > 0) values[name] = texts[0]
  }
  return values
}

/** The sentence below the form: text, or an element that has it. */
export function say(form, sentence, isError = false) {
  const status = form.querySelector('.status')
  status.classList.toggle('error', isError)
  status.replaceChildren(sentence)
}

/** Puts each complaint next to its field and moves to the first. */
function showRefusal(form, refusal) {
  const issues = refusal.details?.length
    ? refusal.details
    : [{ field: refusal.field, message: refusal.message }]
  const homeless = []
  let first = null
  for (const { field, message } of issues) {
    const control = controlOf(form, field)
    if (!control) homeless.push(message)
    else {
      showError(control, message)
      first ??= control
    }
  }
  if (first) first.focus()
  if (!first || homeless.length > 0) say(form, refusal.message, true)
}

/** `scopes.0` belongs to the first control named `scopes`. Nobody can correct a hidden one. */
function controlOf(form, field) {
  const name = field?.split('.')[0]
  const found = name ? form.querySelector(`[name="${CSS.escape(name)}"]`) : null
  return found?.closest('[hidden]') ? null : found
}

function showError(control, message) {
  const place = control.closest('fieldset, .field')
  const id = `${control.id || control.name}-error`
  let error = place.querySelector('.field-error')
  if (!error) {
    error = element('p', { class: 'field-error', role: 'alert', id })
    place.append(error)
  }
  error.textContent = sentenceOf(message)
  control.setAttribute('aria-invalid', 'true')
  control.dataset.describedBefore ??= control.getAttribute('aria-describedby') ?? ''
  control.setAttribute('aria-describedby', `${control.dataset.describedBefore} ${id}`.trim())
}

/** Details are parts of a sentence ("must not be empty"). */
function sentenceOf(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1)
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

function clearErrors(form) {
  say(form, '')
  for (const error of form.querySelectorAll('.field-error')) error.remove()
  for (const control of form.querySelectorAll('[aria-invalid]')) {
    control.removeAttribute('aria-invalid')
    if (control.dataset.describedBefore) {
      control.setAttribute('aria-describedby', control.dataset.describedBefore)
    } else {
      control.removeAttribute('aria-describedby')
    }
  }
}
