import { byId, copyButton } from './elements.js'

for (const button of document.querySelectorAll('[data-copy]')) {
  button.replaceWith(copyButton(byId(button.dataset.copy).textContent))
}
