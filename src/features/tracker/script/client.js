// Keeps the click that brought a visitor (`ls_id`) in a first-party cookie and sends leads and sales
// with it. Whatever goes wrong is told in a promise's result and never thrown into the page.
;(() => {
  const NAME = 'ls_id'
  const PENDING = 'ls_pending'
  const PENDING_MAX = 20
  const COOKIE_SECONDS = 90 * 24 * 3600
  const RETRY_AFTER_MS = [1000, 4000, 15000]
  const CLICK_ID = /^clk_[\w.~-]{1,200}$/
  const KINDS = { lead: 'leads', sale: 'sales' }
  /** Where the API is when the host of this script serves links only; the server fills it in. */
  const HOME = '__HOME__'

  const page = window
  const before = page.linkstead
  // A second copy of the script leaves everything to the first.
  if (before && typeof before.clickId === 'function') return
  const script =
    document.currentScript ||
    document.querySelector('script[src*="/client.js"][data-publishable-key]')
  const settings = script ? script.dataset : {}
  const isOn = (setting) => setting !== undefined && setting !== 'false'
  const key = settings.publishableKey
  const isSilent =
    isOn(settings.respectDnt) &&
    (navigator.doNotTrack === '1' ||
      page.doNotTrack === '1' ||
      navigator.globalPrivacyControl === true)

  /** What `work` answers; undefined where the page may not (sandboxed frames, storage turned off). */
  const attempt = (work) => {
    try {
      return work()
    } catch {
      return undefined
    }
  }

  const readCookie = () =>
    attempt(() => (document.cookie.match(new RegExp(`(?:^|; )${NAME}=([^;]*)`)) || [])[1])

  function writeCookie(value, seconds) {
    const domain = settings.cookieDomain
    const secure = location.protocol === 'https:' ? '; Secure' : ''
    const set = (text, age, more) => {
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store is not in every browser, and late.
      document.cookie = `${NAME}=${text}; Max-Age=${age}; Path=/; SameSite=Lax${secure}${more}`
    }
    attempt(() => {
      if (domain) {
        // One of this host alone would hide the one of the whole domain.
        set('', 0, '')
        set(value, seconds, `; Domain=${domain}`)
        if (readCookie() === value) return
      }
      set(value, seconds, '')
    })
  }

  /** The click of this visitor: from the address of the page, else from the cookie. */
  function findClick() {
    const kept = readCookie()
    const known = CLICK_ID.test(kept) ? kept : undefined
    const arrived = new URLSearchParams(location.search).get(NAME)
    if (!CLICK_ID.test(arrived)) return known
    if (settings.attribution === 'first-click' && known) return known
    writeCookie(arrived, COOKIE_SECONDS)
    return arrived
  }

  /** Takes `ls_id` out of the address bar; everything else stays letter for letter. */
  function cleanUrl() {
    const { origin, pathname, search, hash } = location
    const parts = search.slice(1).split('&')
    const rest = parts.filter((part) => !part.startsWith(`${NAME}=`))
    if (rest.length === parts.length) return
    const query = rest.length > 0 ? `?${rest.join('&')}` : ''
    history.replaceState(history.state, '', origin + pathname + query + hash)
  }

  let clickId = isSilent ? undefined : attempt(findClick)
  if (isSilent && readCookie() !== undefined) writeCookie('', 0)
  if (isOn(settings.cleanUrl)) attempt(cleanUrl)
  const api = attempt(() => new URL(settings.api || HOME || script.src).origin)

  // What is not answered yet outlives a change of page in this tab; event ids keep it single.
  const waiting = () => {
    const items = attempt(() => JSON.parse(sessionStorage.getItem(PENDING)))
    return Array.isArray(items) ? items.filter((item) => item?.input) : []
  }
  const keep = (items) =>
    attempt(() =>
      items.length > 0
        ? sessionStorage.setItem(PENDING, JSON.stringify(items.slice(-PENDING_MAX)))
        : sessionStorage.removeItem(PENDING),
    )
  const drop = ({ input }) =>
    keep(waiting().filter((other) => other.input.eventId !== input.eventId))

  const newEventId = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join('-')

  /** One try: the result, or how many milliseconds the server asks to wait. */
  async function ask(item, isFirst) {
    const answer = await fetch(`${api}/api/v1/track/${KINDS[item.name]}`, {
      method: 'POST',
      credentials: 'omit',
      // Outlives the page, but only small bodies do; later tries can be of any size.
      keepalive: isFirst,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${item.key}` },
      body: JSON.stringify(item.input),
    })
    if (answer.status === 429 || answer.status > 499) {
      return { waitMs: 1000 * (Number(answer.headers.get('Retry-After')) || 0) }
    }
    const body = await answer.json().catch(() => ({}))
    if (answer.ok) return { accepted: true, duplicate: body.data?.duplicate === true }
    return {
      accepted: false,
      error: body.code || 'refused',
      message: body.message,
      field: body.field,
    }
  }

  /** Sends until there is an answer, a few times at most. */
  async function deliver(item, tries = 0) {
    const result = await ask(item, tries === 0).catch(() => ({ waitMs: 0 }))
    if (result.field === 'clickId' && item.input.clickId && item.own) {
      // Anyone can put an `ls_id` into an address: a false one must not cost the conversion.
      if (item.input.clickId === clickId) {
        clickId = undefined
        writeCookie('', 0)
      }
      item.input.clickId = undefined
      return deliver(item, tries)
    }
    if (result.waitMs === undefined) {
      drop(item)
      return result
    }
    if (tries >= RETRY_AFTER_MS.length) return { accepted: false, error: 'unreachable' }
    const waitMs = Math.max(result.waitMs, RETRY_AFTER_MS[tries])
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    return deliver(item, tries + 1)
  }

  async function send(name, given) {
    if (isSilent) return { accepted: false, error: 'do_not_track' }
    if (!key || !api) return { accepted: false, error: 'not_configured' }
    try {
      const own = !given?.clickId
      const input = { ...given, eventId: given?.eventId || newEventId() }
      if (own) input.clickId = clickId
      const item = { name, key, own, input }
      JSON.stringify(item)
      keep([...waiting(), item])
      return await deliver(item)
    } catch (failure) {
      return { accepted: false, error: 'validation_failed', message: String(failure) }
    }
  }

  /** Entries of the queue: `['lead', {…}, whenDone?]`. */
  function push(...entries) {
    for (const entry of entries) {
      const [name, input, done] = Array.isArray(entry) ? entry : []
      if (!Object.hasOwn(KINDS, name)) continue
      const result = send(name, input)
      if (typeof done === 'function') result.then(done)
    }
  }

  page.linkstead = {
    lead: (input) => send('lead', input),
    sale: (input) => send('sale', input),
    /** For a hidden field, or `client_reference_id`; null without a click. */
    clickId: () => clickId || null,
    q: { push },
  }
  if (!isSilent && api) {
    for (const item of waiting()) if (item.key === key) deliver(item).catch(() => {})
  }
  if (before && Array.isArray(before.q)) push(...before.q)
})()
