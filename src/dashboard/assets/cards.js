/**
 * Cards by the `id` of what they show, made again only when that has changed: what is open in one,
 * or has the focus, stays.
 */
export function createCards(make) {
  const kept = new Map()
  return (row) => {
    const json = JSON.stringify(row)
    const known = kept.get(row.id)
    if (known?.json === json) return known.card
    const card = make(row)
    card.dataset.id = row.id
    kept.set(row.id, { json, card })
    return card
  }
}

/** Puts cards into a list in this order; the focus stays in the card that has it. */
export function place(list, cards) {
  const isSame =
    list.children.length === cards.length && cards.every((card, n) => card === list.children[n])
  if (isSame) return
  const focused = list.contains(document.activeElement) ? document.activeElement : null
  list.replaceChildren(...cards)
  if (focused?.isConnected) focused.focus({ preventScroll: true })
}

/** After what had the focus is gone: to the first button of the same card, else to `fallback`. */
export function refocus(box, id, fallback) {
  if (document.activeElement !== document.body) return
  const next = box.querySelector(`[data-id="${CSS.escape(id)}"] button`) ?? fallback
  next.focus()
}
