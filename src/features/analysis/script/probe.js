/*
 * What a page shows, as facts without judgement: run in the page, in a world of its own, and read
 * as JSON. Every list is bounded. Judged by `measures.ts`.
 */
;(() => {
  const RUNS_MAX = 1000
  const TARGETS_MAX = 500
  const SAMPLE_LENGTH = 60
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not shown to anybody.
  const textShown = (element) => element?.innerText ?? ''
  const brief = (text) => text.replace(/\s+/g, ' ').trim().slice(0, SAMPLE_LENGTH)

  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const colors = new Map()
  /** Any CSS colour as sRGB bytes and alpha from 0 to 1. */
  const colorOf = (text) => {
    const known = colors.get(text)
    if (known) return known
    pen.clearRect(0, 0, 1, 1)
    pen.fillStyle = text
    pen.fillRect(0, 0, 1, 1)
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data
    const color = [red, green, blue, alpha / 255]
    colors.set(text, color)
    return color
  }

  const isShown = (element, box) =>
    box.width > 1 &&
    box.height > 1 &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true })

  /** Colours behind an element, the nearest first, down to an opaque one; null behind pictures. */
  const backgroundsOf = (element) => {
    const layers = []
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at)
      const isMixed = style.opacity !== '1' || style.mixBlendMode !== 'normal'
      if (style.backgroundImage !== 'none' || style.backgroundClip === 'text' || isMixed)
        return null
      const color = colorOf(style.backgroundColor)
      if (color[3] > 0) layers.push(color)
      if (color[3] === 1) return layers
      // What lies under a positioned element need not be its ancestor.
      if (style.position === 'fixed' || style.position === 'absolute') return null
    }
    layers.push([255, 255, 255, 1])
    return layers
  }

  const runs = []
  const unread = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|OPTION|TITLE)$/
  const walker = document.createTreeWalker(document.body ?? document.documentElement, 4)
  for (let node = walker.nextNode(); node && runs.length < RUNS_MAX; node = walker.nextNode()) {
    const element = node.parentElement
    const text = node.data.trim()
    if (text === '' || !element || unread.test(element.tagName)) continue
    if (!isShown(element, element.getBoundingClientRect())) continue
    const style = getComputedStyle(element)
    runs.push({
      chars: [...text].length,
      size: Number.parseFloat(style.fontSize),
      weight: Number(style.fontWeight) || 400,
      color: colorOf(style.color),
      backgrounds: backgroundsOf(element),
      sample: brief(text),
    })
  }

  /** WCAG 2.2, 2.5.8: a target in a sentence is as high as its line. */
  const isInline = (element) =>
    getComputedStyle(element).display === 'inline' &&
    brief(element.parentElement?.textContent ?? '') !== brief(element.textContent ?? '')

  const labelOf = (element) =>
    brief(textShown(element) || element.value || element.getAttribute('aria-label') || '')

  const targets = []
  const actions = []
  const wanted =
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link]'
  for (const element of document.querySelectorAll(wanted)) {
    if (targets.length >= TARGETS_MAX) break
    const box = element.getBoundingClientRect()
    if (!isShown(element, box)) continue
    const { width, height } = box
    targets.push({ width, height, inline: isInline(element), label: labelOf(element) })
    if (!element.matches('a[href], button, input[type=submit], input[type=button], [role=button]'))
      continue
    const style = getComputedStyle(element)
    const isFilled = colorOf(style.backgroundColor)[3] > 0 || style.backgroundImage !== 'none'
    const isFramed = Number.parseFloat(style.borderTopWidth) > 0
    const isPadded = Number.parseFloat(style.paddingLeft) >= 8
    const isInView = box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth + 1
    const label = labelOf(element)
    if (isPadded && (isFilled || isFramed) && isInView && label !== '' && height >= 24)
      actions.push({ label, top: box.top })
  }

  const images = [...document.images].filter((image) => image.currentSrc || image.src)
  const broken = images.filter((image) => image.complete && image.naturalWidth === 0)
  const pending = images.filter((image) => !image.complete)

  const consentBox = [...document.querySelectorAll('div, section, aside, dialog, form')].find(
    (element) => {
      const style = getComputedStyle(element)
      if (style.position !== 'fixed' && style.position !== 'sticky') return false
      const text = textShown(element).slice(0, 3000)
      return (
        /cookie|consent|gdpr|datenschutz|rgpd/i.test(text) && element.querySelector('button, a')
      )
    },
  )
  const isConsentTool = document.querySelector(
    '#onetrust-banner-sdk, #CybotCookiebotDialog, #usercentrics-root, #didomi-host, .fc-consent-root, .qc-cmp2-container, .osano-cm-window, #cookie-law-info-bar, #iubenda-cs-banner',
  )

  const attribute = (selector, name) => {
    const value = document.querySelector(selector)?.getAttribute(name)?.trim()
    return value ? value.slice(0, 2000) : null
  }
  const root = document.documentElement
  return {
    title: document.title.slice(0, 300),
    baseUrl: document.baseURI.slice(0, 2000),
    html: root.outerHTML.slice(0, 50000),
    textLength: textShown(document.body).length,
    screenWidth: screen.width,
    innerWidth,
    scrollWidth: Math.max(root.scrollWidth, document.body?.scrollWidth ?? 0),
    runs,
    targets,
    actions: actions.slice(0, 50),
    images: {
      ...{ total: images.length, broken: broken.length, pending: pending.length },
      brokenUrls: broken.slice(0, 10).map((image) => (image.currentSrc || image.src).slice(0, 500)),
    },
    headings: [...document.querySelectorAll('h1')]
      .filter((element) => isShown(element, element.getBoundingClientRect()))
      .slice(0, 20)
      .map((element) => brief(textShown(element))),
    icon: attribute('link[rel~=icon][href]', 'href'),
    ogImage: attribute('meta[property="og:image"], meta[name="og:image"]', 'content'),
    consent: Boolean(consentBox ?? isConsentTool),
  }
})()
