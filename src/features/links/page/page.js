// Copying needs a script; without one the button stays hidden.
for (const button of document.querySelectorAll('button[data-copy]')) {
  const source = document.getElementById(button.dataset.copy)
  if (!source) continue
  button.hidden = false
  button.addEventListener('click', async () => {
    const done = await copy(source)
    button.textContent = done ? 'Copied' : 'Selected: copy it now'
  })
}

/** Where the clipboard is closed (http, old browsers), the text is at least selected. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent)
    return true
  } catch {
    getSelection().selectAllChildren(source)
    return false
  }
}
